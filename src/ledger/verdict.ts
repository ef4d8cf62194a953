// What the judge says of one connection: a closed union, each with the evidence it rests on.
import type { Address } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import type { Name } from '../base/name.ts'
import type { DeviceId } from './device.ts'
import type { Report } from './report.ts'

/** What kind of connection an unexplained one probably is. Only `plain` and `after-dns-bypass` call for a look. */
export type DirectClass = 'plain' | 'ntp' | 'stun' | 'p2p' | 'after-dns-bypass'

/** How a device gets round the resolver. */
export type BypassClass = 'dns' | 'dot' | 'doh'

/** A name that explains a connection, and how long ago it was asked for. */
export interface Explanation {
  readonly name: Name
  /**
   * Milliseconds between the latest answer with this address and the connection; 0 where the stamps overlap. Where
   * the ledger has thinned its history (only for connections judged long after their time), an upper bound.
   */
  readonly age: number
}

/** The verdict on one report. */
export type Verdict =
  /**
   * The device asked, and the answer still counts. All names that gave this address, latest first; empty where more
   * names gave it than are kept and only a forgotten one explains the connection. Never "safe".
   */
  | { readonly kind: 'asked'; readonly names: readonly Explanation[] }
  /** The device asked, but longer ago than the window. */
  | { readonly kind: 'stale'; readonly names: readonly Explanation[] }
  /** Another device was given this address, this one was not. */
  | { readonly kind: 'borrowed'; readonly names: readonly Explanation[]; readonly from: DeviceId }
  /** Nobody asked. */
  | { readonly kind: 'direct-ip'; readonly class: DirectClass }
  /** DNS that goes elsewhere than to us. */
  | { readonly kind: 'dns-bypass'; readonly class: BypassClass; readonly names: readonly Explanation[] }
  /** Not judged, for a stated reason: `because` is for people, `rule` names the config line or the shipped rule. */
  | { readonly kind: 'exempt'; readonly rule: string; readonly because: string }
  /** Nobody asked as far as we know, but we do not know enough yet. */
  | { readonly kind: 'unproven'; readonly reason: 'learning' | 'device-learning' | 'evidence-lost' }

export type VerdictKind = Verdict['kind']

/** A judged report. */
export interface Judgement {
  readonly report: Report
  readonly device: DeviceId
  readonly verdict: Verdict
  /** One sentence: why this verdict. Safe to show: names and log text in it are escaped. */
  readonly reason: string
  /** What it was counted into, for `direct-ip` and `dns-bypass`. */
  readonly finding: Finding | undefined
}

/** What is wrong, aggregated: one device, one address, one port, one day. */
export interface Finding {
  /** Stable: made of its key, so that two instances agree. */
  readonly id: string
  readonly kind: 'direct-ip' | 'dns-bypass'
  readonly class: DirectClass | BypassClass
  readonly device: DeviceId
  readonly src: Address
  readonly dst: Address
  readonly proto: string
  readonly dport: number | undefined
  /** `2026-11-22`, UTC. */
  readonly day: string
  readonly first: EpochMs
  readonly last: EpochMs
  readonly count: number
  /** 0–100: how much it deserves a look. */
  readonly score: number
  readonly rule: string | undefined
  readonly reason: string
}
