// Reads a client's packet: untrusted bytes into a `Query`, or why not. Knows no policy; says what the RFCs say.
import type { Address } from '../base/address.ts'
import { foldByte, NAME_MAX, nameFromWire } from '../base/name.ts'
import { type Edns, type Query, RCODE, type TransportKind, TYPE } from '../base/question.ts'
import { u16 } from './bytes.ts'
import { readOptions } from './edns-options.ts'

/** Length of a DNS header (RFC 1035 §4.1.1). */
export const HEADER = 12

/** What the transport knows of a packet's sender. */
export interface Sender {
  readonly client: Address
  readonly transport: TransportKind
  readonly group: number
  readonly clientId?: string | undefined
  readonly received: number
}

/** How a packet reads: a question; a fault that the RFCs give a reply for; or nothing that may be answered. */
export type ReadQuery =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'reject'; readonly rcode: number; readonly query: Query }
  /** Too short for a header, or itself a response: answering could loop (RFC 1035 §7.3, RFC 5452 §9.2). */
  | { readonly kind: 'drop' }

/** Reads the packet at `bytes[offset … offset + length)`. Never throws, never reads outside it. */
export function readQuery(bytes: Uint8Array, offset: number, length: number, sender: Sender): ReadQuery {
  if (length < HEADER) return { kind: 'drop' }
  const end = offset + length
  const flags = u16(bytes, offset + 2)
  if (flags & 0x8000) return { kind: 'drop' }
  const opcode = (flags >> 11) & 15
  // Another opcode may lay out its sections otherwise; only the header is ours to judge (RFC 1035 §4.1.1).
  if (opcode !== 0) return reject(RCODE.NOTIMP, queryOf(bytes, offset, sender, NOTHING, undefined))
  // RFC 9619: exactly one question. No answers in a query; an authority record is for IXFR only (RFC 1995 §3).
  const questions = u16(bytes, offset + 4)
  const nameLength = questions === 1 ? questionNameLength(bytes, offset + HEADER, end) : 0
  const at = offset + HEADER + nameLength
  if (nameLength === 0 || at + 4 > end || u16(bytes, offset + 6) !== 0) {
    const bare = queryOf(bytes, offset, sender, NOTHING, undefined)
    // RFC 7873 §5.4: without a question, but with a cookie: it asks for ours.
    const alone =
      questions === 0 && u16(bytes, offset + 6) === 0 ? restOf(bytes, offset, offset + HEADER, end) : undefined
    if (alone === undefined || alone === 'malformed' || alone.version > 0) return reject(RCODE.FORMERR, bare)
    return alone.options?.cookie === undefined
      ? reject(RCODE.FORMERR, bare)
      : reject(RCODE.NOERROR, { ...bare, edns: alone })
  }
  const wire = new Uint8Array(nameLength)
  for (let i = 0; i < nameLength; i++) wire[i] = foldByte(bytes[offset + HEADER + i] as number)
  const question = { name: nameFromWire(wire, 0), wire, type: u16(bytes, at), class: u16(bytes, at + 2) }
  const isMisplaced = u16(bytes, offset + 8) > 0 && question.type !== TYPE.IXFR
  const edns = isMisplaced ? 'malformed' : restOf(bytes, offset, at + 4, end)
  if (edns === 'malformed') return reject(RCODE.FORMERR, queryOf(bytes, offset, sender, question, undefined))
  const query = queryOf(bytes, offset, sender, question, edns)
  // RFC 6891 §6.1.3: a version that we do not speak.
  return edns !== undefined && edns.version > 0 ? reject(RCODE.BADVERS, query) : { kind: 'query', query }
}

const reject = (rcode: number, query: Query): ReadQuery => ({ kind: 'reject', rcode, query })

/** All that is written here once: each query is one object of the same shape. */
function queryOf(
  bytes: Uint8Array,
  offset: number,
  { client, transport, group, clientId, received }: Sender,
  { name, wire, type, class: classNumber }: Pick<Query, 'name' | 'wire' | 'type' | 'class'>,
  edns: Edns | undefined,
): Query {
  const flags = u16(bytes, offset + 2)
  return {
    id: u16(bytes, offset),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & 0x0100) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    client,
    transport,
    group,
    clientId,
    received,
    name,
    wire,
    type,
    class: classNumber,
    edns,
  }
}

/** The `wire` of a query whose question could not be read: such a reply carries no question. */
export const NO_QUESTION = new Uint8Array(0)
const NOTHING = { name: '.', wire: NO_QUESTION, type: 0, class: 0 }

/**
 * Length on the wire of an uncompressed name, its root byte included; 0 where it is none: a compression pointer (nothing
 * stands before the question to point at), a reserved label type, over 255 bytes, or past `end`.
 */
export function questionNameLength(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const size = bytes[at] as number
    if (size === 0) return at + 1 - start
    if (size > 63) return 0
    at += size + 1
    if (at - start >= NAME_MAX) return 0
  }
  return 0
}

/** The records behind the question, from `at`: the OPT record if there is one. Every byte must be accounted for. */
function restOf(bytes: Uint8Array, message: number, at: number, end: number): Edns | undefined | 'malformed' {
  const authority = u16(bytes, message + 8)
  const additional = u16(bytes, message + 10)
  let edns: Edns | undefined
  for (let i = 0; i < authority + additional; i++) {
    const nameLength = recordNameLength(bytes, message, at, end)
    const head = at + nameLength
    if (nameLength === 0 || head + 10 > end) return 'malformed'
    const dataEnd = head + 10 + u16(bytes, head + 8)
    if (dataEnd > end) return 'malformed'
    if (u16(bytes, head) === TYPE.OPT) {
      // RFC 6891 §6.1.1: at most one, in the additional section, owned by the root.
      if (edns !== undefined || i < authority || nameLength !== 1) return 'malformed'
      const options = readOptions(bytes, head + 10, dataEnd)
      const version = bytes[head + 5] as number
      // What options of another version mean, nobody knows: that it is another version is what must be said.
      if (options === 'malformed' && version === 0) return 'malformed'
      edns = {
        size: u16(bytes, head + 2),
        version,
        dnssecOk: ((bytes[head + 6] as number) & 0x80) !== 0,
        ...(options === undefined || options === 'malformed' ? {} : { options }),
      }
    }
    at = dataEnd
  }
  return at === end ? edns : 'malformed'
}

/**
 * As `questionNameLength`, but a compression pointer may end it: it must point backward (RFC 1035 §4.1.4) and is not
 * followed, since the name itself is not needed. `message` is where the message begins.
 */
function recordNameLength(bytes: Uint8Array, message: number, start: number, end: number): number {
  for (let at = start; at < end && at - start < NAME_MAX; ) {
    const size = bytes[at] as number
    if (size === 0) return at + 1 - start
    if (size >= 0xc0) {
      const to = at + 2 > end ? 0 : u16(bytes, at) & 0x3fff
      return to >= HEADER && message + to < at ? at + 2 - start : 0
    }
    if (size > 63) return 0
    at += size + 1
  }
  return 0
}
