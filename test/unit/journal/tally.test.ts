import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/base/clock.ts'
import { rcodeName, TRANSPORTS, typeName } from '../../../src/base/question.ts'
import type { FailedReason, Outcome, RefusedReason } from '../../../src/base/reply.ts'
import { DURATION_BOUNDS } from '../../../src/journal/durations.ts'
import type { Entry } from '../../../src/journal/entry.ts'
import { MINUTES } from '../../../src/journal/minutes.ts'
import { type OutcomeKind, Tally } from '../../../src/journal/tally.ts'

const NOW = Date.UTC(2026, 10, 22, 12, 30)
const KINDS: readonly OutcomeKind[] = ['blocked', 'cached', 'forwarded', 'local', 'special', 'refused', 'failed']
const REFUSED: readonly RefusedReason[] = [
  'access',
  'class',
  'opcode',
  'version',
  'transfer',
  'no-recursion',
  'malformed',
  'limit',
]
const FAILED: readonly FailedReason[] = ['upstream-timeout', 'upstream-error', 'no-upstream', 'overload', 'internal']

const entry = (change: Partial<Entry> = {}): Entry => ({
  time: NOW,
  client: '192.168.1.20',
  transport: 'udp',
  groups: [],
  name: 'www.example.org',
  type: 1,
  rcode: 0,
  outcome: { kind: 'cached' },
  lane: false,
  count: 1,
  latency: 20,
  handOuts: [],
  ...change,
})

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('blocked' as const), list: fc.nat(3), line: fc.nat(99) }),
  fc.record({ kind: fc.constantFrom('cached' as const, 'local' as const, 'special' as const) }),
  fc.record({ kind: fc.constant('forwarded' as const), upstream: fc.nat(3) }),
  fc.record({ kind: fc.constant('refused' as const), reason: fc.constantFrom(...REFUSED) }),
  fc.record({ kind: fc.constant('failed' as const), reason: fc.constantFrom(...FAILED) }),
)

const anyEntry: fc.Arbitrary<Entry> = fc.record({
  time: fc.integer({ min: NOW - 22 * HOUR, max: NOW }),
  client: fc.constantFrom('192.168.1.20', '192.168.1.21', 'fd00::7'),
  transport: fc.constantFrom(...TRANSPORTS),
  groups: fc.constant([]),
  name: fc.constantFrom('.', 'a.example', 'b.example', 'c.example', 'd.example'),
  type: fc.constantFrom(0, 1, 28, 65, 99, 257, 258, 65_535),
  rcode: fc.constantFrom(0, 2, 3, 5, 9, 16, 23, 24, 4095),
  outcome,
  lane: fc.boolean(),
  count: fc.integer({ min: 1, max: 50 }),
  latency: fc.integer({ min: 0, max: 100_000_000 }),
  handOuts: fc.constant([]),
})

const LISTS = ['ads', 'trackers', 'own rules']
const UPSTREAMS = ['192.0.2.1:53', '[2001:db8::1]:53']

describe('the tally', () => {
  test('I5: every figure shown is a fold of journal entries', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 120 }), (entries) => {
        const tally = new Tally(1)
        tally.label({ lists: LISTS, upstreams: UPSTREAMS })
        for (const one of entries) tally.fold(one, `ip:${one.client}`)

        const sum = (which: (one: Entry) => boolean): number =>
          entries.filter(which).reduce((total, one) => total + one.count, 0)
        const grouped = (key: (one: Entry) => string | undefined): Record<string, number> => {
          const groups: Record<string, number> = {}
          for (const one of entries) {
            const name = key(one)
            if (name !== undefined) groups[name] = (groups[name] ?? 0) + one.count
          }
          return groups
        }
        const nonZero = (counts: Readonly<Record<string, number>>): Record<string, number> =>
          Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))

        const counters = tally.counters()
        expect(counters.queries).toBe(sum(() => true))
        expect(counters.lane).toBe(sum((one) => one.lane))
        expect(nonZero(counters.outcomes)).toEqual(grouped((one) => one.outcome.kind))
        expect(nonZero(counters.refused)).toEqual(
          grouped((one) => (one.outcome.kind === 'refused' ? one.outcome.reason : undefined)),
        )
        expect(nonZero(counters.failed)).toEqual(
          grouped((one) => (one.outcome.kind === 'failed' ? one.outcome.reason : undefined)),
        )
        expect(nonZero(counters.transports)).toEqual(grouped((one) => one.transport))
        const orOther = (text: string): string => (/^(TYPE|RCODE)/.test(text) ? 'other' : text)
        expect(counters.types).toEqual(grouped((one) => orOther(typeName(one.type))))
        expect(counters.rcodes).toEqual(grouped((one) => orOther(rcodeName(one.rcode))))
        expect(nonZero(Object.fromEntries(counters.lists.map((list) => [list.name, list.hits])))).toEqual(
          grouped((one) => (one.outcome.kind === 'blocked' ? (LISTS[one.outcome.list] ?? 'other') : undefined)),
        )
        expect(nonZero(Object.fromEntries(counters.upstreams.map((up) => [up.name, up.queries])))).toEqual(
          grouped((one) =>
            one.outcome.kind === 'forwarded' ? (UPSTREAMS[one.outcome.upstream] ?? 'other') : undefined,
          ),
        )
        for (const kind of KINDS) {
          const own = entries.filter((one) => one.outcome.kind === kind)
          const { count, sum: took, buckets } = counters.latency[kind]
          expect(count).toBe(sum((one) => one.outcome.kind === kind))
          expect(took).toBe(own.reduce((total, one) => total + one.latency, 0))
          DURATION_BOUNDS.forEach((bound, i) => {
            const below = own.filter((one) => one.latency / one.count <= bound)
            const atMost = buckets.slice(0, i + 1).reduce((a, b) => a + b, 0)
            expect(atMost).toBe(below.reduce((total, one) => total + one.count, 0))
          })
        }

        const minutes = tally.minutes(NOW)
        for (const one of entries) {
          const at = Math.floor(one.time / MINUTE)
          const same = (other: Entry): boolean => Math.floor(other.time / MINUTE) === at
          expect(minutes.queries[at - minutes.from]).toBe(sum(same))
          expect(minutes.blocked[at - minutes.from]).toBe(
            sum((other) => same(other) && other.outcome.kind === 'blocked'),
          )
        }
        expect(minutes.queries.reduce((a, b) => a + b, 0)).toBe(counters.queries)

        const listed = (one: Entry): boolean => one.outcome.kind !== 'refused'
        const asRecord = (items: readonly { key: string; count: number }[]): Record<string, number> =>
          Object.fromEntries(items.map((item) => [item.key, item.count]))
        const top = tally.top(NOW, 10)
        expect(asRecord(top.names.items)).toEqual(
          grouped((one) => (listed(one) && one.outcome.kind !== 'blocked' ? one.name : undefined)),
        )
        expect(asRecord(top.blockedNames.items)).toEqual(
          grouped((one) => (listed(one) && one.outcome.kind === 'blocked' ? one.name : undefined)),
        )
        expect(asRecord(top.devices.items)).toEqual(grouped((one) => (listed(one) ? `ip:${one.client}` : undefined)))
        top.devices.items.forEach((item, i) => {
          expect(top.devicesBlocked[i]).toBe(
            sum((one) => listed(one) && one.outcome.kind === 'blocked' && `ip:${one.client}` === item.key),
          )
        })
      }),
    )
  })

  test('an empty tally shows zeros and a full day of empty minutes', () => {
    const tally = new Tally(1)
    expect(tally.counters()).toMatchObject({ queries: 0, types: {}, lists: [], upstreams: [] })
    expect(tally.minutes(NOW).queries).toHaveLength(MINUTES)
    expect(tally.top(NOW, 10).names).toEqual({ items: [], error: 0 })
  })

  test('hits stay with the list that made them when a reload gives the numbers to others', () => {
    const tally = new Tally(1)
    const blockedBy = (list: number): Entry => entry({ outcome: { kind: 'blocked', list, line: 1 } })
    tally.label({ lists: ['ads', 'malware'], upstreams: [] })
    tally.fold(blockedBy(1), 'ip:192.168.1.20')
    tally.label({ lists: ['malware'], upstreams: [] })
    tally.fold(blockedBy(0), 'ip:192.168.1.20')
    expect(tally.counters().lists).toEqual([
      { name: 'ads', hits: 0 },
      { name: 'malware', hits: 2 },
    ])
  })

  test('numbers mean what the thread that wrote them says, and each thread has its own count', () => {
    const tally = new Tally(1)
    const blockedBy = (list: number): Entry => entry({ outcome: { kind: 'blocked', list, line: 1 }, count: 2 })
    for (const thread of [0, 1, 2]) tally.label({ lists: ['ads', 'malware'], upstreams: ['one', 'two'] }, thread)
    tally.label({ lists: ['malware'], upstreams: ['two'] }, 1)
    tally.fold(blockedBy(0), 'ip:192.168.1.20', 0)
    tally.fold(blockedBy(0), 'ip:192.168.1.20', 1)
    tally.fold(entry({ outcome: { kind: 'forwarded', upstream: 0 } }), 'ip:192.168.1.20', 1)
    tally.foldLimited(5, NOW, 1)
    tally.foldLost([3], NOW, 3)
    expect(tally.counters()).toMatchObject({
      queries: 13,
      threads: [2, 8, 0, 3],
      lists: [
        { name: 'ads', hits: 2 },
        { name: 'malware', hits: 2 },
      ],
      upstreams: [
        { name: 'one', queries: 0 },
        { name: 'two', queries: 1 },
      ],
    })
  })

  test('labels stay bounded however often the lists change, and no hit is lost', () => {
    const tally = new Tally(1)
    for (let i = 0; i < 3000; i++) {
      tally.label({ lists: [`list-${i}`], upstreams: [] })
      tally.fold(entry({ outcome: { kind: 'blocked', list: 0, line: 1 } }), 'ip:192.168.1.20')
    }
    const { lists } = tally.counters()
    expect(lists.length).toBeLessThanOrEqual(1025)
    expect(lists.reduce((sum, list) => sum + list.hits, 0)).toBe(3000)
    expect(lists.at(-1)?.name).toBe('other')
  })

  test('a stranger who is refused does not enter the top lists', () => {
    const tally = new Tally(1)
    tally.fold(entry({ client: '203.0.113.9', outcome: { kind: 'refused', reason: 'access' } }), 'ip:203.0.113.9')
    expect(tally.top(NOW, 10).devices.items).toEqual([])
    expect(tally.counters().refused.access).toBe(1)
  })

  test('what a batch lost counts by its outcome, and is stated as known without details', () => {
    const tally = new Tally(1)
    tally.foldLost([3, 40, 0, 0, 0, 2, 0], NOW)
    tally.foldLost([0, 0, 0, 0, 0, 0, 0], NOW)
    const counters = tally.counters()
    expect(counters).toMatchObject({ queries: 45, withoutDetails: 45, types: {} })
    expect(counters.outcomes).toMatchObject({ blocked: 3, cached: 40, refused: 2, forwarded: 0 })
    expect(tally.minutes(NOW).queries.at(-1)).toBe(45)
    expect(tally.minutes(NOW).blocked.at(-1)).toBe(3)
    expect(tally.top(NOW, 10).names.items).toEqual([])
  })

  test('counters handed out do not change afterwards', () => {
    const tally = new Tally(1)
    tally.fold(entry(), 'ip:192.168.1.20')
    const before = tally.counters()
    tally.fold(entry(), 'ip:192.168.1.20')
    expect(before.queries).toBe(1)
    expect(before.outcomes.cached).toBe(1)
    expect(before.latency.cached.count).toBe(1)
  })
})
