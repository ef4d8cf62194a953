import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import type { AddressRecord } from '../../../src/ledger/device.ts'
import { DeviceTable } from '../../../src/ledger/device-table.ts'
import { NOON } from './report.ts'

const MAC = '02:00:00:00:00:10'
const OTHER = '02:00:00:00:00:99'

describe('the device table', () => {
  test('an address is a device of its own until a MAC is known for it', () => {
    const table = new DeviceTable()
    expect(table.of('192.168.1.10')).toBe('ip:192.168.1.10')
    table.see('192.168.1.10', NOON, true)
    expect(table.bind('192.168.1.10', MAC, NOON + HOUR, 'neighbours')).toEqual({
      kind: 'joined',
      from: 'ip:192.168.1.10',
      to: `mac:${MAC}`,
    })
    expect(table.of('192.168.1.10')).toBe(`mac:${MAC}`)
    expect(table.of('192.168.1.10', NOON - DAY)).toBe(`mac:${MAC}`)
    expect(table.firstSeen(`mac:${MAC}`)).toBe(NOON)
    expect(table.bind('192.168.1.10', MAC, NOON + 2 * HOUR, 'report')).toEqual({ kind: 'none' })
  })

  test('remembers who had an address when, also when the news comes out of order', () => {
    const table = new DeviceTable()
    table.bind('192.168.1.10', MAC, NOON, 'neighbours')
    const moved = table.bind('192.168.1.10', OTHER, NOON + 2 * HOUR, 'neighbours')
    expect(moved).toEqual({ kind: 'moved', from: `mac:${MAC}`, to: `mac:${OTHER}`, since: NOON })
    expect(table.of('192.168.1.10', NOON + HOUR)).toBe(`mac:${MAC}`)
    expect(table.of('192.168.1.10', NOON + 3 * HOUR)).toBe(`mac:${OTHER}`)
    expect(table.addressesOf(`mac:${MAC}`)).toEqual([])
    expect(table.addressesOf(`mac:${OTHER}`)).toEqual(['192.168.1.10'])
    table.bind('192.168.1.10', '02:00:00:00:00:01', NOON - HOUR, 'report')
    expect(table.of('192.168.1.10', NOON - MINUTE)).toBe('mac:02:00:00:00:00:01')
    expect(table.of('192.168.1.10')).toBe(`mac:${OTHER}`)
    expect(table.addressesOf('mac:02:00:00:00:00:01')).toEqual([])
  })

  test('two devices that fight for an address do not make it grow', () => {
    const table = new DeviceTable()
    for (let i = 0; i < 1000; i++) table.bind('192.168.1.10', i % 2 === 0 ? MAC : OTHER, NOON + i * SECOND, 'report')
    expect(table.of('192.168.1.10')).toBe(`mac:${OTHER}`)
    expect(table.of('192.168.1.10', NOON)).toMatch(/^mac:/)
    expect(table.size).toMatchObject({ addresses: 1, macs: 2 })
  })

  test('two IPv4 addresses at one MAC are a change of lease, three in ten minutes are several devices', () => {
    const table = new DeviceTable()
    table.bind('192.168.1.1', MAC, NOON, 'neighbours')
    table.bind('192.168.1.2', MAC, NOON + MINUTE, 'neighbours')
    expect(table.of('192.168.1.1')).toBe(`mac:${MAC}`)
    table.bind('192.168.1.3', MAC, NOON + 11 * MINUTE, 'neighbours')
    expect(table.of('192.168.1.3')).toBe(`mac:${MAC}`)
    table.see('192.168.1.1', NOON + 12 * MINUTE)
    table.see('192.168.1.2', NOON + 13 * MINUTE)
    expect(table.of('192.168.1.3')).toBe('ip:192.168.1.3')
    expect(table.formerly('192.168.1.3')).toBe(`mac:${MAC}`)
    expect([...table.views()].filter(({ shared }) => shared)).toHaveLength(1)
  })

  test('many IPv6 addresses, and addresses that only a file tells of, do not make a MAC shared', () => {
    const table = new DeviceTable()
    for (let i = 1; i < 10; i++) table.bind(`fd00::${i}`, MAC, NOON + i, 'neighbours')
    for (let i = 1; i < 10; i++) table.bind(`192.168.1.${i}`, MAC, NOON + i, 'lease')
    expect(table.of('192.168.1.9')).toBe(`mac:${MAC}`)
  })

  test('a configured name wins over that of a lease, which may be hostile and is cut', () => {
    const table = new DeviceTable()
    table.bind('192.168.1.10', MAC, NOON, 'lease')
    table.name({ mac: MAC, address: '192.168.1.10' }, 'x'.repeat(300), NOON)
    expect(table.nameOf(`mac:${MAC}`)).toBe('x'.repeat(63))
    table.configure(new Map([[MAC, 'television']]))
    expect(table.nameOf(`mac:${MAC}`)).toBe('television')
    table.name({ address: '192.168.1.11' }, 'guest', NOON)
    expect(table.nameOf('ip:192.168.1.11')).toBe('guest')
  })

  test('knows which addresses are ours for certain, and who asks', () => {
    const table = new DeviceTable()
    table.see('192.168.1.10', NOON)
    expect([table.knows('192.168.1.10'), table.asks('192.168.1.10')]).toEqual([false, false])
    table.bind('192.168.1.10', MAC, NOON, 'neighbours')
    table.bind('fd00::10', MAC, NOON, 'neighbours')
    table.see('fd00::10', NOON, true)
    expect([table.knows('192.168.1.10'), table.asks('192.168.1.10')]).toEqual([true, true])
  })

  test('is bounded: the least recently seen address and MAC go, and take their ties with them', () => {
    const table = new DeviceTable({ addresses: 100, devices: 50 })
    const mac = (i: number): string =>
      `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`
    for (let i = 0; i < 1000; i++) table.bind(`10.0.${i >> 8}.${i & 255}`, mac(i), NOON + i * MINUTE, 'neighbours')
    expect(table.size).toMatchObject({ addresses: 100, macs: 50 })
    expect(table.of('10.0.3.231')).toBe(`mac:${mac(999)}`)
    // Its MAC is forgotten, so the address is a device of its own again.
    expect(table.of('10.0.3.150')).toBe('ip:10.0.3.150')
    expect([...table.views()].reduce((sum, { addresses }) => sum + addresses.length, 0)).toBe(100)
  })

  test('holds 65,536 addresses by default and no more', () => {
    const table = new DeviceTable()
    for (let i = 0; i < 65_536 + 10; i++) table.see(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, NOON + i)
    expect(table.size.addresses).toBe(65_536)
  })

  test('what is stored and taken back is the same table', () => {
    const told: AddressRecord[] = []
    const before = new DeviceTable({ record: (record) => told.push(record) })
    before.see('192.168.1.10', NOON, true)
    before.bind('192.168.1.10', MAC, NOON + HOUR, 'neighbours')
    before.name({ mac: MAC, address: '192.168.1.10' }, 'phone', NOON + HOUR)
    for (let i = 1; i <= 3; i++) before.bind(`192.168.2.${i}`, OTHER, NOON + HOUR, 'neighbours')
    before.see('192.168.1.77', NOON + HOUR)
    for (const records of [[...before.records()], told]) {
      const after = new DeviceTable()
      for (const record of records) after.restore(record)
      expect(after.of('192.168.1.10')).toBe(`mac:${MAC}`)
      expect(after.firstSeen(`mac:${MAC}`)).toBe(NOON)
      expect(after.nameOf(`mac:${MAC}`)).toBe('phone')
      expect(after.asks('192.168.1.10')).toBe(true)
      expect(after.of('192.168.2.2')).toBe('ip:192.168.2.2')
    }
  })
})
