// The numbers of the configuration: what each may be, and why. Knows neither keys nor files.
import { bounded } from '../base/bounds.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'

const CACHE_NOTE = 'docs/decisions/0005-cache.md'
const EVIDENCE_NOTE = 'docs/decisions/0004-evidence.md'
const LIMITS_NOTE = 'docs/decisions/0008-limits.md'
const UPSTREAM_NOTE = 'docs/upstreams.md'
const LISTS_PAGE = 'docs/lists.md'
const SINKHOLE_NOTE = 'docs/decisions/0003-sinkhole-answers.md'

/** Bounds of every number in the configuration. */
export const BOUNDS = {
  upstreamTimeout: bounded({ unit: 'ms', min: 100, default: 2 * SECOND, max: 30 * SECOND, source: 'RFC 9520 §3.1' }),
  upstreamAttempts: bounded({ unit: 'count', min: 1, default: 3, max: 10, source: 'RFC 9520 §3.1' }),
  upstreamWeight: bounded({ unit: 'count', min: 1, default: 1, max: 100, source: UPSTREAM_NOTE }),
  upstreamInFlight: bounded({ unit: 'count', min: 1, default: 2000, max: 10_000, source: UPSTREAM_NOTE }),
  upstreamIdle: bounded({ unit: 'ms', min: SECOND, default: 15 * SECOND, max: 10 * MINUTE, source: 'RFC 7766 §6.2.3' }),
  listEvery: bounded({ unit: 'ms', min: HOUR, default: DAY, max: 30 * DAY, source: LISTS_PAGE }),
  listTimeout: bounded({ unit: 'ms', min: 5 * SECOND, default: 2 * MINUTE, max: 30 * MINUTE, source: LISTS_PAGE }),
  listSize: bounded({ unit: 'bytes', min: 1024, default: 128 * 1024 ** 2, max: 512 * 1024 ** 2, source: LISTS_PAGE }),
  listShrink: bounded({ unit: 'count', min: 1, default: 50, max: 100, source: LISTS_PAGE }),
  cacheSize: bounded({
    unit: 'bytes',
    min: 64 * 1024,
    default: 16 * 1024 ** 2,
    max: 4 * 1024 ** 3,
    source: CACHE_NOTE,
  }),
  cacheMinTtl: bounded({ unit: 's', min: 0, default: 0, max: 3600, source: CACHE_NOTE }),
  cacheMaxTtl: bounded({ unit: 's', min: 1, default: 86_400, max: 604_800, source: 'RFC 8767 §4' }),
  cacheNegativeTtl: bounded({ unit: 's', min: 0, default: 3600, max: 10_800, source: 'RFC 2308 §5' }),
  cacheMaxStale: bounded({ unit: 's', min: 86_400, default: 259_200, max: 259_200, source: 'RFC 8767 §5' }),
  cacheStaleWait: bounded({ unit: 'ms', min: 0, default: SECOND, max: 1800, source: 'RFC 8767 §5' }),
  cacheFailureTtl: bounded({ unit: 's', min: 1, default: 3, max: 300, source: 'RFC 9520 §3.2' }),
  limitQueries: bounded({ unit: 'count', min: 0, default: 1000, max: 1_000_000, source: LIMITS_NOTE }),
  limitPerPrefix: bounded({ unit: 'count', min: 0, default: 10_000, max: 10_000_000, source: LIMITS_NOTE }),
  limitNames: bounded({ unit: 'count', min: 0, default: 500, max: 2000, source: LIMITS_NOTE }),
  limitInFlight: bounded({ unit: 'count', min: 0, default: 500, max: 10_000, source: LIMITS_NOTE }),
  blockTtl: bounded({ unit: 's', min: 0, default: 60, max: 86_400, source: SINKHOLE_NOTE }),
  localTtl: bounded({ unit: 's', min: 0, default: 60, max: 86_400, source: 'docs/names.md' }),
  udpSize: bounded({ unit: 'bytes', min: 512, default: 1232, max: 4096, source: 'DNS Flag Day 2020; RFC 9715 §3' }),
  connections: bounded({
    unit: 'count',
    min: 8,
    default: 2048,
    max: 65_536,
    source: 'RFC 9210 §4.1; docs/protocol.md',
  }),
  connectionsPerClient: bounded({
    unit: 'count',
    min: 1,
    default: 64,
    max: 65_536,
    source: 'RFC 9210 §4.1; docs/protocol.md',
  }),
  connectionIdle: bounded({
    unit: 'ms',
    min: SECOND,
    default: 30 * SECOND,
    max: 10 * MINUTE,
    source: 'RFC 7766 §6.2.3; docs/protocol.md',
  }),
  threads: bounded({ unit: 'count', min: 1, default: 1, max: 64, source: 'docs/threads.md' }),
  evidenceWindow: bounded({ unit: 'ms', min: MINUTE, default: DAY, max: 30 * DAY, source: EVIDENCE_NOTE }),
  holdBack: bounded({ unit: 'ms', min: 0, default: 5 * SECOND, max: 5 * MINUTE, source: EVIDENCE_NOTE }),
  learning: bounded({ unit: 'ms', min: 0, default: DAY, max: 30 * DAY, source: EVIDENCE_NOTE }),
  deviceLearning: bounded({ unit: 'ms', min: 0, default: 4 * HOUR, max: 30 * DAY, source: EVIDENCE_NOTE }),
} as const

/**
 * Most items that a list in the configuration may have. Far above what people write by hand; ranges and exemptions
 * are searched one by one for a new client or connection, and each socket costs a file descriptor.
 */
export const LENGTHS = {
  sockets: 64,
  servers: 16,
  options: 64,
  pins: 8,
  addresses: 16,
  ranges: 256,
  exemptions: 1024,
  files: 1000,
  rules: 8192,
  names: 8192,
  recordsOfOne: 32,
  zones: 256,
  groups: 256,
} as const
