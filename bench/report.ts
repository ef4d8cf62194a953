// Results as tables of Markdown. Every number comes from the results; none is written here.
import { type Check, type Judged, judgeBars } from './bars.ts'
import { AT_A_RATE } from './bench.ts'
import { MIX } from './mix.ts'
import type { ByServer, HitKind, Loaded, Results, ServerRun } from './results.ts'
import type { Spread } from './statistics.ts'
import { bytes, commas, percent, range, table } from './table.ts'

/** The whole report. */
export const renderReport = (results: Results): string =>
  [
    bars(results),
    setting(results),
    sideBySide(results),
    servers(results),
    own(results),
    ...(results.growth ?? []).map(
      ({ title, note, columns, rows }) => `### ${title}\n\n${note}\n\n${table(columns, rows)}`,
    ),
    profiles(results),
    commands(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')

function bars(results: Results): string {
  const rows = judgeBars(results).map((judged) => [
    judged.what,
    judged.measured ?? '',
    texts(judged, 'bar'),
    texts(judged, 'aim'),
    result(judged),
  ])
  return `## Bars\n\n${table(['what', 'measured', 'bar', 'aim', 'result'], rows)}`
}

const texts = ({ checks }: Judged, level: Check['level']): string =>
  checks
    .filter((check) => check.level === level)
    .map(({ text }) => text)
    .join(', ')

function result({ verdict, checks }: Judged): string {
  const missed = checks.filter(({ met }) => met === false)
  const by = missed.map(({ text, missedBy }) => `${text} by ${percent(missedBy)}`).join(', ')
  if (verdict === 'missed') return `**missed**: ${by}`
  if (verdict === 'bar met' && missed.length > 0) return `bar met; aim missed: ${by}`
  return verdict
}

function setting({ setting: its, servers: all }: Results): string {
  const { machine, tools, rounds, seconds, cores, loadBefore, loadAfter } = its
  const versions = Object.entries(all).flatMap(([id, { version }]) => (version === '' ? [] : `${id} ${version}`))
  const types = Object.entries(MIX.types).map(([type, share]) => `${type} ${percent(share)}`)
  return [
    '## How it was run',
    '',
    `- \`${its.command}\` on ${its.date}, askfirst ${its.version}${its.commit === undefined ? '' : ` (${its.commit})`}, ${its.minutes.toFixed(0)} minutes`,
    `- Machine: ${machine['processor']}, ${machine['memory']}, ${machine['system']}${machine['virtual'] === 'yes' ? ', a virtual machine' : ''}; Node ${machine['node']}`,
    `- Load average of the machine before ${loadBefore.toFixed(1)}, after ${loadAfter.toFixed(1)}: what is above 2 at the end was not the benchmark`,
    `- Servers: ${versions.join(', ')}; tools: ${Object.entries(tools)
      .map(([program, version]) => `${program} ${version}`)
      .join(', ')}`,
    `- ${rounds} rounds in turn, runs of ${seconds} s, of at least ${AT_A_RATE} s where a percentile at a rate is taken; the middle value stands first, the lowest and the highest behind it`,
    `- Percentiles, by \`bench/sender.c\`: from before a query is sent until the kernel has its answer${machine['realtime'] === 'no' ? '; the sender could not come before everything else on its core (that takes root), so its own waits may count' : '; at a rate, the sender comes before everything else on its core, but where the server may use that core too (policy swaps)'}`,
    `- Cores: server ${cores.server}, client ${cores.client}, upstream ${cores.upstream}`,
    `- ${its.names[0]?.toUpperCase()}${its.names.slice(1)}`,
    `- Queries: ${percent(MIX.blocked)} for blocked names; ${types.join(', ')}; no EDNS`,
  ].join('\n')
}

const KINDS: readonly [HitKind, string][] = [
  ['dnsperf', 'Hits, by dnsperf with 100 queries on their way'],
  ['saturated', 'Hits, at saturation (`bench/sender.c`, 200 on their way)'],
  ['steady', 'Hits, at 10,000 queries a second'],
  ['quiet', 'Hits, at 100 queries a second'],
]

function sideBySide({ hits, misses }: Results): string {
  const parts = KINDS.flatMap(([kind, title]) => {
    const its = hits[kind]
    return its === undefined ? [] : `### ${title}\n\n${loads(its)}`
  })
  if (misses !== undefined) parts.push(`### Misses, forwarded over UDP to nsd, by dnsperf\n\n${loads(misses)}`)
  return parts.length === 0 ? '' : `## Side by side\n\n${parts.join('\n\n')}`
}

/** Cheapest first, so that no server has a place of honour. */
function loads(all: ByServer<Loaded>): string {
  const timed = Object.values(all).every(({ p50 }) => p50 !== undefined)
  const rows = Object.entries(all)
    .toSorted(([, a], [, b]) => a.cost.median - b.cost.median)
    .map(([server, { cost, rate, busy, p50, p99, worst, lost, failed, sent }]) => [
      server,
      `${range(cost, 1)} µs`,
      range(rate, 0),
      percent(busy.median),
      ...(timed ? [`${range(p50 as Spread, 0)} µs`, `${range(p99 as Spread, 0)} µs`] : []),
      `${range(scaled(worst, 1e-3), 1)} ms`,
      `${commas(lost)} of ${commas(sent)}`,
      commas(failed),
    ])
  const timing = timed ? ['p50', 'p99'] : []
  return table(
    ['server', 'processor time for an answer', 'answers a second', 'core busy', ...timing, 'worst', 'lost', 'failed'],
    rows,
  )
}

const scaled = ({ median, min, max }: Spread, by: number) => ({ median: median * by, min: min * by, max: max * by })

function servers({ servers: all, leftOut }: Results): string {
  const rows = Object.entries(all).map(([id, { how, ready, memory }]: [string, ServerRun]) => [
    id,
    how,
    `${commas(ready)} ms`,
    memory.bare === undefined ? '' : bytes(memory.bare),
    bytes(memory.start),
    memory.bare === undefined ? '' : bytes(memory.start - memory.bare),
    bytes(memory.most),
  ])
  if (rows.length === 0) return ''
  const reasons = Object.entries(leftOut).map(([id, why]) => `\n- left out: ${id}: ${why.split('\n')[0]}`)
  const columns = [
    'server',
    'how it blocks',
    'start → first answer',
    'without list',
    'with list',
    'added',
    'most in all runs',
  ]
  return `### Start and memory, one start each\n\n${table(columns, rows)}${reasons.join('')}`
}

function own(results: Results): string {
  const { starts, longLoad, swaps, held, decisions, patterns, judgements, huge } = results
  const rows: string[][] = []
  const add = (what: string, value: string): void => void rows.push([what, value])
  if (starts !== undefined) {
    add('start with a text list, nothing saved → first blocked answer', `${range(starts.cold, 0)} ms`)
    add('list moved into the folder of the running server → blocked', `${range(starts.live, 0)} ms`)
    add('start with what the run before saved → first blocked answer', `${range(starts.restart, 0)} ms`)
    add('memory without a list, with the default cache', sizes(starts.bare))
    add('memory with 1,000,000 names', sizes(starts.withList))
    add('memory that the names add', sizes(starts.added))
  }
  if (longLoad !== undefined) {
    const { seconds, rate, queries, lost, memory, most } = longLoad
    const load = `${commas(seconds)} s at ${commas(rate)} queries a second, 5 % of them for new names`
    add(`memory after ${load}`, `${bytes(memory)}, most ${bytes(most)}; ${commas(lost)} of ${commas(queries)} lost`)
  }
  if (swaps !== undefined) {
    add(
      `worst answer at ${commas(swaps.rate)} queries a second with ${swaps.swaps} swaps of the policy`,
      `${range(swaps.worst, 1)} ms; ${commas(swaps.lost)} of ${commas(swaps.sent)} lost`,
    )
    add('the same without swaps', `${range(swaps.worstWithout, 1)} ms`)
  }
  if (held !== undefined) {
    const { idle, slow, rate, lost, sent } = held
    add(
      `p99 at ${commas(rate)} queries a second over UDP with ${commas(idle)} idle connections (TCP and TLS) and ${commas(slow)} that send a byte a second`,
      `${range(held.p99, 0)} µs; ${commas(lost)} of ${commas(sent)} lost`,
    )
    add('the same without connections', `${range(held.p99Without, 0)} µs`)
  }
  if (decisions !== undefined) {
    const rules = commas(decisions.rules)
    add(`\`decide\`, ${rules} rules for names alone, none matches, 5 labels`, `${range(decisions.none, 0)} ns`)
    add(
      `\`decide\`, ${rules} rules for names and all below, none matches, 5 labels`,
      `${range(decisions.noneBelow, 0)} ns`,
    )
    add('`decide`, a rule for the name matches', `${range(decisions.blocked, 0)} ns`)
  }
  if (patterns !== undefined) {
    const count = commas(patterns.patterns)
    add(`\`decide\`, none of ${count} patterns with a text matches`, `${range(patterns.text, 1)} µs`)
    add(`\`decide\`, none of ${count} patterns without one matches`, `${range(patterns.bare, 1)} µs`)
    add('the same, names made by chance', `${range(patterns.bareGarbage, 1)} µs`)
  }
  if (judgements !== undefined) {
    const all = Object.values(judgements.verdicts).reduce((sum, count) => sum + count, 0)
    const parts = Object.entries(judgements.verdicts).map(([verdict, count]) => `${verdict} ${percent(count / all)}`)
    add(`firewall lines a second, parsed and judged (${parts.join(', ')})`, range(judgements.rate, 0))
  }
  if (huge !== undefined) {
    add(`start with ${commas(huge.names)} names → first blocked answer`, `${range(huge.ready, 0)} ms`)
    add(`memory with ${commas(huge.names)} names`, `${sizes(huge.memory)}; most while loading ${sizes(huge.most)}`)
  }
  return rows.length === 0 ? '' : `## askfirst by itself\n\n${table(['what', 'figure'], rows)}`
}

const sizes = (of: Spread): string => `${range(scaled(of, 1e-6), 0)} MB`

function profiles({ profiles: all = [] }: Results): string {
  return all
    .map(({ of, top }) => {
      const rows = top.map(({ name, share }) => [percent(share), `\`${name}\``])
      return `### Where askfirst's time goes: ${of}\n\nOwn time of functions, all threads, by V8's profiler.\n\n${table(['share', 'function'], rows)}`
    })
    .join('\n\n')
}

function commands({ servers: all, hits, misses }: Results): string {
  const first = (its: ByServer<Loaded> | undefined): string[] => {
    const command = its === undefined ? undefined : Object.values(its)[0]?.command
    return command === undefined ? [] : [command]
  }
  const lines = [
    ...Object.values(all).map(({ command }) => command),
    ...KINDS.flatMap(([kind]) => first(hits[kind])),
    ...first(misses),
  ]
  return lines.length === 0
    ? ''
    : `## Commands\n\nOf the first round; ports are the system's choice.\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\``
}
