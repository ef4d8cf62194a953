import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import { Ledger, type LedgerOptions } from '../../../src/ledger/ledger.ts'
import type { StateRecord } from '../../../src/ledger/state.ts'
import { TwoRanks } from '../../../src/ledger/two-ranks.ts'
import { NOON, report } from './report.ts'

const DEVICE = '192.168.1.10'
const MAC = '02:00:00:00:00:10'
const PLACE = '203.0.113.7'

const ledgerWith = (options: Partial<LedgerOptions> = {}): Ledger =>
  new Ledger({
    born: NOON - 2 * DAY,
    learning: 0,
    deviceLearning: 0,
    limits: { strangers: 100, ofStrangers: 400 },
    ...options,
  })

/** A device asks and is given an address. */
const asks = (ledger: Ledger, client: string, time: number, transport: 'udp' | 'tcp' | 'tls' = 'udp', dst = PLACE) =>
  ledger.take({ time, client, transport, name: 'www.example.org', handOuts: [{ address: dst, ttl: 60 }] })

/** As many different addresses ask over UDP. */
const flood = (ledger: Ledger, count: number, time: number, base = 0): void => {
  for (let i = base; i < base + count; i++) {
    asks(ledger, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, time, 'udp', '203.0.113.200')
  }
}

const verdict = (ledger: Ledger, time: number, src = DEVICE, dst = PLACE): string =>
  ledger.judgeNow(report({ src, dst, time })).verdict.kind

describe('a flood of forged senders', () => {
  test('leaves a bounded number of addresses and hand-outs, and counts what had to go', () => {
    const ledger = ledgerWith()
    flood(ledger, 5000, NOON)
    expect(ledger.stats().devices).toEqual({ addresses: 100, strangers: 100, forgotten: 4900, macs: 0 })
    expect(ledger.stats().evidence).toEqual({ handOuts: 100, devices: 100, dropped: 4900 })
  })

  test('with many hand-outs each is bounded by these', () => {
    const ledger = ledgerWith()
    for (let i = 0; i < 5000; i++) asks(ledger, `10.0.0.${i % 50}`, NOON, 'udp', `203.0.${113 + (i >> 8)}.${i & 255}`)
    const { devices, evidence } = ledger.stats()
    expect(evidence.handOuts).toBeLessThanOrEqual(400)
    expect(evidence.handOuts + evidence.dropped).toBe(5000)
    expect(devices.forgotten).toBeGreaterThan(0)
  })

  test.each<[string, (ledger: Ledger) => void]>([
    ['has a MAC', (ledger) => ledger.bind(DEVICE, MAC, NOON + SECOND, 'neighbours')],
    ['stands in a lease', (ledger) => ledger.nameDevice({ address: DEVICE }, 'phone', NOON + SECOND)],
    ['was seen by the firewall', (ledger) => ledger.meet(report({ src: DEVICE, time: NOON + SECOND }))],
    ['asked over TCP', (ledger) => asks(ledger, DEVICE, NOON + SECOND, 'tcp', '203.0.113.8')],
    ['asked over TLS', (ledger) => asks(ledger, DEVICE, NOON + SECOND, 'tls', '203.0.113.8')],
    ['has been about for ten minutes', (ledger) => asks(ledger, DEVICE, NOON + 10 * MINUTE, 'udp', '203.0.113.8')],
  ])('does not touch the evidence of a device that %s', (_what, vouch) => {
    const ledger = ledgerWith()
    asks(ledger, DEVICE, NOON)
    vouch(ledger)
    flood(ledger, 5000, NOON + 11 * MINUTE)
    expect(verdict(ledger, NOON + 12 * MINUTE)).toBe('asked')
    expect(verdict(ledger, NOON + 12 * MINUTE, DEVICE, '198.51.100.1')).toBe('direct-ip')
  })

  test('whoever nothing else spoke for is forgotten with it, and then called unproven, never direct', () => {
    const ledger = ledgerWith()
    asks(ledger, DEVICE, NOON)
    flood(ledger, 5000, NOON + SECOND)
    expect(verdict(ledger, NOON + 2 * SECOND)).toBe('unproven')
    // Its MAC becomes known only now: that it misses evidence goes with the address.
    asks(ledger, '192.168.1.11', NOON)
    flood(ledger, 5000, NOON + SECOND, 5000)
    ledger.bind('192.168.1.12', MAC, NOON - DAY, 'neighbours')
    ledger.bind('192.168.1.11', MAC, NOON + 2 * SECOND, 'neighbours')
    expect(verdict(ledger, NOON + 3 * SECOND, '192.168.1.12', '198.51.100.1')).toBe('unproven')
    // When all that was forgotten would have run out, doubt ends.
    expect(verdict(ledger, NOON + DAY + 2 * HOUR)).toBe('direct-ip')
  })

  test('does not make a device doubtful that was known before', () => {
    const ledger = ledgerWith()
    ledger.bind(DEVICE, MAC, NOON - HOUR, 'neighbours')
    flood(ledger, 5000, NOON)
    expect(verdict(ledger, NOON + SECOND)).toBe('direct-ip')
  })

  test('answers in a log that is read are believed: there nobody is a stranger', () => {
    const ledger = ledgerWith()
    for (let i = 0; i < 1000; i++) {
      ledger.take({ time: NOON, client: `10.0.${i >> 8}.${i & 255}`, name: 'www.example.org', handOuts: [] })
    }
    expect(ledger.stats().devices).toEqual({ addresses: 1000, strangers: 0, forgotten: 0, macs: 0 })
  })

  test('is not stored, but for who turns out to be one of ours', () => {
    const told: StateRecord[] = []
    const ledger = ledgerWith()
    flood(ledger, 101, NOON)
    ledger.storeWith((record) => told.push(record))
    flood(ledger, 5000, NOON)
    asks(ledger, DEVICE, NOON)
    expect(told).toEqual([])
    asks(ledger, DEVICE, NOON + SECOND, 'tcp', '203.0.113.8')
    expect(told.map((record) => record.kind)).toEqual(['address', 'hand-out', 'hand-out'])
    const after = ledgerWith()
    for (const record of told) after.restore(record)
    expect(verdict(after, NOON + MINUTE)).toBe('asked')
  })

  test('what is read back is bounded too, and nobody settled is a stranger again', () => {
    const before = ledgerWith()
    asks(before, DEVICE, NOON)
    asks(before, DEVICE, NOON + 10 * MINUTE)
    ledgerFlooded(before)
    const after = ledgerWith()
    for (const record of JSON.parse(JSON.stringify([...before.records()])) as StateRecord[]) after.restore(record)
    expect(after.stats().devices).toEqual({ addresses: 101, strangers: 100, forgotten: 0, macs: 0 })
    ledgerFlooded(after)
    expect(verdict(after, NOON + 12 * MINUTE)).toBe('asked')
  })
})

const ledgerFlooded = (ledger: Ledger): void => flood(ledger, 5000, NOON + 11 * MINUTE)

describe('a map in two ranks', () => {
  const ranks = (settled: number, strangers: number) => {
    const gone: string[] = []
    const map = new TwoRanks<string, string>({
      settled,
      strangers,
      displaced: (value) => gone.push(`displaced ${value}`),
      forgotten: (value) => gone.push(`forgotten ${value}`),
    })
    return { map, gone }
  }

  test('strangers make room for strangers, settled ones for settled ones', () => {
    const { map, gone } = ranks(2, 2)
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      map.add(key, key)
      if (key < 'd') map.settle(key)
    }
    expect(gone).toEqual(['displaced a'])
    map.get('d')
    map.add('f', 'f')
    expect(gone).toEqual(['displaced a', 'forgotten e'])
    expect(map.values()).toEqual(['b', 'c', 'd', 'f'])
    expect(map.size).toEqual({ settled: 2, strangers: 2 })
  })

  test('settling is not forgetting; forgetting on purpose is', () => {
    const { map, gone } = ranks(10, 10)
    map.add('a', 'a')
    expect([map.isStranger('a'), map.settle('a'), map.settle('a'), map.isStranger('a')]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(gone).toEqual([])
    map.forget('a')
    expect(map.has('a')).toBe(true)
    map.add('b', 'b')
    map.forget('b')
    expect([gone, map.peek('b')]).toEqual([['forgotten b'], undefined])
  })
})
