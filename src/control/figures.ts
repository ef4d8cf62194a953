// The tally's figures in the shape of the API. Pure: whoever calls it says the time and what devices are called.
import { type EpochMs, MINUTE } from '../base/clock.ts'
import { type Distribution, DURATION_BOUNDS, quantile } from '../journal/durations.ts'
import type { Counters, Tally } from '../journal/tally.ts'
import type { DeviceId } from '../ledger/device.ts'
import { type ListInfo, listKey } from '../policy/decision.ts'
import { timeText } from './schemas.ts'
import type { Stats } from './stats-schema.ts'

/** Lines of each top list. */
const TOP_SHOWN = 20

/** The parts of `Stats` that are folds of the journal and of nothing else. */
export type JournalStats = Pick<
  Stats,
  'totals' | 'refused' | 'failed' | 'types' | 'rcodes' | 'transports' | 'latency' | 'lastDay' | 'top'
>

/** All that the tally knows. `nameOf` says what people call a device. */
export function journalStats(
  tally: Tally,
  now: EpochMs,
  nameOf: (device: DeviceId) => string | undefined,
): JournalStats {
  const counters = tally.counters()
  const { outcomes, latency } = counters
  return {
    totals: {
      ...outcomes,
      queries: counters.queries,
      answered: counters.queries - outcomes.refused - outcomes.failed,
      lane: counters.lane,
      withoutDetails: counters.withoutDetails,
      blockedShare: share(outcomes.blocked, counters.queries),
    },
    refused: { ...counters.refused },
    failed: { ...counters.failed },
    types: { ...counters.types },
    rcodes: { ...counters.rcodes },
    transports: { ...counters.transports },
    latency: {
      boundsUs: [...DURATION_BOUNDS],
      outcomes: {
        blocked: duration(latency.blocked),
        cached: duration(latency.cached),
        stale: duration(latency.stale),
        forwarded: duration(latency.forwarded),
        local: duration(latency.local),
        special: duration(latency.special),
        refused: duration(latency.refused),
        failed: duration(latency.failed),
      },
    },
    lastDay: lastDay(tally, now),
    top: top(tally, now, nameOf),
  }
}

/** How a list has changed. */
export type ListChanges = Pick<Stats['lists'][number], 'change' | 'updates'>

/** The lists of a policy with the hits of each. */
export function listStats(
  lists: readonly ListInfo[],
  { lists: hits }: Counters,
  changesOf: (list: ListInfo) => ListChanges,
): Stats['lists'] {
  const known = new Map(hits.map((hit) => [hit.name, hit.hits]))
  return lists.map((list) => ({
    name: list.name,
    kind: list.kind,
    path: list.path ?? null,
    formats: [...list.formats],
    rules: list.rules,
    lines: list.lines,
    rejected: list.rejected,
    hits: known.get(listKey(list)) ?? 0,
    ...changesOf(list),
  }))
}

/** What each resolver thread has done. `cpu`: its processor time, µs. */
export const threadStats = (cpu: readonly number[], { threads }: Counters): Stats['threads'] =>
  cpu.map((cpuUs, thread) => ({ queries: threads[thread] ?? 0, cpuUs: Math.round(cpuUs) }))

/** What an upstream says of itself. */
export interface UpstreamState {
  /** The name that the tally was told (`Tally.label`). */
  readonly server: string
  readonly transport: 'udp' | 'tcp' | 'tls' | 'https'
  readonly uses: readonly string[]
  readonly healthy: boolean
  readonly tries: number
  readonly failures: Readonly<Record<string, number>>
  /** Smoothed round trip, ms. */
  readonly latency: number | undefined
  readonly inFlight: number
  readonly overTcp: number
  readonly strays: number
  readonly cutRecords: number
  readonly connections: { readonly opened: number; readonly resumed: number; readonly foundDead: number }
}

/** The upstreams with the queries that each answered. */
export const upstreamStats = (states: readonly UpstreamState[], { upstreams }: Counters): Stats['upstreams'] =>
  states.map((state) => {
    const answered = upstreams.find((upstream) => upstream.name === state.server)
    return {
      server: state.server,
      transport: state.transport,
      uses: [...state.uses],
      healthy: state.healthy,
      queries: answered?.queries ?? 0,
      meanUs: answered === undefined || answered.queries === 0 ? null : answered.latency / answered.queries,
      latencyMs: state.latency ?? null,
      tries: state.tries,
      failures: { ...state.failures },
      inFlight: state.inFlight,
      overTcp: state.overTcp,
      strays: state.strays,
      cutRecords: state.cutRecords,
      connections: { ...state.connections },
    }
  })

/** The cache's size with its hits. Only queries that had to come from the cache or an upstream count as chances. */
export const cacheStats = (
  size: Omit<Stats['cache'], 'hits' | 'hitShare'>,
  { outcomes: { cached, stale, forwarded, failed } }: Counters,
): Stats['cache'] => ({ ...size, hits: cached, hitShare: share(cached, cached + stale + forwarded + failed) })

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)
const sum = (row: readonly number[]): number => row.reduce((total, value) => total + value, 0)

function duration(distribution: Distribution): Stats['latency']['outcomes']['blocked'] {
  const { count, sum: sumUs, buckets } = distribution
  const bound = (part: number): number | null => {
    const found = quantile(distribution, part)
    return found === undefined || found === Number.POSITIVE_INFINITY ? null : found
  }
  return { count, sumUs, p50Us: bound(0.5), p99Us: bound(0.99), buckets: [...buckets] }
}

function lastDay(tally: Tally, now: EpochMs): Stats['lastDay'] {
  const rows = tally.minutes(now)
  const queries = sum(rows.queries)
  const blocked = sum(rows.blocked)
  return {
    from: timeText(rows.from * MINUTE),
    queries,
    blocked,
    blockedShare: share(blocked, queries),
    minutes: { queries: [...rows.queries], blocked: [...rows.blocked] },
  }
}

function top(tally: Tally, now: EpochMs, nameOf: (device: DeviceId) => string | undefined): Stats['top'] {
  const { names, blockedNames, devices, devicesBlocked } = tally.top(now, TOP_SHOWN)
  const named = ({ items, error }: typeof names) => ({
    items: items.map(({ key, count }) => ({ name: key, count })),
    error,
  })
  return {
    names: named(names),
    blockedNames: named(blockedNames),
    devices: {
      items: devices.items.map(({ key, count }, i) => ({
        device: key,
        name: nameOf(key) ?? null,
        queries: count,
        blocked: devicesBlocked[i] ?? 0,
      })),
      error: devices.error,
    },
  }
}
