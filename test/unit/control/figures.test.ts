import { describe, expect, test } from 'vitest'
import { cacheStats, journalStats, listStats, upstreamStats } from '../../../src/control/figures.ts'
import { stats } from '../../../src/control/stats-schema.ts'
import { Tally } from '../../../src/journal/tally.ts'
import { listKey } from '../../../src/policy/decision.ts'
import { entry, house, NOW } from './house.ts'

const nobody = (): undefined => undefined

describe('the figures of the API', () => {
  test('fit the schema, also before the first query', async () => {
    expect(stats.safeParse(await house().views.stats()).error).toBeUndefined()
    const none = journalStats(new Tally(1), NOW, nobody)
    expect(none.totals).toMatchObject({ queries: 0, blockedShare: 0 })
    expect(none.latency.outcomes.cached).toMatchObject({ p50Us: null, p99Us: null })
    expect(none.lastDay.minutes.queries).toHaveLength(1440)
  })

  test('the day begins 1,439 minutes before the running minute', () => {
    expect(journalStats(new Tally(1), NOW + 17_000, nobody).lastDay.from).toBe('2026-11-21T12:31:00.000Z')
  })

  test('a time beyond every bound is no number', () => {
    const tally = new Tally(1)
    tally.fold(entry({ latency: 60_000_000 }), 'ip:192.168.1.20')
    expect(journalStats(tally, NOW, nobody).latency.outcomes.cached.p50Us).toBeNull()
  })

  test('a list or an upstream that the tally has not met yet shows zero', () => {
    const counters = new Tally(1).counters()
    const list = { name: 'new', path: undefined, kind: 'allow', formats: [], rules: 1, lines: 1, rejected: 0 } as const
    const none = { change: null, updates: 0 }
    expect(listStats([list], counters, () => none)).toEqual([{ ...list, path: null, hits: 0, ...none }])
    const state = {
      server: 'x:53',
      transport: 'udp',
      uses: [],
      healthy: false,
      tries: 0,
      failures: {},
      latency: undefined,
      inFlight: 0,
      overTcp: 0,
      strays: 0,
      cutRecords: 0,
      connections: { opened: 0, resumed: 0, foundDead: 0 },
    } as const
    expect(upstreamStats([state], counters)[0]).toMatchObject({ queries: 0, meanUs: null, latencyMs: null })
  })

  test('two lists of one name each have their own hits', () => {
    const tally = new Tally(1)
    const list = { kind: 'block', formats: [], rules: 1, lines: 1, rejected: 0 } as const
    const lists = ['/a/ads.txt', '/b/ads.txt'].map((path) => ({ ...list, name: 'ads.txt', path }))
    tally.label({ lists: lists.map(listKey), upstreams: [] })
    tally.fold(entry({ outcome: { kind: 'blocked', list: 1, line: 1 }, count: 7 }), 'ip:192.168.1.20')
    const hits = listStats(lists, tally.counters(), () => ({ change: null, updates: 0 })).map((one) => one.hits)
    expect(hits).toEqual([0, 7])
  })

  test('the hit share counts only what the cache could have known', () => {
    const tally = new Tally(1)
    tally.fold(entry({ count: 3 }), 'ip:192.168.1.20')
    tally.fold(entry({ outcome: { kind: 'forwarded', upstream: 0 } }), 'ip:192.168.1.20')
    tally.fold(entry({ outcome: { kind: 'blocked', list: 0, line: 1 }, count: 50 }), 'ip:192.168.1.20')
    const size = {
      entries: 1,
      bytes: 1,
      maxBytes: 1,
      laneEntries: 1,
      failures: 0,
      prefetches: 0,
      flushed: 0,
      restored: 0,
    }
    expect(cacheStats(size, tally.counters())).toMatchObject({ hits: 3, hitShare: 0.75 })
    expect(cacheStats(size, new Tally(1).counters()).hitShare).toBe(0)
  })
})
