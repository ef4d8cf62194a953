// Lines of `conntrack -E`, with `-o timestamp,id,extended` or without. Knows no envelope; the stamp is part of that.
import type { Address } from '../../base/address.ts'
import type { Report } from '../../ledger/report.ts'
import { addressAt } from '../addresses.ts'
import type { Moment, Reject } from './moment.ts'
import { protocolOf } from './protocol.ts'

/** One event. Addresses and ports are those of the first tuple: the original direction, before any NAT. */
export interface ConntrackFields {
  readonly event: 'new' | 'update' | 'destroy'
  /** As `Report.proto`. */
  readonly proto: string
  readonly src: Address
  readonly dst: Address
  readonly sport: number | undefined
  readonly dport: number | undefined
}

/**
 * Reads `[NEW] tcp 6 120 SYN_SENT src=… dst=… sport=… dport=… [UNREPLIED] src=… …`. Whatever stands between and after
 * the tuples (state, counters, mark, zone, id, times) is passed over. Both tuples must be there: conntrack always
 * writes both, so a line with one has been cut. Expectations, the XML output and `conntrack -L` are not ours.
 */
export function parseConntrack(rest: string): ConntrackFields | 'not-ours' | Reject {
  const words = rest.split(/[ \t]+/)
  if (words[0] === '') words.shift()
  // `conntrack -E | logger -t conntrack` puts a word before each line.
  if (words[0]?.endsWith(':')) words.shift()
  const event = EVENTS.get(words[0] ?? '')
  if (event === undefined) return 'not-ours'
  // `-o extended` names the layer 3 protocol first: `ipv4     2 tcp      6`.
  const from = L3.has(words[1] ?? '') ? 3 : 1
  if (!isNumber(words[from + 1])) return 'not-ours'
  const proto = protocolOf(words[from + 1] as string)
  if (proto === undefined) return 'not-ours'
  const first = readTuple(words, from + 2)
  const second = first === undefined ? undefined : readTuple(words, first.end)
  if (first === undefined || second === undefined) return { reject: 'cut: conntrack writes two tuples' }
  const src = readAddress(first.src)
  const dst = readAddress(first.dst)
  if (src === undefined || dst === undefined) return { reject: 'src= or dst= is not an address' }
  const sport = portOf(first.sport)
  const dport = portOf(first.dport)
  if (WITH_PORTS.has(proto)) {
    if (sport === undefined || dport === undefined) return { reject: 'sport= or dport= is not a port' }
    if (second.sport === undefined || second.dport === undefined) return { reject: 'cut: conntrack writes two tuples' }
  }
  return { event, proto, src, dst, sport, dport }
}

/** Makes a report of an event. Only `[NEW]` begins a connection. conntrack knows no interface and no rule. */
export const conntrackReport = (fields: ConntrackFields, moment: Moment): Report => ({
  time: moment.time,
  precision: moment.precision,
  src: fields.src,
  dst: fields.dst,
  proto: fields.proto,
  sport: fields.sport,
  dport: fields.dport,
  mac: undefined,
  inside: undefined,
  outside: undefined,
  rule: undefined,
  action: 'unknown',
  begins: fields.event === 'new',
  source: moment.source,
})

interface Tuple {
  readonly src: string
  readonly dst: string
  readonly sport: string | undefined
  readonly dport: string | undefined
  /** Index of the first word after it. */
  readonly end: number
}

/** The next `src= dst= …` from a word on; it ends where the next `src=` begins. */
function readTuple(words: readonly string[], from: number): Tuple | undefined {
  let at = from
  while (at < words.length && !words[at]?.startsWith('src=')) at++
  const src = words[at]?.slice(4)
  const dst = words[at + 1]
  if (src === undefined || !dst?.startsWith('dst=')) return undefined
  let sport: string | undefined
  let dport: string | undefined
  let end = at + 2
  for (; end < words.length && !words[end]?.startsWith('src='); end++) {
    const word = words[end] as string
    if (sport === undefined && word.startsWith('sport=')) sport = word.slice(6)
    else if (dport === undefined && word.startsWith('dport=')) dport = word.slice(6)
  }
  return { src, dst: dst.slice(4), sport, dport, end }
}

function portOf(text: string | undefined): number | undefined {
  if (!isNumber(text)) return undefined
  const port = Number(text)
  return port > 65_535 ? undefined : port
}

const isNumber = (text: string | undefined): text is string => text !== undefined && /^\d{1,5}$/.test(text)

const readAddress = (text: string): Address | undefined => addressAt(text, 0, text.length)

const EVENTS: ReadonlyMap<string, ConntrackFields['event']> = new Map([
  ['[NEW]', 'new'],
  ['[UPDATE]', 'update'],
  ['[DESTROY]', 'destroy'],
])
/** TCP, UDP, DCCP, SCTP, UDP-Lite: conntrack writes their ports. */
const WITH_PORTS: ReadonlySet<string> = new Set(['tcp', 'udp', '33', '132', '136'])
const L3: ReadonlySet<string> = new Set(['ipv4', 'ipv6'])
