import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import { Ledger, type LedgerOptions } from '../../../src/ledger/ledger.ts'
import type { StateRecord } from '../../../src/ledger/state.ts'
import { NOON, report } from './report.ts'

const ledgerWith = (options: Partial<LedgerOptions> = {}): Ledger =>
  new Ledger({ born: NOON - 2 * DAY, learning: 0, deviceLearning: 0, ...options })

const answer = (said: { name?: string; address?: string; client?: string; time?: number } = {}) => ({
  time: said.time ?? NOON,
  client: said.client ?? '192.168.1.10',
  name: said.name ?? 'www.example.org',
  handOuts: [{ address: said.address ?? '203.0.113.7', ttl: 60 }],
})

describe('the ledger', () => {
  test('judges after the hold-back, in order, and counts by verdict', () => {
    const ledger = ledgerWith()
    ledger.take(answer())
    expect(ledger.submit(report(), NOON + 10)).toBe(true)
    ledger.submit(report({ dst: '198.51.100.9', time: NOON + 1 }), NOON + 20)
    expect(ledger.judgeDue(NOON + 5 * SECOND)).toEqual([])
    const judged = ledger.judgeDue(NOON + 5 * SECOND + 20)
    expect(judged.map(({ verdict }) => verdict.kind)).toEqual(['asked', 'direct-ip'])
    expect(judged[1]?.finding).toMatchObject({ count: 1, dst: '198.51.100.9' })
    expect(ledger.stats()).toMatchObject({
      verdicts: { asked: 1, 'direct-ip': 1, borrowed: 0 },
      docket: { waiting: 0, refused: 0 },
      evidence: { handOuts: 1, devices: 1, dropped: 0 },
      findings: 1,
      lostUntil: 0,
    })
  })

  test('judges at once where it is told to', () => {
    const ledger = ledgerWith()
    ledger.take(answer())
    expect(ledger.judgeNow(report()).verdict).toEqual({ kind: 'asked', names: [{ name: 'www.example.org', age: 0 }] })
  })

  test('takes at most 512 addresses of one answer', () => {
    const ledger = ledgerWith()
    const handOuts = Array.from({ length: 4000 }, (_, i) => ({ address: `5.0.${i >> 8}.${i & 255}`, ttl: 60 }))
    ledger.take({ ...answer(), handOuts })
    expect(ledger.stats().evidence.handOuts).toBe(512)
  })

  test('explains an address: what the device was given, what others were', () => {
    const ledger = ledgerWith()
    ledger.take(answer())
    ledger.take(answer({ client: '192.168.1.11', name: 'other.example.org' }))
    const known = ledger.explain('192.168.1.10', '203.0.113.7', NOON + MINUTE)
    expect(known.device).toBe('ip:192.168.1.10')
    expect(known.explained).toEqual({ kind: 'asked', names: [{ name: 'www.example.org', age: MINUTE }] })
    expect(known.own.map(({ name }) => name)).toEqual(['www.example.org'])
    expect(known.others.map(({ device, name }) => [device, name])).toEqual([['ip:192.168.1.11', 'other.example.org']])
    expect(ledger.explain('ip:192.168.1.12', '203.0.113.7', NOON + MINUTE).explained.kind).toBe('nothing')
    expect(ledger.handedOut('ip:192.168.1.10', 'www.example.org').map(({ address }) => address)).toEqual([
      '203.0.113.7',
    ])
    expect(ledger.handedOut('192.168.1.10', 'other.example.org')).toEqual([])
  })

  test('forgets expired evidence as answers come in', () => {
    const ledger = ledgerWith()
    ledger.take(answer())
    ledger.take(answer({ time: NOON + 2 * DAY, address: '203.0.113.8' }))
    expect(ledger.stats().evidence.handOuts).toBe(1)
  })

  test('a new configuration counts at once, and nothing known is lost', () => {
    const ledger = ledgerWith()
    ledger.take(answer())
    const direct = report({ dst: '198.51.100.9', time: NOON + 1 })
    expect(ledger.judgeNow(direct).verdict.kind).toBe('direct-ip')
    ledger.configure({ exempt: [{ port: 443, protocol: 'tcp', because: 'all web' }] })
    expect(ledger.judgeNow(direct).verdict.kind).toBe('exempt')
    ledger.configure({ exempt: [], learning: 4 * DAY })
    expect(ledger.judgeNow(direct).verdict).toEqual({ kind: 'unproven', reason: 'learning' })
    expect(ledger.judgeNow(report({ time: NOON + 1 })).verdict.kind).toBe('asked')
    ledger.configure({ window: MINUTE, holdBack: 0 })
    ledger.submit(report(), NOON)
    expect(ledger.judgeDue(NOON)).toHaveLength(1)
  })

  test('a report that contradicts everything is still judged, once and without a throw', () => {
    const ledger = ledgerWith()
    const strange = [
      report({ src: 'nonsense', dst: 'nonsense' }),
      report({ src: '0.0.0.0', dst: '203.0.113.7' }),
      report({ time: Number.NaN }),
      report({ time: 1e300 }),
      report({ dst: '::', proto: '', dport: undefined }),
      report({ src: '203.0.113.7', dst: '203.0.113.7', mac: 'aa:bb:cc:dd:ee:ff' }),
    ]
    for (const each of strange) expect(ledger.judgeNow(each).reason).not.toBe('')
    const { verdicts } = ledger.stats()
    expect(Object.values(verdicts).reduce((sum, count) => sum + count)).toBe(strange.length)
  })

  test('a router has neighbours outside too, which do not become devices', () => {
    const ledger = ledgerWith()
    ledger.neighbour('198.51.100.1', '02:00:00:00:00:01', NOON, true)
    ledger.neighbour('192.168.1.10', '02:00:00:00:00:10', NOON, true)
    ledger.neighbour('2001:db8:1::10', '02:00:00:00:00:10', NOON, true)
    ledger.neighbour('2001:db8:9::1', '02:00:00:00:00:01', NOON, true)
    expect(ledger.devices().map(({ addresses }) => addresses)).toEqual([['192.168.1.10', '2001:db8:1::10']])
  })
})

describe('what the ledger stores', () => {
  test('told piece by piece or read whole, it makes the same ledger again', () => {
    const told: StateRecord[] = []
    const before = ledgerWith({ born: NOON - 3 * DAY })
    before.storeWith((record) => told.push(record))
    before.take(answer({ address: '2001:db8::7' }))
    before.bind('192.168.1.10', '02:00:00:00:00:10', NOON + SECOND, 'neighbours')
    before.bind('fd00::10', '02:00:00:00:00:10', NOON + SECOND, 'neighbours')
    before.judgeNow(report({ dst: '198.51.100.9', time: NOON + MINUTE }))
    before.lost(NOON + HOUR)
    const whole = [...before.records()]
    expect(whole[0]).toEqual({ kind: 'birth', at: NOON - 3 * DAY })
    for (const records of [whole, told]) {
      const after = ledgerWith({ born: NOON })
      for (const record of JSON.parse(JSON.stringify(records)) as StateRecord[]) after.restore(record)
      const overIpv6 = report({ src: 'fd00::10', dst: '2001:db8::7', time: NOON + MINUTE })
      expect(after.judgeNow(overIpv6).verdict.kind).toBe('asked')
      expect(after.findings()).toMatchObject([{ dst: '198.51.100.9', count: 1, device: 'mac:02:00:00:00:00:10' }])
      expect(after.stats().lostUntil).toBe(NOON + 2 * HOUR)
    }
  })

  test('says nothing of a use or a renewal that is minutes old', () => {
    const told: StateRecord[] = []
    const ledger = ledgerWith()
    ledger.take(answer())
    ledger.storeWith((record) => told.push(record))
    for (let i = 0; i < 60; i++) {
      ledger.take(answer({ time: NOON + i * SECOND }))
      ledger.judgeNow(report({ time: NOON + i * SECOND }))
    }
    expect(told.length).toBeLessThanOrEqual(1)
  })
})
