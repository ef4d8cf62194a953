import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import type { Problem } from '../../../src/base/failure.ts'
import { readDnsmasq } from '../../../src/devices/leases/dnsmasq.ts'
import { parseArp, parseNeighbours, readNeighbours } from '../../../src/devices/neighbours.ts'
import { openDeviceSources } from '../../../src/devices/sources.ts'
import { Ledger } from '../../../src/ledger/ledger.ts'

const DATA = new URL('../../../../shared/data/leases/', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'askfirst-devices-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the lease file of dnsmasq', () => {
  const text = [
    '1560300536 08:00:27:61:3C:EE 192.168.0.51 phone 01:08:00:27:61:3c:ee',
    '0 06-02:00:00:00:00:01 192.168.0.52 * *',
    'duid 00:01:00:01:24:90:cf:5b:08:00:27:61:2e:2c',
    '1560300414 660684014 1234::1 laptop 00:01:00:01:24:90:cf:a3:08:00:27:61:3c:ee',
    '1560300414 T660684014 1234::2 * 00:03:00:01:02:00:00:00:00:02',
    '1560300414 660684015 1234::3 * 00:02:00:00:ab:11:02:00:00:00:00:03',
    'garbage',
    'x 02:00:00:00:00:01 192.168.0.53 * *',
  ].join('\n')

  test('tells MAC, name and end of each lease; an IPv6 lease tells the MAC inside its DUID', () => {
    expect(readDnsmasq(text)).toEqual([
      { address: '192.168.0.51', mac: '08:00:27:61:3c:ee', fromDuid: false, name: 'phone', expires: 1560300536000 },
      {
        address: '192.168.0.52',
        mac: '02:00:00:00:00:01',
        fromDuid: false,
        name: undefined,
        expires: Number.POSITIVE_INFINITY,
      },
      { address: '1234::1', mac: '08:00:27:61:3c:ee', fromDuid: true, name: 'laptop', expires: 1560300414000 },
      { address: '1234::2', mac: '02:00:00:00:00:02', fromDuid: true, name: undefined, expires: 1560300414000 },
      { address: '1234::3', mac: undefined, fromDuid: true, name: undefined, expires: 1560300414000 },
    ])
  })

  test.skipIf(!existsSync(DATA)).each([
    ['netdata-dnsmasq.leases', 18],
    ['shaardie-dnsmasq.leases', 3],
  ])('every lease of %s is read', (name, count) => {
    const leases = readDnsmasq(readFileSync(`${DATA}${name}`, 'utf8'))
    expect(leases).toHaveLength(count)
    expect(leases.every(({ mac }) => mac !== undefined)).toBe(true)
  })
})

describe('the neighbour table', () => {
  test('tells which MAC has which address, and whether the kernel has just seen it', () => {
    const json = JSON.stringify([
      { dst: '192.168.1.10', dev: 'lan0', lladdr: '02:00:00:00:00:10', state: ['REACHABLE'] },
      { dst: 'fe80::10%lan0', dev: 'lan0', lladdr: '02:00:00:00:00:10', state: ['STALE'] },
      { dst: '192.168.1.11', dev: 'lan0', state: ['FAILED'] },
      { dst: '192.168.1.12', dev: 'lan0', lladdr: '02:00:00:00:00:12', state: ['FAILED'] },
      { dst: '224.0.0.251', dev: 'lan0', lladdr: '01:00:5e:00:00:fb', state: ['NOARP'] },
      null,
    ])
    expect(parseNeighbours(json)).toEqual([
      { address: '192.168.1.10', mac: '02:00:00:00:00:10', fresh: true },
      { address: 'fe80::10', mac: '02:00:00:00:00:10', fresh: false },
    ])
    expect(parseNeighbours('')).toEqual([])
    expect(parseNeighbours('{')).toEqual([])
    expect(parseNeighbours('{}')).toEqual([])
  })

  test('can be read from /proc/net/arp too', () => {
    const text = [
      'IP address       HW type     Flags       HW address            Mask     Device',
      '192.168.1.10     0x1         0x2         02:00:00:00:00:10     *        lan0',
      '192.168.1.11     0x1         0x0         00:00:00:00:00:00     *        lan0',
    ].join('\n')
    expect(parseArp(text)).toEqual([{ address: '192.168.1.10', mac: '02:00:00:00:00:10', fresh: false }])
  })

  test('of this machine can be read, and reading it can be given up', async () => {
    for (const { address, mac } of await readNeighbours())
      expect(`${address} ${mac}`).toMatch(/^[0-9a-f.:]+ [0-9a-f:]{17}$/)
    expect(Array.isArray(await readNeighbours(AbortSignal.abort()))).toBe(true)
  })
})

describe('the sources of devices', () => {
  const clock = { now: () => 1_560_000_000_000, ticks: () => performance.now() }
  const newLedger = () => new Ledger({ born: 0 })

  test('a lease tells whose an address is, and an edit or replacement of the file is seen', async () => {
    const path = join(folder, 'dnsmasq.leases')
    writeFileSync(path, '1560300536 02:00:00:00:00:10 192.168.0.51 phone *\n1 02:00:00:00:00:11 192.168.0.52 gone *\n')
    const ledger = newLedger()
    const sources = openDeviceSources({ leases: [path], neighbours: false }, ledger, clock, () => {})
    const expectName = (address: string, name: string) =>
      vi.waitFor(() => expect(ledger.nameOf(ledger.deviceOf(address))).toBe(name), { timeout: 5000, interval: 20 })
    await expectName('192.168.0.51', 'phone')
    expect(ledger.deviceOf('192.168.0.51')).toBe('mac:02:00:00:00:00:10')
    expect(ledger.deviceOf('192.168.0.52')).toBe('ip:192.168.0.52')
    writeFileSync(`${path}.new`, '1560300536 02:00:00:00:00:10 192.168.0.51 mobile *\n')
    renameSync(`${path}.new`, path)
    await expectName('192.168.0.51', 'mobile')
    sources.close()
  })

  test('a lease file that is not there is told once, and read when it appears', async () => {
    const path = join(folder, 'late.leases')
    const problems: Problem[] = []
    const ledger = newLedger()
    const sources = openDeviceSources({ leases: [path], neighbours: false }, ledger, clock, (problem) =>
      problems.push(problem),
    )
    await vi.waitFor(() => expect(problems).toMatchObject([{ place: { file: path } }]), { timeout: 5000, interval: 20 })
    writeFileSync(path, '0 02:00:00:00:00:10 192.168.0.51 phone *\n')
    await vi.waitFor(() => expect(ledger.deviceOf('192.168.0.51')).toBe('mac:02:00:00:00:00:10'), {
      timeout: 5000,
      interval: 20,
    })
    expect(problems).toHaveLength(1)
    sources.close()
  })

  test('a look at the neighbour table ends, whatever stands in it', async () => {
    const sources = openDeviceSources({ leases: [], neighbours: true }, newLedger(), clock, () => {})
    await sources.look()
    sources.close()
    const none = openDeviceSources({ leases: [], neighbours: false }, newLedger(), clock, () => {})
    await none.look()
    none.close()
  })
})
