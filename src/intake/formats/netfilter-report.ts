// From the fields of a netfilter line to a report: which fields a report needs, and what begins a connection.
// Knows nothing of how the line is written.
import { parseMac } from '../../base/address.ts'
import type { Report } from '../../ledger/report.ts'
import { remember } from '../remember.ts'
import type { Moment, Reject } from './moment.ts'
import { type NetfilterFields, TCP_FLAGS } from './netfilter.ts'
import { ruleOf } from './prefix.ts'
import { protocolOf } from './protocol.ts'

/** Makes a report of the fields, or says why none can be made. */
export function netfilterReport(fields: NetfilterFields, moment: Moment): Report | Reject {
  if (fields.cut !== undefined) return { reject: fields.cut }
  const proto = protocolOf(fields.proto ?? '')
  if (proto === undefined) return { reject: 'PROTO= is not a protocol' }
  if (WRITES_PORTS.has(proto) && !fields.headless && (fields.sport === undefined || fields.dport === undefined)) {
    return { reject: 'cut: a port is missing' }
  }
  const { rule, action } = ruleOf(fields.prefix)
  return {
    time: moment.time,
    precision: moment.precision,
    src: fields.src,
    dst: fields.dst,
    proto,
    sport: fields.sport,
    dport: fields.dport,
    mac: fields.sender === undefined ? undefined : readMac(fields.sender),
    inside: readInterface(fields.in),
    outside: readInterface(fields.out),
    rule,
    action,
    begins: begins(proto, fields),
    source: moment.source,
  }
}

function begins(proto: string, fields: NetfilterFields): boolean {
  if (fields.headless) return false
  if (proto === 'tcp') return (fields.flags & NOT_FIRST) === 0
  if (proto === 'icmp') return !ICMP_ANSWERS.has(fields.icmpType ?? 0)
  if (proto === 'icmpv6') return (fields.icmpType ?? 0) >= 128 && fields.icmpType !== 129
  return true
}

/** TCP, UDP and UDP-Lite. Of SCTP and DCCP, which have ports too, the kernel writes only the protocol's number. */
const WRITES_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp', '136'])
const NOT_FIRST = TCP_FLAGS.ACK | TCP_FLAGS.RST | TCP_FLAGS.FIN
/** Replies and errors, which carry a part of somebody's packet. Source: IANA "ICMP Type Numbers". */
const ICMP_ANSWERS: ReadonlySet<number> = new Set([0, 3, 4, 5, 11, 12, 14, 16, 18])

// Remembered, because logs repeat them; and in memory of their own, because reports outlive their lines.
const readMac = remember(parseMac)
const readInterface = remember((name: string): string => name, 256)
