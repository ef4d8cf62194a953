// What `GET /api/v1/stats` answers: every figure with its unit. One source for validation, types, OpenAPI and metrics.
// Long because it is the one table of every figure.
import { z } from 'zod'
import { listChange } from './lists-schema.ts'
import { count, pauseState, time, VERDICTS } from './schemas.ts'

const share = z.number().min(0).max(1)
const counts = z.record(z.string(), count)
const perOutcome = <T extends z.ZodType>(value: T) =>
  z.object({
    blocked: value,
    cached: value,
    stale: value,
    forwarded: value,
    local: value,
    special: value,
    refused: value,
    failed: value,
  })

const duration = z.object({
  count,
  sumUs: z.number().min(0).describe('microseconds, all together'),
  p50Us: z.number().nullable().describe('bound that half of the answers kept to; null without answers or beyond all'),
  p99Us: z.number().nullable().describe('bound that 99 % of the answers kept to'),
  buckets: z.array(count).describe('answers up to each of "boundsUs" and above the one before; last, beyond all'),
})

const topNames = z.object({
  items: z.array(z.object({ name: z.string(), count })),
  error: count.describe('by how much a count may be too low; 0 in all but very large networks'),
})

const upstream = z.object({
  server: z.string(),
  transport: z.enum(['udp', 'tcp', 'tls', 'https']),
  uses: z
    .array(z.string())
    .describe('what it is asked for: "servers", "fallback", "group:" with the name of a group, or the names of a zone'),
  healthy: z.boolean(),
  queries: count.describe('forwarded queries that it answered'),
  meanUs: z.number().nullable().describe('mean time of those, from question read to answer sent'),
  latencyMs: z.number().nullable().describe('smoothed round trip'),
  tries: count,
  failures: counts.describe('tries that failed, by reason'),
  inFlight: count.describe('questions on their way now'),
  overTcp: count.describe('answers over UDP that were fetched again over TCP'),
  strays: count.describe('packets that answered no question of ours'),
  cutRecords: count.describe('records that did not belong to the question and were cut out'),
  connections: z.object({
    opened: count,
    resumed: count.describe('those that took up an earlier TLS session'),
    foundDead: count.describe('those that a question found closed; it was sent again on a new one'),
  }),
})

const connections = z.object({
  open: count.describe('now'),
  accepted: count,
  refused: count.describe('turned away: too many, or a client that may not ask there'),
  displaced: count.describe('closed to make room for a new one'),
  timedOut: count.describe('closed for being idle, or slow with a message or with reading replies'),
  faulty: count.describe('closed for what they sent: no DNS message, no TLS, no HTTP, no PROXY header'),
})

const list = z.object({
  name: z.string(),
  kind: z.enum(['block', 'allow']),
  path: z.string().nullable(),
  formats: z.array(z.string()),
  rules: count,
  lines: count,
  rejected: count,
  hits: count,
  updates: count.describe('changes since the start'),
  change: listChange.nullable(),
})

const group = z.object({
  name: z.string(),
  holds: z.boolean().describe('false while its hours are off'),
  schedule: z.string().nullable(),
  bonusUntil: time.nullable().describe('until when it has bonus minutes'),
  pausedUntil: time.nullable(),
  members: count.describe('addresses of known devices in it'),
  queries: count,
  blocked: count,
})

const names = z
  .object({
    domain: z.string().nullable().describe('the domain of the house'),
    records: z
      .object({ config: count, hosts: count, lease: count })
      .describe('names by where they stand; reverse names are not counted'),
    rewrites: count,
    refusedLeases: z
      .object({
        unusable: count.describe('nothing that could be a host name was in it'),
        reserved: count.describe('localhost, wpad and the like'),
        defined: count.describe('the configuration or a hosts file has that name'),
        taken: count.describe('another device has that name'),
        address: count.describe('the address is one that no device can have'),
      })
      .describe('live leases whose host name is not answered, by reason'),
    overflowed: count.describe('names that found no place'),
    synthesised: count.describe('answers with addresses made by DNS64; what the fast lane repeats is not counted'),
    files: z.array(
      z.object({
        path: z.string(),
        kind: z.enum(['hosts', 'lease']),
        format: z.string(),
        entries: count.describe('lines, or live leases'),
        rejected: count.describe('lines that are none'),
      }),
    ),
  })
  .describe('the names of the house')

const source = z.object({
  source: z.string().describe('such as syslog/udp, or a path'),
  lines: count,
  reports: count,
  notOurs: count,
  unknownFormat: count,
  rejected: count,
  refusedSenders: count,
  bytes: count,
  clockDisagrees: count.describe('lines whose stamp was too far from their arrival to be believed'),
  clockSkewMs: z.number().nullable(),
  lastLine: time.nullable(),
  lastReport: time.nullable(),
  problem: z.string().nullable().describe('what keeps this source from working now'),
  samples: z.array(z.object({ line: z.string(), reason: z.string() })).describe('the latest rejected lines'),
})

/** All figures of the server. */
export const stats = z
  .object({
    version: z.string(),
    started: time,
    uptime: z.number().min(0).describe('seconds'),
    totals: perOutcome(count)
      .extend({
        queries: count,
        answered: count.describe('queries that were neither refused nor failed'),
        lane: count.describe('queries answered by the fast lane'),
        withoutDetails: count.describe('queries known by their outcome only, because the journal was full'),
        blockedShare: share,
      })
      .describe('since the start'),
    refused: counts.describe('refused queries, by the rule that refused'),
    failed: counts.describe('failed queries, by reason'),
    types: counts,
    rcodes: counts,
    transports: counts,
    threads: z
      .array(z.object({ queries: count, cpuUs: count.describe('processor time, microseconds') }))
      .describe(
        'the threads that answer; one that has much more to do than the others serves few ports with many queries',
      ),
    connections: z.object({ tcp: connections, tls: connections, https: connections }),
    edns: z
      .object({
        cookie: count,
        keepalive: count,
        nsid: count,
        clientSubnet: count,
        padding: count,
        dnssecOk: count.describe('queries with DO: for DNSSEC records too'),
        checkingDisabled: count.describe('queries with CD: for answers that fail validation too'),
      })
      .describe(
        'replies by the EDNS options that they carried, because they were asked for; and queries by their bits',
      ),
    datagrams: z.object({
      noQuery: count.describe('packets that were no query, over any transport: they got no answer'),
      proxied: count.describe('those of load balancers, with a PROXY header'),
      faulty: count.describe('those of load balancers without a good PROXY header, dropped'),
    }),
    httpStatuses: counts.describe('responses of DNS over HTTPS, by status'),
    certificate: z
      .object({
        names: z.array(z.string()),
        until: time,
        problem: z.string().nullable().describe('what is wrong with its files as they are now'),
      })
      .nullable()
      .describe('the certificate in use; null where nothing encrypted is served'),
    latency: z.object({ boundsUs: z.array(z.number()), outcomes: perOutcome(duration) }),
    lastDay: z.object({
      from: time,
      queries: count,
      blocked: count,
      blockedShare: share,
      minutes: z
        .object({ queries: z.array(count), blocked: z.array(count) })
        .describe('one number a minute, oldest first'),
    }),
    top: z
      .object({
        names: topNames.describe('names that were not blocked'),
        blockedNames: topNames,
        devices: z.object({
          items: z.array(z.object({ device: z.string(), name: z.string().nullable(), queries: count, blocked: count })),
          error: count,
        }),
      })
      .describe('the running hour and the 23 before it'),
    upstreams: z.array(upstream),
    cache: z.object({
      entries: count,
      bytes: count,
      maxBytes: count,
      laneEntries: count,
      failures: count.describe('failures that are remembered for seconds'),
      prefetches: count.describe('answers fetched before they expired, because they are asked for time and again'),
      flushed: count.describe('answers that were forgotten by wish'),
      restored: count.describe('answers that came back after a restart'),
      hits: count,
      hitShare: share.describe('of the queries that had to come from the cache or an upstream'),
    }),
    limits: z.object({
      floods: z
        .array(
          z.object({
            who: z.string().describe('an address, or the prefix of many'),
            kind: z.enum(['queries', 'prefix', 'names', 'in-flight']),
            limited: count.describe('queries over the limit'),
            since: time,
            last: time,
          }),
        )
        .describe('those who asked too much, the latest first; what they were refused counts in refused.limit'),
    }),
    policy: z.object({ generation: count, blocked: count, allowed: count, loaded: time.nullable() }),
    lists: z.array(list),
    groups: z.array(group).describe('in the order in which they count; what a client calls itself is not counted by'),
    changes: z
      .object({
        blockRules: count,
        allowRules: count,
        names: count,
        problems: count.describe('things in the file that cannot be used'),
        written: count.describe('changes since the start'),
        failed: count.describe('changes that could not be written, or do not hold'),
        pausedGroups: count,
        pausedDevices: count,
        bonuses: count.describe('groups with bonus minutes'),
      })
      .describe('what people gave at run time, as it stands in the file of rules'),
    downloads: z.object({
      wanted: count.describe('lists from the web'),
      missing: count.describe('of them those that never came'),
      failing: count.describe('of them those whose last try failed'),
      updates: count.describe('times that a list has changed since the start'),
      failures: count.describe('tries that failed since the start'),
      oldest: time.nullable().describe('when the content of the oldest copy came'),
    }),
    names,
    intake: z.array(source),
    verdicts: z.record(z.enum(VERDICTS), count),
    evidence: z.object({
      handOuts: count.describe('addresses that devices were given'),
      devices: count,
      dropped: count.describe('hand-outs that had to go before their time, to keep the memory bounded'),
      strangers: count.describe('addresses that nothing but their own UDP questions speaks for, which can be forged'),
      strangersForgotten: count.describe('of these, how many had to go: a flood of forged senders pushes out itself'),
      findings: count,
      waiting: count.describe('reports held back until they can be judged'),
      overflowed: count.describe('reports that found no place to wait'),
    }),
    evidenceLostUntil: time
      .nullable()
      .describe('answers were lost: until then nothing that is unexplained is called direct-ip'),
    learning: z.object({ active: z.boolean(), until: time.nullable() }),
    pause: pauseState,
  })
  .meta({ id: 'Stats' })
export type Stats = z.output<typeof stats>
