// Lines of the netfilter LOG target and of ulogd's LOGEMU: `PREFIX IN= OUT= … SRC= DST= … PROTO= SPT= DPT= …`, as
// Shorewall, UFW, firewalld, iptables, nftables, OpenWrt, UniFi, EdgeOS and Firewalla send them. Knows no envelope.
import type { Address } from '../../base/address.ts'
import { addressAt } from '../addresses.ts'
import {
  LETTER_A,
  LETTER_C,
  LETTER_D,
  LETTER_E,
  LETTER_F,
  LETTER_H,
  LETTER_I,
  LETTER_L,
  LETTER_M,
  LETTER_P,
  LETTER_R,
  LETTER_S,
  LETTER_T,
  LETTER_U,
  OPEN,
  SPACE,
} from '../characters.ts'
import type { Reject } from './moment.ts'
import { findCore, GLUED, type NetfilterCore } from './netfilter-core.ts'
import { protocolOf } from './protocol.ts'

/** The fields of one packet line. Of a key that comes twice (LEN, ID) the first counts: it belongs to the IP header. */
export interface NetfilterFields {
  /** All that stands before `IN=`, trimmed. As it came: whoever names rules wrote it. */
  readonly prefix: string
  /** Interface it came in by; '' where there is none. */
  readonly in: string
  readonly out: string
  readonly src: Address
  readonly dst: Address
  /** As it came: `TCP`, `ICMPv6`, `2`. `undefined` where the line ends before. */
  readonly proto: string | undefined
  readonly sport: number | undefined
  readonly dport: number | undefined
  readonly icmpType: number | undefined
  readonly icmpCode: number | undefined
  /** Bytes, of the IP packet. */
  readonly len: number | undefined
  /** TTL or hop limit. */
  readonly ttl: number | undefined
  /** `MAC=` as it came: destination, source and type of an Ethernet frame make 14 bytes; other links have other lengths. */
  readonly mac: string | undefined
  /** The sender's MAC, from `MAC=` of 14 bytes or `MACSRC=`. */
  readonly sender: string | undefined
  /** Bits of `TCP_FLAGS`. */
  readonly flags: number
  /** A later fragment or a packet too short for its header: it has no ports and begins nothing. */
  readonly headless: boolean
  /** Why these fields are not all of the line that was written; `undefined` where nothing is seen to lack. */
  readonly cut: string | undefined
}

/** Bits of `NetfilterFields.flags`, in the order in which the kernel writes them. */
export const TCP_FLAGS = { CWR: 1, ECE: 2, URG: 4, ACK: 8, PSH: 16, RST: 32, SYN: 64, FIN: 128 } as const

/** Reads one line without its envelope; the fields stand after `IN=… OUT=…`, see `findCore`. */
export function parseNetfilter(rest: string): NetfilterFields | 'not-ours' | Reject {
  const core = findCore(rest)
  return core === 'not-ours' || 'reject' in core ? core : readFields(rest, core)
}

function readFields(text: string, core: NetfilterCore): NetfilterFields | 'not-ours' | Reject {
  let src: Address | undefined
  let dst: Address | undefined
  let proto: string | undefined
  let sport: number | undefined
  let dport: number | undefined
  let icmpType: number | undefined
  let icmpCode: number | undefined
  let len: number | undefined
  let ttl: number | undefined
  let mac: string | undefined
  let sender: string | undefined
  let flags = 0
  let headless = false
  let tcp = false
  /** `URGP=` was seen: the last field of a TCP line. */
  let flagsDone = false
  /** Where the last word begins. */
  let last = core.from
  let dportAt = 0

  for (let at = core.from; at < text.length; ) {
    const first = text.charCodeAt(at)
    if (first === SPACE) {
      at++
      continue
    }
    // The packet that an ICMP error quotes, or `[8 bytes]` of an incomplete one: nothing of ours follows.
    if (first === OPEN) break
    const end = tokenEnd(text, at)
    last = at
    switch (first) {
      case LETTER_S:
        if (src === undefined && text.startsWith('SRC=', at)) {
          src = addressAt(text, at + 4, end)
          if (src === undefined) return { reject: 'SRC= is not an address' }
        } else if (sport === undefined && text.startsWith('SPT=', at)) {
          sport = numberAt(text, at + 4, end, 65_535)
          if (sport === undefined) return { reject: 'SPT= is not a port' }
        } else if (tcp && end === at + 3 && text.startsWith('SYN', at)) flags |= TCP_FLAGS.SYN
        break
      case LETTER_D:
        if (dst === undefined && text.startsWith('DST=', at)) {
          dst = addressAt(text, at + 4, end)
          if (dst === undefined) return { reject: 'DST= is not an address' }
        } else if (dport === undefined && text.startsWith('DPT=', at)) {
          dport = numberAt(text, at + 4, end, 65_535)
          if (dport === undefined) return { reject: 'DPT= is not a port' }
          dportAt = at
        }
        break
      case LETTER_P:
        if (proto === undefined && text.startsWith('PROTO=', at)) {
          proto = text.slice(at + 6, end)
          tcp = protocolOf(proto) === 'tcp'
        } else if (tcp && end === at + 3 && text.startsWith('PSH', at)) flags |= TCP_FLAGS.PSH
        break
      case LETTER_L:
        if (len === undefined && text.startsWith('LEN=', at)) len = numberAt(text, at + 4, end, MAX_NUMBER)
        break
      case LETTER_T:
        if (ttl === undefined && text.startsWith('TTL=', at)) ttl = numberAt(text, at + 4, end, 255)
        else if (icmpType === undefined && text.startsWith('TYPE=', at)) icmpType = numberAt(text, at + 5, end, 255)
        break
      case LETTER_H:
        if (ttl === undefined && text.startsWith('HOPLIMIT=', at)) ttl = numberAt(text, at + 9, end, 255)
        break
      case LETTER_C:
        if (icmpCode === undefined && text.startsWith('CODE=', at)) icmpCode = numberAt(text, at + 5, end, 255)
        else if (tcp && end === at + 3 && text.startsWith('CWR', at)) flags |= TCP_FLAGS.CWR
        break
      case LETTER_M:
        if (mac === undefined && text.startsWith('MAC=', at)) {
          if (end > at + 4) mac = text.slice(at + 4, end)
          if (end === at + 4 + ETHERNET) sender = text.slice(at + 22, at + 39)
        } else if (sender === undefined && text.startsWith('MACSRC=', at)) sender = text.slice(at + 7, end)
        break
      case LETTER_U:
        if (text.startsWith('URGP=', at)) flagsDone = true
        else if (tcp && end === at + 3 && text.startsWith('URG', at)) flags |= TCP_FLAGS.URG
        break
      case LETTER_F:
        if (text.startsWith('FRAG:', at)) headless = true
        else if (tcp && end === at + 3 && text.startsWith('FIN', at)) flags |= TCP_FLAGS.FIN
        break
      case LETTER_I:
        if (end === at + 10 && text.startsWith('INCOMPLETE', at)) headless = true
        else if (text.startsWith('IN=', at)) return GLUED
        break
      case LETTER_A:
        if (tcp && end === at + 3 && text.startsWith('ACK', at)) flags |= TCP_FLAGS.ACK
        // The LOG target also writes ARP packets, which have no IP header.
        else if (end === at + 3 && src === undefined && text.startsWith('ARP', at)) return 'not-ours'
        break
      case LETTER_R:
        if (tcp && end === at + 3 && text.startsWith('RST', at)) flags |= TCP_FLAGS.RST
        break
      case LETTER_E:
        if (tcp && end === at + 3 && text.startsWith('ECE', at)) flags |= TCP_FLAGS.ECE
        break
    }
    at = end
  }
  if (src === undefined || dst === undefined) return { reject: 'cut: no SRC= and DST=' }
  if (sport === undefined || dport === undefined || headless) {
    // A first fragment has its ports, a later one has not.
    headless = headless && (sport === undefined || dport === undefined)
  }
  let cut: string | undefined
  if (proto === undefined) cut = 'cut: no PROTO='
  else if (len !== undefined && dport !== undefined) {
    // A whole line, of the kernel or ulogd, ends well after DPT=. Shortened lines (they have no LEN=, as in some
    // documentation) are taken as they stand: one cut inside its last number cannot be told from a whole one.
    if (tcp && !flagsDone) cut = 'cut: ends before the TCP flags do'
    else if (last === dportAt) cut = 'cut: ends at DPT='
  }
  return {
    prefix: core.prefix,
    in: core.in,
    out: core.out,
    src,
    dst,
    proto,
    sport,
    dport,
    icmpType,
    icmpCode,
    len,
    ttl,
    mac,
    sender,
    flags,
    headless,
    cut,
  }
}

/** Decimal digits up to `end`, at most `max`; `undefined` where it is anything else. */
function numberAt(text: string, at: number, end: number, max: number): number | undefined {
  if (at === end || end - at > 10) return undefined
  let value = 0
  for (let i = at; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value > max ? undefined : value
}

function tokenEnd(text: string, from: number): number {
  const end = text.indexOf(' ', from)
  return end < 0 ? text.length : end
}

const MAX_NUMBER = 0xffff_ffff
/** Characters of 14 bytes written `aa:bb:…`. */
const ETHERNET = 41
