// One connection that a firewall saw begin. Formats make these; the judge reads them. Knows no format.
import type { Address, Mac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'

/** What the firewall did with the connection, where its line tells. */
export type FirewallAction = 'accepted' | 'dropped' | 'rejected' | 'unknown'

/** A report of one connection attempt. All addresses canonical; all text as it came (escape before showing). */
export interface Report {
  /** When the connection began. */
  readonly time: EpochMs
  /** How coarse `time` is, ms: 1000 for an RFC 3164 stamp, 0 where it is exact. The true time lies in [time, time + precision]. */
  readonly precision: number
  readonly src: Address
  readonly dst: Address
  /** `tcp`, `udp`, `icmp`, `icmpv6`, or the protocol's number as text. */
  readonly proto: string
  readonly sport: number | undefined
  readonly dport: number | undefined
  /** The sender's MAC where the line has one. */
  readonly mac: Mac | undefined
  /** Interface it came in by; '' where the reporting machine made it itself; undefined where the format has none. */
  readonly inside: string | undefined
  /** Interface it leaves by; '' where it ended at the reporting machine. */
  readonly outside: string | undefined
  /** The log prefix or rule name, as it came. At most 128 characters. */
  readonly rule: string | undefined
  readonly action: FirewallAction
  /** False for what is not the first packet in the original direction: replies, mid-stream packets, ends of flows. */
  readonly begins: boolean
  /** Which intake source it came by, such as `syslog/udp` or a file's path. */
  readonly source: string
}

/** How a line ends: exactly one of these. */
export type Parsed =
  | { readonly kind: 'report'; readonly report: Report }
  /** Not a packet line of this format; another format may know it. */
  | { readonly kind: 'not-ours' }
  /** A packet line of this format that is cut, contradicts itself or lacks what a report needs. */
  | { readonly kind: 'reject'; readonly reason: string }
