// The bars: what was promised, and whether it was kept. Reads results; measures nothing.
import type { ByServer, Loaded, Results } from './results.ts'

/** The names of the bars, as `--only` takes them. */
export const BAR_IDS = [
  'hits',
  'saturation',
  'plain',
  'misses',
  'p99',
  'p50',
  'list',
  'restart',
  'memory',
  'rss',
  'decide',
  'patterns',
  'swap',
  'connections',
  'huge',
  'firewall',
] as const
export type BarId = (typeof BAR_IDS)[number]

/** One condition of a bar. */
export interface Check {
  readonly level: 'bar' | 'aim'
  readonly text: string
  /** Absent where a figure it needs was not measured. */
  readonly met?: boolean
  /** How far beyond the limit, as a share of it (of 0: as a number); 0 where it is met. */
  readonly missedBy: number
}

/** One bar, judged. */
export interface Judged {
  readonly id: BarId
  readonly what: string
  /** The measured value, for people; absent where it was not measured. */
  readonly measured?: string
  readonly checks: readonly Check[]
  readonly verdict: 'aim met' | 'bar met' | 'missed' | 'not measured'
}

interface Condition {
  readonly level: 'bar' | 'aim'
  readonly text: string
  readonly sense: 'at most' | 'at least'
  readonly value: number | undefined
  readonly limit: number | undefined
}

const MB = 1e6
const ms = (value: number | undefined, digits = 0): string | undefined =>
  value === undefined ? undefined : `${value.toFixed(digits)} ms`
const us = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${value.toFixed(1)} µs`
const mb = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${(value / MB).toFixed(0)} MB`
const count = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : Math.round(value).toLocaleString('en')

/** Judges every bar of the table. */
export function judgeBars(results: Omit<Results, 'setting'>): Judged[] {
  const { hits, misses, starts, longLoad, swaps, held, decisions, patterns, judgements, huge } = results
  const cost = medianOf(hits.dnsperf, ({ cost }) => cost.median)
  const rate = medianOf(hits.saturated, ({ rate }) => rate.median)
  const missCost = medianOf(misses, ({ cost }) => cost.median)
  const p99 = medianOf(hits.steady, ({ p99 }) => p99?.median)
  const p50 = medianOf(hits.quiet, ({ p50 }) => p50?.median)
  const slowest = starts === undefined ? undefined : Math.max(starts.cold.median, starts.live.median)
  const slower = decisions === undefined ? undefined : Math.max(decisions.none.median, decisions.noneBelow.median)
  const slowestKind =
    patterns === undefined
      ? undefined
      : Math.max(patterns.text.median, patterns.bare.median, patterns.bareGarbage.median)
  const cheaper = (of: Medians): number | undefined => best(of, Math.min)
  const faster = (of: Medians): number | undefined => best(of, Math.max)
  return [
    judged('hits', 'processor time for an answer, hits', us(cost['askfirst']), [
      ...atMost(
        'bar',
        cost['askfirst'],
        times(0.95, 'unbound', cost['unbound']),
        times(0.85, 'dnsmasq', cheaper(cost)),
      ),
      ...atMost(
        'aim',
        cost['askfirst'],
        times(0.85, 'unbound', cost['unbound']),
        times(1.2, 'the C floor', cost['floor']),
      ),
    ]),
    judged('saturation', 'answers a second at saturation, hits', count(rate['askfirst']), [
      ...atLeast('bar', rate['askfirst'], times(1.15, 'unbound', rate['unbound']), times(1.3, 'dnsmasq', faster(rate))),
      ...atLeast('aim', rate['askfirst'], times(1.3, 'unbound', rate['unbound'])),
    ]),
    judged('plain', 'answers a second at saturation, hits, without koffi', count(rate['askfirst-plain']), [
      ...atLeast('bar', rate['askfirst-plain'], ['60,000', 60_000]),
    ]),
    judged('misses', 'processor time for an answer, misses', us(missCost['askfirst']), [
      ...atMost(
        'bar',
        missCost['askfirst'],
        times(1, 'unbound', missCost['unbound']),
        times(0.4, 'dnsmasq', cheaper(missCost)),
      ),
      ...atMost('aim', missCost['askfirst'], times(0.7, 'unbound', missCost['unbound'])),
    ]),
    judged('p99', 'p99 at 10,000 queries a second, hits', us(p99['askfirst']), [
      ...atMost('bar', p99['askfirst'], times(1.5, 'unbound', p99['unbound'])),
      ...atMost('aim', p99['askfirst'], times(1, 'unbound', p99['unbound'])),
    ]),
    judged('p50', 'p50 at 100 queries a second', us(p50['askfirst']), [
      ...atMost('bar', p50['askfirst'], [
        'unbound + 30 µs',
        p50['unbound'] === undefined ? undefined : p50['unbound'] + 30,
      ]),
      ...atMost('aim', p50['askfirst'], times(1, 'unbound', p50['unbound'])),
    ]),
    judged('list', 'text list of 1,000,000 names → serving, slower of cold start and live change', ms(slowest), [
      ...atMost('bar', slowest, ['1,000 ms', 1000]),
      ...atMost('aim', slowest, ['500 ms', 500]),
    ]),
    judged('restart', 'restart with what was saved → first answer', ms(starts?.restart.median), [
      ...atMost('bar', starts?.restart.median, ['600 ms', 600]),
      ...atMost('aim', starts?.restart.median, ['300 ms', 300]),
    ]),
    judged('memory', 'memory that the million names add', mb(starts?.added.median), [
      ...atMost('bar', starts?.added.median, ['30 MB', 30 * MB]),
      ...atMost('aim', starts?.added.median, ['18 MB', 18 * MB]),
    ]),
    judged('rss', `whole process after ${minutesOf(longLoad?.seconds)} of load`, mb(longLoad?.memory), [
      ...atMost('bar', longLoad?.memory, ['140 MB', 140 * MB]),
      ...atMost('aim', longLoad?.memory, ['100 MB', 100 * MB]),
    ]),
    judged(
      'decide',
      '`decide` where no rule matches, 5 labels, slower of two kinds of rules',
      suffixed(slower, ' ns'),
      [...atMost('bar', slower, ['300 ns', 300]), ...atMost('aim', slower, ['150 ns', 150])],
    ),
    judged('patterns', '`decide` where none of 5,000 patterns matches, slowest of three kinds', us(slowestKind), [
      ...atMost('bar', slowestKind, ['20 µs', 20]),
    ]),
    judged('swap', 'policy swaps at 50,000 queries a second: worst answer', ms(swaps?.worst.max, 1), [
      ...atMost('bar', swaps?.lost, ['0 lost', 0]),
      ...atMost('bar', swaps?.worst.max, ['10 ms', 10]),
      ...atMost('aim', swaps?.worst.max, ['3 ms', 3]),
    ]),
    judged(
      'connections',
      `p99 of UDP hits with ${count(held?.idle) ?? '2,000'} idle and ${count(held?.slow) ?? 200} slow connections`,
      us(held?.p99.median),
      [
        ...atMost('bar', held?.p99.median, times(1.2, 'without them', held?.p99Without.median)),
        ...atMost('aim', held?.p99.median, times(1.05, 'without them', held?.p99Without.median)),
      ],
    ),
    judged('huge', '10,000,000 names: load, memory', joined(ms(huge?.ready.median), mb(huge?.memory.median)), [
      ...atMost('bar', huge?.ready.median, ['12 s', 12_000]),
      ...atMost('bar', huge?.memory.median, ['300 MB', 300 * MB]),
      ...atMost('aim', huge?.ready.median, ['6 s', 6000]),
      ...atMost('aim', huge?.memory.median, ['200 MB', 200 * MB]),
    ]),
    judged('firewall', 'firewall lines parsed and judged a second, one core', count(judgements?.rate.median), [
      ...atLeast('bar', judgements?.rate.median, ['100,000', 100_000]),
      ...atLeast('aim', judgements?.rate.median, ['250,000', 250_000]),
    ]),
  ]
}

type Medians = Readonly<Record<string, number | undefined>>
type Limit = readonly [text: string, limit: number | undefined]

const medianOf = (of: ByServer<Loaded> | undefined, pick: (loaded: Loaded) => number | undefined): Medians =>
  Object.fromEntries(Object.entries(of ?? {}).map(([server, its]) => [server, pick(its)]))

/** dnsmasq in the configuration that is better at this. */
const best = (of: Medians, better: (...values: number[]) => number): number | undefined => {
  const values = Object.entries(of).flatMap(([server, its]) => (server.startsWith('dnsmasq') ? (its ?? []) : []))
  return values.length === 0 ? undefined : better(...values)
}

const times = (factor: number, what: string, value: number | undefined): Limit => [
  `${factor} × ${what}`,
  value === undefined ? undefined : factor * value,
]

const atMost = (level: Check['level'], value: number | undefined, ...limits: readonly Limit[]): Condition[] =>
  limits.map(([text, limit]) => ({ level, text: `≤ ${text}`, sense: 'at most', value, limit }))

const atLeast = (level: Check['level'], value: number | undefined, ...limits: readonly Limit[]): Condition[] =>
  limits.map(([text, limit]) => ({ level, text: `≥ ${text}`, sense: 'at least', value, limit }))

/** A bar is kept when all its conditions are; one that could not be looked at leaves it open. */
function judged(id: BarId, what: string, measured: string | undefined, conditions: readonly Condition[]): Judged {
  const checks = conditions.map(({ level, text, sense, value, limit }): Check => {
    if (value === undefined || limit === undefined) return { level, text, missedBy: 0 }
    const beyond = sense === 'at most' ? value - limit : limit - value
    if (beyond <= 0) return { level, text, met: true, missedBy: 0 }
    return { level, text, met: false, missedBy: limit === 0 ? beyond : beyond / limit }
  })
  return { id, what, ...(measured === undefined ? {} : { measured }), checks, verdict: verdictOf(checks) }
}

function verdictOf(checks: readonly Check[]): Judged['verdict'] {
  const bars = checks.filter(({ level }) => level === 'bar')
  if (bars.some(({ met }) => met === false)) return 'missed'
  if (bars.some(({ met }) => met === undefined)) return 'not measured'
  return checks.every(({ met }) => met) ? 'aim met' : 'bar met'
}

const suffixed = (value: number | undefined, unit: string): string | undefined =>
  value === undefined ? undefined : `${value.toFixed(0)}${unit}`

const joined = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || b === undefined ? undefined : `${a}, ${b}`

const minutesOf = (seconds: number | undefined): string =>
  seconds === undefined ? '10 min' : seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 6) / 10} min`
