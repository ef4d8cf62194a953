// The figures as Prometheus text: made from `Stats` at each scrape, so nothing is counted twice. The door of prom-client.
// Long because it is one table of every family, in the order in which they are shown.
//
// Labels come from the configuration and from closed sets only: never a name that was asked for, never a client.
// Long because it is the one place of every metric, a line or a few each.
import { Counter, Gauge, type Histogram, Registry } from 'prom-client'
import { safeText } from '../base/text.ts'
import type { Stats } from './stats-schema.ts'

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

interface Family {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (stats: Stats) => readonly Sample[]
}

const SECONDS_A_MICROSECOND = 1e-6

const COUNTERS: readonly Family[] = [
  family('askfirst_queries_total', 'DNS queries by how they ended.', 'outcome', ({ totals }) => ({
    blocked: totals.blocked,
    cached: totals.cached,
    stale: totals.stale,
    forwarded: totals.forwarded,
    local: totals.local,
    special: totals.special,
    refused: totals.refused,
    failed: totals.failed,
  })),
  family('askfirst_lane_queries_total', 'DNS queries answered by the fast lane.', ({ totals }) => totals.lane),
  family(
    'askfirst_journal_dropped_total',
    'DNS queries whose details were dropped because the journal was full.',
    ({ totals }) => totals.withoutDetails,
  ),
  family('askfirst_refused_queries_total', 'Refused DNS queries by rule.', 'reason', (stats) => stats.refused),
  family('askfirst_failed_queries_total', 'Failed DNS queries by reason.', 'reason', (stats) => stats.failed),
  family('askfirst_queries_by_type_total', 'DNS queries by type asked for.', 'type', (stats) => stats.types),
  family('askfirst_queries_by_transport_total', 'DNS queries by transport.', 'transport', (stats) => stats.transports),
  byThread('askfirst_thread_queries_total', 'DNS queries by the thread that answered.', ({ queries }) => queries),
  byThread(
    'askfirst_thread_cpu_seconds_total',
    'Processor time of each thread that answers.',
    ({ cpuUs }) => cpuUs * SECONDS_A_MICROSECOND,
  ),
  {
    name: 'askfirst_connections_total',
    help: 'Connections of clients by transport and by what became of them.',
    labels: ['transport', 'result'],
    read: ({ connections }) =>
      Object.entries(connections).flatMap(([transport, { accepted, refused, displaced, timedOut, faulty }]) =>
        Object.entries({ accepted, refused, displaced, timed_out: timedOut, faulty }).map(
          ([result, value]) => [{ transport, result }, value] as const,
        ),
      ),
  },
  family('askfirst_edns_options_total', 'Replies by the EDNS options that they carried.', 'option', ({ edns }) => ({
    cookie: edns.cookie,
    keepalive: edns.keepalive,
    nsid: edns.nsid,
    client_subnet: edns.clientSubnet,
    padding: edns.padding,
  })),
  family('askfirst_query_bits_total', 'Queries by the bits that they carried: DO, CD.', 'bit', ({ edns }) => ({
    DO: edns.dnssecOk,
    CD: edns.checkingDisabled,
  })),
  family('askfirst_datagrams_total', 'Packets apart: no query, or by a load balancer.', 'result', ({ datagrams }) => ({
    no_query: datagrams.noQuery,
    proxied: datagrams.proxied,
    faulty: datagrams.faulty,
  })),
  family('askfirst_https_responses_total', 'Responses of DNS over HTTPS.', 'status', (stats) => stats.httpStatuses),
  family('askfirst_responses_total', 'DNS responses by code.', 'rcode', (stats) => stats.rcodes),
  family(
    'askfirst_list_hits_total',
    'Blocked DNS queries by list.',
    'list',
    ofLists(({ hits }) => hits),
  ),
  family(
    'askfirst_list_updates_total',
    'Changes of a list.',
    'list',
    ofLists(({ updates }) => updates),
  ),
  family(
    'askfirst_group_queries_total',
    'DNS queries of the members of a group.',
    'group',
    ofGroups(({ queries }) => queries),
  ),
  family(
    'askfirst_group_blocked_total',
    'Blocked DNS queries of the members of a group.',
    'group',
    ofGroups(({ blocked }) => blocked),
  ),
  family('askfirst_changes_total', 'Changes at run time by what came of them.', 'result', ({ changes }) => ({
    written: changes.written,
    failed: changes.failed,
  })),
  family(
    'askfirst_list_fetches_total',
    'Lists fetched from the web by what came of it.',
    'result',
    ({ downloads }) => ({
      changed: downloads.updates,
      failed: downloads.failures,
    }),
  ),
  family('askfirst_upstream_queries_total', 'DNS queries answered by upstream.', 'upstream', ({ upstreams }) =>
    Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.queries])),
  ),
  family(
    'askfirst_upstream_tries_total',
    'Questions put to an upstream, retries included.',
    'upstream',
    ({ upstreams }) => Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.tries])),
  ),
  {
    name: 'askfirst_upstream_failures_total',
    help: 'Tries at an upstream that failed, by reason.',
    labels: ['upstream', 'reason'],
    read: ({ upstreams }) =>
      upstreams.flatMap(({ server, failures }) =>
        Object.entries(failures).map(([reason, value]) => [{ upstream: server, reason }, value] as const),
      ),
  },
  {
    name: 'askfirst_upstream_connections_total',
    help: 'Connections to an upstream: opened, of them resumed TLS sessions, and found dead by a question.',
    labels: ['upstream', 'what'],
    read: ({ upstreams }) =>
      upstreams.flatMap(({ server, connections: { opened, resumed, foundDead } }) =>
        Object.entries({ opened, resumed, found_dead: foundDead }).map(
          ([what, value]) => [{ upstream: server, what }, value] as const,
        ),
      ),
  },
  family(
    'askfirst_upstream_strays_total',
    'Packets that answered no question of ours: forged, or very late.',
    'upstream',
    ({ upstreams }) => Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.strays])),
  ),
  family(
    'askfirst_upstream_over_tcp_total',
    'Answers over UDP that were fetched again over TCP.',
    'upstream',
    ({ upstreams }) => Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.overTcp])),
  ),
  family(
    'askfirst_upstream_cut_records_total',
    'Records of an upstream that did not belong to the question and were cut out.',
    'upstream',
    ({ upstreams }) => Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.cutRecords])),
  ),
  {
    name: 'askfirst_intake_lines_total',
    help: 'Lines of the firewall by source and by what became of them.',
    labels: ['source', 'result'],
    read: ({ intake }) =>
      intake.flatMap(({ source, reports, notOurs, unknownFormat, rejected }) =>
        Object.entries({ report: reports, not_ours: notOurs, unknown_format: unknownFormat, rejected }).map(
          ([result, value]) => [{ source, result }, value] as const,
        ),
      ),
  },
  family(
    'askfirst_intake_refused_senders_total',
    'Packets and connections of senders that may not send.',
    'source',
    (s) => Object.fromEntries(s.intake.map(({ source, refusedSenders }) => [source, refusedSenders])),
  ),
  family(
    'askfirst_cache_prefetches_total',
    'Answers fetched before they expired, because they are asked for time and again.',
    ({ cache }) => cache.prefetches,
  ),
  family('askfirst_cache_flushed_total', 'Answers that were forgotten by wish.', ({ cache }) => cache.flushed),
  family('askfirst_cache_restored_total', 'Answers that came back after a restart.', ({ cache }) => cache.restored),
  family(
    'askfirst_synthesised_answers_total',
    'Answers with addresses made by DNS64, repetitions by the fast lane not counted.',
    ({ names }) => names.synthesised,
  ),
  family('askfirst_verdicts_total', 'Judged connections by verdict.', 'verdict', (stats) => stats.verdicts),
  family(
    'askfirst_reports_overflowed_total',
    'Reports that found no place to wait for their verdict.',
    ({ evidence }) => evidence.overflowed,
  ),
  family(
    'askfirst_hand_outs_dropped_total',
    'Hand-outs that had to go before their time, to keep the memory bounded.',
    ({ evidence }) => evidence.dropped,
  ),
  family(
    'askfirst_strangers_forgotten_total',
    'Addresses that only asked over UDP, which can be forged, and had to go for others of that kind.',
    ({ evidence }) => evidence.strangersForgotten,
  ),
]

const GAUGES: readonly Family[] = [
  family('askfirst_build_info', 'The running version.', 'version', ({ version }) => ({ [version]: 1 })),
  family(
    'askfirst_start_time_seconds',
    'When the server started, since 1970.',
    ({ started }) => Date.parse(started) / 1000,
  ),
  family('askfirst_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss()),
  family('askfirst_threads', 'Threads that answer.', ({ threads }) => threads.length),
  family('askfirst_open_connections', 'Connections of clients that are open.', 'transport', ({ connections }) =>
    Object.fromEntries(Object.entries(connections).map(([transport, { open }]) => [transport, open])),
  ),
  family(
    'askfirst_certificate_expires_seconds',
    'When the certificate ends, since 1970; 0 without one.',
    ({ certificate }) => (certificate === null ? 0 : Date.parse(certificate.until) / 1000),
  ),
  family('askfirst_cache_entries', 'Answers in the cache.', ({ cache }) => cache.entries),
  family(
    'askfirst_cache_bytes',
    'Memory that kept answers take, those of the fast lane among them.',
    ({ cache }) => cache.bytes,
  ),
  family('askfirst_cache_max_bytes', 'Memory that kept answers may take.', ({ cache }) => cache.maxBytes),
  family('askfirst_cache_failures', 'Failures that are remembered for seconds.', ({ cache }) => cache.failures),
  family('askfirst_lane_entries', 'Answers in the fast lane.', ({ cache }) => cache.laneEntries),
  family('askfirst_floods', 'Addresses and prefixes that asked too much lately.', ({ limits }) => limits.floods.length),
  family('askfirst_policy_generation', 'Version of the rules, growing.', ({ policy }) => policy.generation),
  family('askfirst_blocked_names', 'Names that are blocked.', ({ policy }) => policy.blocked),
  family('askfirst_allowed_names', 'Names that are allowed.', ({ policy }) => policy.allowed),
  family(
    'askfirst_list_rules',
    'Rules of a list.',
    'list',
    ofLists(({ rules }) => rules),
  ),
  family(
    'askfirst_list_rejected_lines',
    'Lines of a list that fit no format.',
    'list',
    ofLists(({ rejected }) => rejected),
  ),
  family(
    'askfirst_list_added_rules',
    'Rules that the last change of a list added.',
    'list',
    ofLists(({ change }) => change?.added),
  ),
  family(
    'askfirst_list_removed_rules',
    'Rules that the last change of a list removed.',
    'list',
    ofLists(({ change }) => change?.removed),
  ),
  family(
    'askfirst_list_changed_seconds',
    'When a list last changed, since 1970.',
    'list',
    ofLists(({ change }) => change && Date.parse(change.at) / 1000),
  ),
  family(
    'askfirst_group_members',
    'Addresses of known devices in a group.',
    'group',
    ofGroups(({ members }) => members),
  ),
  family(
    'askfirst_group_holds',
    '1 while the hours of a group are on, or where it has none.',
    'group',
    ofGroups(({ holds }) => Number(holds)),
  ),
  family(
    'askfirst_group_bonus',
    '1 while a group has bonus minutes.',
    'group',
    ofGroups(({ bonusUntil }) => Number(bonusUntil !== null)),
  ),
  family(
    'askfirst_group_paused',
    '1 while nothing is blocked for a group.',
    'group',
    ofGroups(({ pausedUntil }) => Number(pausedUntil !== null)),
  ),
  family('askfirst_paused_devices', 'Devices that nothing is blocked for.', ({ changes }) => changes.pausedDevices),
  family('askfirst_own_rules', 'Rules that were given at run time.', 'kind', ({ changes }) => ({
    block: changes.blockRules,
    allow: changes.allowRules,
  })),
  family('askfirst_own_names', 'Names of devices that were given at run time.', ({ changes }) => changes.names),
  family(
    'askfirst_own_rules_problems',
    'Things in the file of rules that cannot be used.',
    ({ changes }) => changes.problems,
  ),
  family('askfirst_list_downloads_failing', 'Lists whose last fetch failed.', ({ downloads }) => downloads.failing),
  family('askfirst_house_names', 'Names of the house by where they stand.', 'source', ({ names }) => names.records),
  family('askfirst_rewrites', 'Names that are answered otherwise than outside.', ({ names }) => names.rewrites),
  family(
    'askfirst_refused_lease_names',
    'Live leases whose host name is not answered, by reason.',
    'reason',
    ({ names }) => names.refusedLeases,
  ),
  {
    name: 'askfirst_upstream_use_info',
    help: 'What an upstream is asked for: servers, fallback, a group, or the names of a zone. Always 1.',
    labels: ['upstream', 'use'],
    read: ({ upstreams }) =>
      upstreams.flatMap(({ server, uses }) => uses.map((use) => [{ upstream: server, use }, 1] as const)),
  },
  family('askfirst_upstream_up', '1 where the upstream answers.', 'upstream', ({ upstreams }) =>
    Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.healthy ? 1 : 0])),
  ),
  family('askfirst_upstream_latency_seconds', 'Smoothed round trip to the upstream.', 'upstream', ({ upstreams }) =>
    Object.fromEntries(
      upstreams.flatMap(({ server, latencyMs }) => (latencyMs === null ? [] : [[server, latencyMs / 1000]])),
    ),
  ),
  family('askfirst_upstream_in_flight', 'Questions on their way to the upstream.', 'upstream', ({ upstreams }) =>
    Object.fromEntries(upstreams.map((upstream) => [upstream.server, upstream.inFlight])),
  ),
  family(
    'askfirst_intake_last_report_seconds',
    'When the source last reported a connection, since 1970.',
    'source',
    (s) =>
      Object.fromEntries(
        s.intake.flatMap(({ source, lastReport }) =>
          lastReport === null ? [] : [[source, Date.parse(lastReport) / 1000]],
        ),
      ),
  ),
  family(
    'askfirst_hand_outs',
    'Addresses that devices were given and may connect to.',
    ({ evidence }) => evidence.handOuts,
  ),
  family('askfirst_devices', 'Devices that are known.', ({ evidence }) => evidence.devices),
  family(
    'askfirst_strangers',
    'Addresses that nothing but their own UDP questions speaks for.',
    ({ evidence }) => evidence.strangers,
  ),
  family('askfirst_findings', 'Findings that are kept.', ({ evidence }) => evidence.findings),
  family('askfirst_reports_waiting', 'Reports held back until they can be judged.', ({ evidence }) => evidence.waiting),
  family('askfirst_learning', '1 while no connection is called direct-ip yet.', ({ learning }) =>
    learning.active ? 1 : 0,
  ),
  family('askfirst_paused', '1 while nothing is blocked.', ({ pause }) => (pause.active ? 1 : 0)),
]

/** One figure of each list that has it. Two lists of one name are told apart by a number. */
function ofLists(figure: (list: Stats['lists'][number]) => number | null | undefined) {
  return ({ lists }: Stats): Record<string, number> => {
    const values: Record<string, number> = {}
    const seen = new Map<string, number>()
    for (const list of lists) {
      const times = (seen.get(list.name) ?? 0) + 1
      seen.set(list.name, times)
      const value = figure(list)
      if (value !== null && value !== undefined) values[times === 1 ? list.name : `${list.name} (${times})`] = value
    }
    return values
  }
}

/** One figure of each group. */
function ofGroups(figure: (group: Stats['groups'][number]) => number) {
  return ({ groups }: Stats): Record<string, number> =>
    Object.fromEntries(groups.map((group) => [group.name, figure(group)]))
}

/** A writer of `/metrics`. One for each API: it keeps a registry of its own. */
export function metricsWriter(): { readonly contentType: string; write(stats: Stats): Promise<string> } {
  const registry = new Registry()
  let current: Stats
  for (const { name, help, labels, read } of COUNTERS) {
    new Counter({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset()
        for (const [values, value] of read(current)) this.inc(safe(values), value)
      },
    })
  }
  for (const { name, help, labels, read } of GAUGES) {
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset()
        for (const [values, value] of read(current)) this.set(safe(values), value)
      },
    })
  }
  registry.registerMetric(durations(() => current))
  return {
    contentType: registry.contentType,
    write(stats) {
      // All collectors run before the first await of `metrics`, so a scrape next to this one cannot change `current`.
      current = stats
      return registry.metrics()
    },
  }
}

/** Names of lists and paths of sources are text from files; somebody may read `/metrics` on a terminal. */
const safe = (labels: Sample[0]): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, safeText(value)]))

function family(name: string, help: string, read: (stats: Stats) => number): Family
function family(name: string, help: string, label: string, read: (stats: Stats) => Record<string, number>): Family
function family(
  name: string,
  help: string,
  ...rest: [(stats: Stats) => number] | [string, (stats: Stats) => Record<string, number>]
): Family {
  if (rest.length === 1) return { name, help, labels: [], read: (stats) => [[{}, rest[0](stats)]] }
  const [label, read] = rest
  return {
    name,
    help,
    labels: [label],
    read: (stats) => Object.entries(read(stats)).map(([key, value]) => [{ [label]: key }, value]),
  }
}

/** Threads are numbered from 1, as people count. */
function byThread(name: string, help: string, of: (thread: Stats['threads'][number]) => number): Family {
  return family(name, help, 'thread', ({ threads }) =>
    Object.fromEntries(threads.map((thread, i) => [String(i + 1), of(thread)])),
  )
}

/** Our histogram as prom-client writes one. Its own can only observe, not take buckets that are counted already. */
function durations(current: () => Stats): Histogram {
  const name = 'askfirst_query_duration_seconds'
  const get = async () => {
    const { boundsUs, outcomes } = current().latency
    const values = Object.entries(outcomes).flatMap(([outcome, { count, sumUs, buckets }]) => {
      let below = 0
      const steps = boundsUs.map((bound, i) => ({
        metricName: `${name}_bucket`,
        labels: { outcome, le: String(Number((bound * SECONDS_A_MICROSECOND).toPrecision(6))) },
        value: (below += buckets[i] ?? 0),
      }))
      return [
        ...steps,
        { metricName: `${name}_bucket`, labels: { outcome, le: '+Inf' }, value: count },
        { metricName: `${name}_sum`, labels: { outcome }, value: sumUs * SECONDS_A_MICROSECOND },
        { metricName: `${name}_count`, labels: { outcome }, value: count },
      ]
    })
    return { name, help: 'Time from question read to answer sent, by how it ended.', type: 'histogram', values }
  }
  return { name, get } as unknown as Histogram
}
