import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import { LEDGER } from '../../../src/ledger/bounds.ts'
import { Evidence, type HandOutRecord } from '../../../src/ledger/evidence.ts'
import { NOON } from './report.ts'

const PHONE = 'ip:192.168.1.10'
const TABLET = 'ip:192.168.1.11'

const kindAt = (evidence: Evidence, device: string, address: string, at: number): string =>
  evidence.explain(device, address, at, at).kind

/** How many histories are tried. */
const RUNS = Number(process.env['ASKFIRST_RUNS'] ?? 200)

describe('the evidence', () => {
  test('says the same as looking through every answer, in whatever order they came', () => {
    const answers = fc.array(
      fc.record({
        device: fc.constantFrom(PHONE, TABLET),
        name: fc.constantFrom('a.example', 'b.example', 'c.example'),
        address: fc.constantFrom('203.0.113.1', '203.0.113.2'),
        ttl: fc.constantFrom(0, 60, 2 * 86_400),
        hours: fc.integer({ min: 0, max: 200 }),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(answers, fc.integer({ min: 0, max: 260 }), (given, hours) => {
        const evidence = new Evidence({ names: 64, times: 64 })
        for (const { device, name, address, ttl, hours: at } of given) {
          evidence.handOut(device, name, address, ttl, NOON + at * HOUR)
        }
        const time = NOON + hours * HOUR + MINUTE
        const mine = given.filter(
          ({ device, address, hours: at }) => device === PHONE && address === '203.0.113.1' && NOON + at * HOUR <= time,
        )
        const covering = mine.filter(({ ttl, hours: at }) => time <= NOON + at * HOUR + Math.max(ttl * SECOND, DAY))
        const names = new Set(covering.map(({ name }) => name))
        const explained = evidence.explain(PHONE, '203.0.113.1', time, time)
        expect(explained.kind === 'asked').toBe(covering.length > 0)
        if (explained.kind !== 'asked') return
        const latest = new Map<string, number>()
        // The latest answer for a name that explains, even one with a shorter TTL than the answer that still covers.
        for (const { name, hours: at } of mine) {
          if (names.has(name)) latest.set(name, Math.max(latest.get(name) ?? 0, NOON + at * HOUR))
        }
        expect(explained.names.map(({ name, age }) => [name, time - age]).sort()).toEqual([...latest].sort())
        const ages = explained.names.map(({ age }) => age)
        expect(ages).toEqual([...ages].sort((a, b) => a - b))
      }),
      { numRuns: RUNS },
    )
  })

  test('thins the answer times of a name but never forgets when it was first and last given', () => {
    const evidence = new Evidence({ times: 4 })
    for (let i = 0; i <= 100; i++) evidence.handOut(PHONE, 'a.example', '203.0.113.1', 60, NOON + i * MINUTE)
    expect(kindAt(evidence, PHONE, '203.0.113.1', NOON - 1)).toBe('nothing')
    expect(kindAt(evidence, PHONE, '203.0.113.1', NOON)).toBe('asked')
    const last = evidence.explain(PHONE, '203.0.113.1', NOON + 100 * MINUTE + 5, NOON + 100 * MINUTE + 5)
    expect(last).toMatchObject({ names: [{ age: 5 }] })
    const beforeLast = evidence.explain(PHONE, '203.0.113.1', NOON + 100 * MINUTE - 5, NOON + 100 * MINUTE - 5)
    expect(beforeLast).toMatchObject({ names: [{ age: MINUTE - 5 }] })
    expect([...evidence.records()]).toMatchObject([{ first: NOON, last: NOON + 100 * MINUTE }])
  })

  test('I9 takes no loopback and no unspecified address, whoever answered it', () => {
    const evidence = new Evidence()
    for (const address of ['127.0.0.1', '127.255.0.3', '0.0.0.0', '0.1.2.3', '::1', '::', '64:ff9b::7f00:1']) {
      evidence.handOut(PHONE, 'blocked.example', address, 60, NOON)
    }
    expect(evidence.size).toEqual({ handOuts: 0, devices: 0, dropped: 0 })
  })

  test('forgets what can no longer be stale, and only that', () => {
    const evidence = new Evidence()
    evidence.handOut(PHONE, 'a.example', '203.0.113.1', 60, NOON)
    evidence.handOut(TABLET, 'b.example', '203.0.113.2', 60, NOON + HOUR)
    evidence.expire(NOON + DAY + HOUR)
    expect(evidence.size.handOuts).toBe(2)
    evidence.expire(NOON + DAY + HOUR + 1)
    expect([...evidence.records()].map(({ device }) => device)).toEqual([TABLET])
    expect(evidence.size).toEqual({ handOuts: 1, devices: 1, dropped: 0 })
  })

  test('tells the state file of what is new at once and of what is renewed at most every ten minutes', () => {
    const told: HandOutRecord[] = []
    const evidence = new Evidence({ record: (handOut) => told.push(handOut) })
    for (let i = 0; i < 3600; i++) evidence.handOut(PHONE, 'a.example', '203.0.113.1', 60, NOON + i * SECOND)
    expect(told[0]).toEqual({
      device: PHONE,
      address: '203.0.113.1',
      name: 'a.example',
      first: NOON,
      last: NOON,
      until: NOON + DAY,
    })
    expect(told.length).toBeLessThanOrEqual(7)
    expect(told.length).toBeGreaterThanOrEqual(6)
  })

  test('a restored hand-out explains what it explained before', () => {
    const before = new Evidence()
    before.handOut(PHONE, 'a.example', '203.0.113.1', 60, NOON)
    before.handOut(PHONE, 'a.example', '203.0.113.1', 60, NOON + HOUR)
    before.use(PHONE, '203.0.113.1', NOON + 20 * HOUR)
    const after = new Evidence()
    for (const record of before.records()) after.restore(record)
    expect([...after.records()]).toEqual([...before.records()])
    expect(kindAt(after, PHONE, '203.0.113.1', NOON + 43 * HOUR)).toBe('asked')
    expect(kindAt(after, PHONE, '203.0.113.1', NOON + 44 * HOUR + 1)).toBe('stale')
  })

  test('merging moves everything, sharing copies what is recent', () => {
    const evidence = new Evidence()
    evidence.handOut(PHONE, 'old.example', '203.0.113.1', 60, NOON)
    evidence.handOut(PHONE, 'new.example', '203.0.113.2', 60, NOON + HOUR)
    evidence.share(PHONE, TABLET, NOON + MINUTE)
    expect(kindAt(evidence, TABLET, '203.0.113.1', NOON + 2 * HOUR)).toBe('nothing')
    expect(kindAt(evidence, TABLET, '203.0.113.2', NOON + 2 * HOUR)).toBe('asked')
    expect(kindAt(evidence, PHONE, '203.0.113.2', NOON + 2 * HOUR)).toBe('asked')
    evidence.merge(PHONE, 'mac:02:00:00:00:00:10')
    expect(kindAt(evidence, PHONE, '203.0.113.1', NOON + 2 * HOUR)).toBe('nothing')
    expect(kindAt(evidence, 'mac:02:00:00:00:00:10', '203.0.113.1', NOON + 2 * HOUR)).toBe('asked')
    expect(evidence.size).toEqual({ handOuts: 3, devices: 2, dropped: 0 })
  })
})

describe('the bounds of the evidence', () => {
  test('a device has at most 4,096 hand-outs by default; those that end first go, and it is known that they are missing', () => {
    const evidence = new Evidence()
    const limit = LEDGER.perDevice.default
    for (let i = 0; i < limit + 1; i++) {
      evidence.handOut(PHONE, 'pool.example', `5.0.${i >> 8}.${i & 255}`, 60, NOON + i)
    }
    evidence.handOut(TABLET, 'other.example', '203.0.113.1', 60, NOON)
    expect(evidence.size.handOuts).toBe(limit - limit / 8 + 2)
    expect(evidence.size.dropped).toBe(limit / 8)
    expect(kindAt(evidence, PHONE, '5.0.0.0', NOON + MINUTE)).toBe('nothing')
    expect(kindAt(evidence, PHONE, `5.0.${limit >> 8}.0`, NOON + MINUTE)).toBe('asked')
    expect(evidence.missingUntil(PHONE)).toBeGreaterThan(NOON + DAY)
    expect(evidence.missingUntil(TABLET)).toBe(0)
  })

  test('all devices together have at most 500,000 by default; the least recently touched goes', () => {
    const evidence = new Evidence()
    const limit = LEDGER.inAll.default
    for (let i = 0; i < limit + 1000; i++) {
      const device = `ip:10.0.${(i >> 8) & 3}.${i & 255}`
      evidence.handOut(device, `n${i}.example`, `${5 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.9`, 60, NOON + i)
    }
    expect(evidence.size).toEqual({ handOuts: limit, devices: 1024, dropped: 1000 })
    expect([...evidence.records()][0]).toMatchObject({ name: 'n1000.example' })
    // The address index must have shrunk with it: nobody lends what nobody has any more.
    expect(evidence.borrowed('5.0.0.9', NOON + limit, NOON + limit, () => false)).toBeUndefined()
    expect(evidence.borrowed('6.0.0.9', NOON + limit, NOON + limit, () => false)).toBeDefined()
  })

  test('a hand-out keeps at most 8 names by default and stands for the others without a name', () => {
    const evidence = new Evidence()
    for (let i = 0; i < 100; i++) evidence.handOut(PHONE, `n${i}.example`, '203.0.113.1', 60, NOON + i)
    const records = [...evidence.records()]
    expect(records).toHaveLength(LEDGER.names.default + 1)
    expect(records.filter(({ name }) => name === undefined)).toMatchObject([{ first: NOON, last: NOON + 91 }])
    const explained = evidence.explain(PHONE, '203.0.113.1', NOON + 100, NOON + 100)
    expect(explained.kind === 'asked' && explained.names.map(({ name }) => name)).toEqual(
      Array.from({ length: 8 }, (_, i) => `n${99 - i}.example`),
    )
    expect(evidence.explain(PHONE, '203.0.113.1', NOON + 5, NOON + 5)).toEqual({ kind: 'asked', names: [] })
  })

  test('merging into a full device respects its bound', () => {
    const evidence = new Evidence({ perDevice: 16 })
    for (let i = 0; i < 16; i++) evidence.handOut(PHONE, 'a.example', `5.0.0.${i}`, 60, NOON + i)
    for (let i = 0; i < 16; i++) evidence.handOut(TABLET, 'a.example', `5.0.1.${i}`, 60, NOON + i)
    evidence.merge(TABLET, PHONE)
    expect(evidence.size.handOuts).toBeLessThanOrEqual(16)
    expect(evidence.size.handOuts + evidence.size.dropped).toBe(32)
    expect([...evidence.ofDevice(PHONE)]).toHaveLength(evidence.size.handOuts)
  })
})
