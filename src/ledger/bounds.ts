// The numbers of the ledger, each with its unit and source. What may be configured is in the configuration's schema.
import { bounded } from '../base/bounds.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'

const NOTE = 'docs/decisions/0004-evidence.md'

/** Bounds and defaults of the ledger. Times in milliseconds. */
export const LEDGER = {
  /** How long an answer explains connections when its TTL is shorter. */
  window: bounded({ unit: 'ms', min: MINUTE, default: DAY, max: 30 * DAY, source: NOTE }),
  /** How long a hand-out is kept beyond that, to call a connection `stale` and not `direct-ip`. */
  staleFor: bounded({ unit: 'ms', min: HOUR, default: HOUR, max: HOUR, source: NOTE }),
  /** Longest TTL that is believed; RFC 8767 §4 advises a cap of a week. */
  ttl: bounded({ unit: 'ms', min: 7 * DAY, default: 7 * DAY, max: 7 * DAY, source: 'RFC 8767 §4' }),
  /** How long a report waits for late answers before it is judged. */
  holdBack: bounded({ unit: 'ms', min: 0, default: 5 * SECOND, max: 5 * MINUTE, source: NOTE }),
  /** An answer this much later than the connection still counts as earlier: clock ticks and batching of the resolver. */
  slack: bounded({ unit: 'ms', min: 0, default: 100, max: 10 * SECOND, source: NOTE }),
  /** Age of the ledger before it calls anything `direct-ip`. */
  learning: bounded({ unit: 'ms', min: 0, default: DAY, max: 30 * DAY, source: NOTE }),
  /** The same for one device. */
  deviceLearning: bounded({ unit: 'ms', min: 0, default: 4 * HOUR, max: 30 * DAY, source: NOTE }),
  /** After evidence was lost: more than 99 % of the measured connections follow their answer within this time. */
  lostFor: bounded({ unit: 'ms', min: HOUR, default: HOUR, max: HOUR, source: NOTE }),
  /** A renewed hand-out is written to the state file at most this often, to spare flash cards. */
  renewalEvery: bounded({ unit: 'ms', min: 10 * MINUTE, default: 10 * MINUTE, max: 10 * MINUTE, source: NOTE }),

  /** Hand-outs (address given to a device) kept for one device. */
  perDevice: bounded({ unit: 'entries', min: 1, default: 4096, max: 4_000_000, source: NOTE }),
  /** Hand-outs kept in all; about 400 bytes each when names and addresses are all different. */
  inAll: bounded({ unit: 'entries', min: 1, default: 500_000, max: 4_000_000, source: NOTE }),
  /** Names kept for one hand-out. */
  names: bounded({ unit: 'entries', min: 1, default: 8, max: 256, source: NOTE }),
  /** Answer times kept for one name of a hand-out. */
  times: bounded({ unit: 'entries', min: 4, default: 4, max: 256, source: NOTE }),
  /** Addresses taken from one answer; a UDP answer of 4,096 bytes cannot hold more than 255. */
  perAnswer: bounded({ unit: 'entries', min: 512, default: 512, max: 512, source: NOTE }),
  /** Addresses that only their own UDP questions speak for, which anybody can forge. So few die young, which V8 has cheapest. */
  strangers: bounded({ unit: 'entries', min: 1, default: 2048, max: 2048, source: NOTE }),
  /** Hand-outs that these have together. */
  ofStrangers: bounded({ unit: 'entries', min: 1, default: 8192, max: 8192, source: NOTE }),
  /** Who still asks after so long is no stranger: a flood of forged addresses has pushed its own ones out by then. */
  settledAfter: bounded({ unit: 'ms', min: 10 * MINUTE, default: 10 * MINUTE, max: 10 * MINUTE, source: NOTE }),
  devices: bounded({ unit: 'entries', min: 1, default: 8192, max: 8192, source: NOTE }),
  addresses: bounded({ unit: 'entries', min: 1, default: 65_536, max: 65_536, source: NOTE }),
  /** Reports that wait to be judged: 20,000 a second at the default hold-back. */
  docket: bounded({ unit: 'entries', min: 1, default: 100_000, max: 100_000, source: NOTE }),
  findings: bounded({ unit: 'entries', min: 1, default: 10_000, max: 10_000, source: NOTE }),
} as const
