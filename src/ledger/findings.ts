// What deserves a look, aggregated by device, address, port and day. Knows verdicts; knows no evidence.
import { createHash } from 'node:crypto'
import { DAY, type EpochMs, MINUTE } from '../base/clock.ts'
import { Recent } from '../base/recent.ts'
import { safeText } from '../base/text.ts'
import { LEDGER } from './bounds.ts'
import { flat } from './flat.ts'
import type { BypassClass, DirectClass, Finding, Judgement } from './verdict.ts'

/**
 * How much each class deserves a look, 0–100. Other DNS stands on top, since it hides everything after it; a plain
 * bare address is what malware and tunnels use; calls, games and clocks use bare addresses by design.
 */
const SCORES: Record<DirectClass | BypassClass, number> = {
  doh: 85,
  dot: 80,
  dns: 75,
  plain: 55,
  'after-dns-bypass': 35,
  p2p: 15,
  stun: 10,
  ntp: 5,
}
/** Web ports are where tunnels hide when all else is closed, and most of their servers have no name. */
const WEB_PORT = 10
/** Insistence: added at most, reached at 1,024 connections a day. */
const INSISTENCE = 10
/** What the firewall stopped did no harm. */
const STOPPED = -20

/** Longest rule name that is kept, as in a report. */
const RULE_LENGTH = 128

/** An aggregate is stored again when it doubled, or after this long: spares flash cards. */
const STORE_EVERY = 10 * MINUTE

interface Kept {
  finding: Finding
  storedCount: number
  storedAt: EpochMs
}

/** All findings. Bounded: 10,000 by default, the one that was seen longest ago goes first. */
export class Findings {
  readonly #kept: Recent<string, Kept>
  readonly #store: (finding: Finding) => void
  /** The latest day written out, since nearly all reports are of one day. */
  #day = { number: Number.NaN, text: '' }

  constructor(options: { limit?: number; store?: (finding: Finding) => void } = {}) {
    this.#kept = new Recent(options.limit ?? LEDGER.findings.default)
    this.#store = options.store ?? (() => {})
  }

  /** Counts a judgement in; returns its finding, or `undefined` where the verdict is none that calls for one. */
  take({ report, device, verdict, reason }: Omit<Judgement, 'finding'>): Finding | undefined {
    if (verdict.kind !== 'direct-ip' && verdict.kind !== 'dns-bypass') return undefined
    const { dst, proto, dport, time } = report
    const day = this.#dayOf(time)
    const key = keyOf({ device, dst, proto, dport, day })
    const known = this.#kept.get(key)
    const before = known?.finding
    const count = (before?.count ?? 0) + 1
    const stopped = report.action === 'dropped' || report.action === 'rejected'
    const finding: Finding = {
      id: before?.id ?? idOf(key),
      kind: verdict.kind,
      class: verdict.class,
      device,
      src: before?.src ?? flat(report.src),
      dst: before?.dst ?? flat(dst),
      proto: before?.proto ?? flat(proto),
      dport,
      day,
      first: Math.min(time, before?.first ?? time),
      last: Math.max(time, before?.last ?? time),
      count,
      score: scoreOf(verdict.class, dport, count, stopped),
      rule: report.rule === undefined ? undefined : same(before?.rule, safeText(report.rule, RULE_LENGTH)),
      reason: same(before?.reason, reason),
    }
    if (known === undefined) this.#kept.set(key, { finding, storedCount: count, storedAt: time })
    else if (count < 2 * known.storedCount && time - known.storedAt < STORE_EVERY) {
      known.finding = finding
      return finding
    } else Object.assign(known, { finding, storedCount: count, storedAt: time })
    this.#store(finding)
    return finding
  }

  /** Takes a stored finding back. */
  restore(finding: Finding): void {
    this.#kept.set(keyOf(finding), { finding, storedCount: finding.count, storedAt: finding.last })
  }

  /** All of them, the most recently counted first. */
  list(): Finding[] {
    return Array.from(this.#kept.values(), ({ finding }) => finding)
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size
  }

  /** `2026-11-22`, UTC; a time beyond the calendar is brought to its edge. */
  #dayOf(time: EpochMs): string {
    const number = Math.floor((time > 0 ? Math.min(time, LAST_DAY) : 0) / DAY)
    if (number !== this.#day.number) this.#day = { number, text: new Date(number * DAY).toISOString().slice(0, 10) }
    return this.#day.text
  }
}

const keyOf = ({
  device,
  dst,
  proto,
  dport,
  day,
}: Pick<Finding, 'device' | 'dst' | 'proto' | 'dport' | 'day'>): string =>
  `${device} ${dst} ${proto}/${dport ?? ''} ${day}`

/** Made of the key alone, so that two instances that judge the same log agree. */
const idOf = (key: string): string => createHash('sha256').update(key).digest('base64url').slice(0, 16)

/** The last day that is written with four digits. */
const LAST_DAY = Date.UTC(9999, 11, 31)

/** The text that is kept already, where it is the same. */
const same = (kept: string | undefined, text: string): string => (kept === text ? kept : flat(text))

function scoreOf(kind: DirectClass | BypassClass, dport: number | undefined, count: number, stopped: boolean): number {
  const web = kind === 'plain' && (dport === 80 || dport === 443) ? WEB_PORT : 0
  const insistence = Math.min(INSISTENCE, Math.floor(Math.log2(count)))
  return Math.max(0, Math.min(100, SCORES[kind] + web + insistence + (stopped ? STOPPED : 0)))
}
