// A small house for the tests of the API: its views over a real tally, with findings, a list, an upstream and a source.
import type { Endpoint } from '../../../src/base/address.ts'
import { HOUR, MINUTE } from '../../../src/base/clock.ts'
import type { Explanation } from '../../../src/control/explain-schema.ts'
import { cacheStats, journalStats, listStats, threadStats, upstreamStats } from '../../../src/control/figures.ts'
import type { Lists } from '../../../src/control/lists-schema.ts'
import { pageOf } from '../../../src/control/page.ts'
import { type Health, type PauseState, type ReportCounts, timeText } from '../../../src/control/schemas.ts'
import type { Stats } from '../../../src/control/stats-schema.ts'
import type { Views } from '../../../src/control/views.ts'
import type { Entry } from '../../../src/journal/entry.ts'
import { Tally } from '../../../src/journal/tally.ts'
import type { Finding } from '../../../src/ledger/verdict.ts'
import { type ListInfo, listKey } from '../../../src/policy/decision.ts'

export const NOW = Date.UTC(2026, 10, 22, 12, 30)
export const LISTEN: readonly Endpoint[] = [{ address: '127.0.0.1', port: 8053 }]
export const TOKEN = '3f9c2a7be01d44e8b0'

const KITCHEN = 'mac:aa:bb:cc:dd:ee:01'
const NAMES = new Map([[KITCHEN, 'kitchen-tablet']])
const nameOf = (device: string): string | undefined => NAMES.get(device)

export const entry = (change: Partial<Entry> = {}): Entry => ({
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

export const finding = (change: Partial<Finding> = {}): Finding => ({
  id: `2026-11-22 ${KITCHEN} 198.51.100.7 tcp 443`,
  kind: 'direct-ip',
  class: 'plain',
  device: KITCHEN,
  src: '192.168.1.20',
  dst: '198.51.100.7',
  proto: 'tcp',
  dport: 443,
  day: '2026-11-22',
  first: NOW - 3 * HOUR,
  last: NOW - MINUTE,
  count: 12,
  score: 70,
  rule: 'Shorewall:loc2net:ACCEPT:',
  reason: 'nobody asked for a name that gave 198.51.100.7',
  ...change,
})

const LIST: ListInfo = {
  name: 'starter.hosts',
  path: '/etc/askfirst/blocklists/starter.hosts',
  kind: 'block',
  formats: ['hosts'],
  rules: 61,
  lines: 90,
  rejected: 0,
}

/** One list from the folder, one from the web whose server is down. */
export const listsOf = (compare: boolean): Lists => ({
  loaded: timeText(NOW - HOUR),
  lists: [
    {
      ...LIST,
      path: LIST.path as string,
      formats: ['hosts'],
      confidence: 1,
      subdomains: false,
      skipped: { own: 3 },
      hits: 30,
      updates: 2,
      change: { at: timeText(NOW - 2 * HOUR), rules: 61, added: 4, removed: 1 },
      download: null,
      comparison: compare ? { rules: 61, unique: 40, shared: [{ list: 'lists.example/ads.txt', rules: 21 }] } : null,
    },
    {
      name: 'lists.example/ads.txt',
      kind: 'block',
      path: '/var/lib/askfirst/lists/0.list',
      formats: ['domains'],
      confidence: 0.7,
      subdomains: true,
      rules: 100_000,
      lines: 150_000,
      rejected: 42,
      skipped: {},
      hits: 0,
      updates: 1,
      change: { at: timeText(NOW - 9 * HOUR), rules: 100_000, added: 12, removed: 3 },
      download: {
        url: 'https://lists.example/ads.txt',
        state: 'waiting',
        received: 0,
        fetched: timeText(NOW - 9 * HOUR),
        checked: timeText(NOW - 9 * HOUR),
        tried: timeText(NOW - HOUR),
        next: timeText(NOW + HOUR),
        failures: 1,
        why: 'the server answered 500',
        sha256: 'ab'.repeat(32),
        added: 12,
        removed: 3,
      },
      comparison: compare ? { rules: 100_000, unique: 99_979, shared: [] } : null,
    },
  ],
})

/** What a test may set, and what the views were told. */
export interface House {
  readonly views: Views
  readonly tally: Tally
  findings: Finding[]
  health: Health
  readonly taken: { text: string; source: string }[]
  readonly pauses: { seconds: number; by: string }[]
  /** Where set, every view fails with it. */
  fault: Error | undefined
}

export function house(): House {
  const tally = new Tally(1)
  tally.label({ lists: [listKey(LIST)], upstreams: ['9.9.9.9:53'] })
  tally.fold(entry({ count: 60, latency: 900, lane: true }), KITCHEN)
  tally.fold(
    entry({ name: 'ads.example.com', outcome: { kind: 'blocked', list: 0, line: 12 }, count: 30, latency: 300 }),
    KITCHEN,
  )
  tally.fold(
    entry({ outcome: { kind: 'forwarded', upstream: 0 }, type: 28, latency: 18_000, time: NOW - HOUR }),
    'ip:192.168.1.30',
  )
  tally.fold(
    entry({ outcome: { kind: 'refused', reason: 'access' }, rcode: 5, client: '203.0.113.9' }),
    'ip:203.0.113.9',
  )
  tally.fold(
    entry({ outcome: { kind: 'failed', reason: 'no-upstream' }, rcode: 2, transport: 'tcp' }),
    'ip:192.168.1.30',
  )
  let pause: PauseState = { active: false, until: null, by: null }
  const own: House = {
    tally,
    findings: [finding()],
    health: { ok: true, reasons: [] },
    taken: [],
    pauses: [],
    fault: undefined,
    views: {
      stats: () => check(statsOf(tally, pause, own.findings.length)),
      findings: (query) => check(pageOf(own.findings, query, nameOf)),
      explain: (name, device) => check({ ...EXPLANATION, name, device: device ?? null }),
      devices: () =>
        check({
          devices: [
            {
              id: KITCHEN,
              name: 'kitchen-tablet',
              mac: 'aa:bb:cc:dd:ee:01',
              addresses: ['192.168.1.20', 'fd00::20'],
              shared: false,
              asks: true,
              first: timeText(NOW - 20 * HOUR),
              last: timeText(NOW),
            },
          ],
        }),
      lists: (compare) => check(listsOf(compare)),
      refreshLists: (url) => check({ lists: url === undefined ? ['https://lists.example/ads.txt'] : [url] }),
      takeReports: (text, source) => {
        own.taken.push({ text, source })
        const lines = text.split('\n').filter((line) => line !== '')
        return check<ReportCounts>({ reports: lines.length, notOurs: 0, unknownFormat: 0, rejected: 0 })
      },
      rule: ({ kind, name }) => check({ done: `${name} ${kind}`, file: '/etc/askfirst/rules.yaml' }),
      nameDevice: ({ device, name }) => check({ done: `${device} ${name}`, file: '/etc/askfirst/rules.yaml' }),
      bonus: (group) =>
        check({
          code: 'ASKFIRST_E_HTTP_REQUEST',
          message: `there is no group ${group}`,
          place: { path: 'group' },
        } as const),
      pause: (seconds, by) => {
        own.pauses.push({ seconds, by })
        pause = { active: true, until: timeText(NOW + seconds * 1000), by }
        return check({ ...pause, file: '/etc/askfirst/rules.yaml' })
      },
      resume: (by) => {
        own.pauses.push({ seconds: 0, by })
        pause = { active: false, until: null, by: null }
        return check({ ...pause, file: '/etc/askfirst/rules.yaml' })
      },
      flush: (name, zone) => check({ name, zone, flushed: 3 }),
      health: () => check(own.health),
    },
  }
  const check = <T>(value: T): T => {
    if (own.fault !== undefined) throw own.fault
    return value
  }
  return own
}

function statsOf(tally: Tally, pause: PauseState, findings: number): Stats {
  const counters = tally.counters()
  return {
    ...journalStats(tally, NOW, nameOf),
    version: '0.1.0',
    started: timeText(NOW - 26 * HOUR),
    uptime: (26 * HOUR) / 1000,
    threads: threadStats([2_000_000, 500_000], counters),
    edns: { cookie: 7, keepalive: 2, nsid: 0, clientSubnet: 0, padding: 4, dnssecOk: 9, checkingDisabled: 1 },
    datagrams: { noQuery: 3, proxied: 0, faulty: 0 },
    connections: {
      tcp: { open: 2, accepted: 40, refused: 1, displaced: 0, timedOut: 30, faulty: 1 },
      tls: { open: 3, accepted: 9, refused: 0, displaced: 0, timedOut: 6, faulty: 0 },
      https: { open: 0, accepted: 0, refused: 0, displaced: 0, timedOut: 0, faulty: 0 },
    },
    httpStatuses: { 200: 12, 400: 1 },
    certificate: { names: ['dns.example'], until: timeText(NOW + 20 * HOUR), problem: null },
    upstreams: upstreamStats(
      [
        {
          server: '9.9.9.9:53',
          transport: 'udp',
          uses: ['servers'],
          healthy: true,
          tries: 3,
          failures: { timeout: 1, servfail: 0 },
          latency: 12.5,
          inFlight: 0,
          overTcp: 0,
          strays: 0,
          cutRecords: 2,
          connections: { opened: 4, resumed: 1, foundDead: 0 },
        },
      ],
      counters,
    ),
    cache: cacheStats(
      {
        entries: 140,
        bytes: 91_000,
        maxBytes: 33_554_432,
        laneEntries: 120,
        failures: 0,
        prefetches: 3,
        flushed: 5,
        restored: 80,
      },
      counters,
    ),
    limits: {
      floods: [
        { who: '192.168.1.77', kind: 'queries', limited: 31_007, since: timeText(NOW - HOUR), last: timeText(NOW) },
      ],
    },
    policy: { generation: 3, blocked: 61, allowed: 0, loaded: timeText(NOW - 26 * HOUR) },
    lists: listStats([LIST], counters, () => ({
      change: { at: timeText(NOW - 2 * HOUR), rules: 61, added: 4, removed: 1 },
      updates: 2,
    })),
    groups: [
      {
        name: 'children',
        holds: true,
        schedule: 'school-night',
        bonusUntil: null,
        pausedUntil: timeText(NOW + HOUR),
        members: 2,
        queries: 40,
        blocked: 12,
      },
    ],
    changes: {
      blockRules: 3,
      allowRules: 1,
      names: 2,
      problems: 0,
      written: 6,
      failed: 1,
      pausedGroups: 1,
      pausedDevices: 0,
      bonuses: 0,
    },
    downloads: { wanted: 2, missing: 0, failing: 1, updates: 7, failures: 3, oldest: timeText(NOW - 9 * HOUR) },
    names: {
      domain: 'home.arpa',
      records: { config: 2, hosts: 1, lease: 4 },
      rewrites: 1,
      refusedLeases: { unusable: 0, reserved: 1, defined: 0, taken: 0, address: 0 },
      overflowed: 0,
      synthesised: 3,
      files: [{ path: '/var/lib/misc/dnsmasq.leases', kind: 'lease', format: 'dnsmasq', entries: 2, rejected: 0 }],
    },
    intake: [
      {
        source: 'syslog/udp',
        lines: 500,
        reports: 480,
        notOurs: 17,
        unknownFormat: 1,
        rejected: 2,
        refusedSenders: 0,
        bytes: 120_000,
        clockDisagrees: 0,
        clockSkewMs: 4,
        lastLine: timeText(NOW - 1000),
        lastReport: timeText(NOW - 1000),
        problem: null,
        samples: [{ line: 'IN=eth0 OUT=', reason: 'cut before the addresses' }],
      },
    ],
    verdicts: { asked: 460, stale: 2, borrowed: 1, 'direct-ip': 12, 'dns-bypass': 3, exempt: 2, unproven: 0 },
    evidence: {
      handOuts: 900,
      devices: 2,
      dropped: 0,
      strangers: 1,
      strangersForgotten: 0,
      findings,
      waiting: 4,
      overflowed: 0,
    },
    evidenceLostUntil: null,
    learning: { active: false, until: null },
    pause,
  }
}

const RULE = {
  list: LIST.name,
  path: LIST.path ?? null,
  line: 12,
  text: '0.0.0.0 ads.example.com',
  subtree: false,
  covers: 'name' as const,
}

const BLOCKED_BY = 'blocked by starter.hosts: ads.example.com'

export const EXPLANATION: Explanation = {
  name: 'ads.example.com',
  device: null,
  deviceName: null,
  decision: { kind: 'block', clause: 'the only rule that matches', ...RULE },
  groups: [],
  matches: [{ kind: 'block', ...RULE, applies: true, why: null }],
  parent: null,
  upstreams: null,
  aliases: [],
  local: [],
  pause: { active: false, until: null, by: null },
  pauses: [],
  safeSearch: null,
  wouldAnswer: {
    A: { source: 'sinkhole', rcode: 'NOERROR', ttl: 60, records: ['127.0.0.1'], error: BLOCKED_BY },
    AAAA: { source: 'sinkhole', rcode: 'NOERROR', ttl: 60, records: ['::1'], error: BLOCKED_BY },
    HTTPS: { source: 'sinkhole', rcode: 'NOERROR', ttl: 60, records: [], error: BLOCKED_BY },
  },
  cached: [],
  evidence: [],
}
