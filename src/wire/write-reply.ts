// Writes a reply as bytes for one query: ID, flags, the asker's own letter case, ages, OPT, truncation.
import { SECOND } from '../base/clock.ts'
import { wireFromName } from '../base/name.ts'
import { CLASS, type ExtendedError, type Query, wantsDnssec } from '../base/question.ts'
import type { OwnRecord, Reply } from '../base/reply.ts'
import { putU16, putU32, u16, u32 } from './bytes.ts'
import { OPTION, option } from './edns-options.ts'
import { HEADER } from './read-query.ts'
import { encodeRecord } from './records.ts'

/** A written reply. */
export interface Written {
  readonly length: number
  /** Where TTLs stand that count down; none for our own records, whose TTLs are constant. */
  readonly ttlOffsets: readonly number[]
  /** `Clock.ticks()` from which on the written TTLs count down, second by second. */
  readonly born: number
}

/** What the OPT record of one query's reply says beside the usual. */
export interface ReplyOptions {
  /** Options as they stand in the record. */
  readonly bytes: Uint8Array
  /** The reply is padded to a multiple of so many bytes; 0 for not at all (RFC 8467 §4.1). */
  readonly padTo: number
}

/** Nothing: the reply may be repeated to others. */
export const NO_OPTIONS: ReplyOptions = Object.freeze({ bytes: new Uint8Array(0), padTo: 0 })

/** Smallest and default UDP reply (RFC 1035 §4.2.1) and the largest message there is. */
export const UDP_MIN = 512
export const MESSAGE_MAX = 65_535

/** Largest reply that this query's way allows. `ours` is the configured bound for UDP. */
export function replyLimit(query: Query, ours: number): number {
  if (query.transport !== 'udp') return MESSAGE_MAX
  // RFC 6891 §6.2.3: values below 512 are treated as 512.
  return query.edns === undefined ? UDP_MIN : Math.max(UDP_MIN, Math.min(query.edns.size, ours))
}

/**
 * Writes the reply into `out`, which has room for `MESSAGE_MAX` bytes.
 * `ticks` is the clock's now. `packet` is the query's packet from its first byte: the question is copied from it, letter case and all.
 * A reply longer than `limit` is cut to its question with TC set (RFC 2181 §9), OPT kept (RFC 6891 §7).
 */
export function writeReply(
  query: Query,
  reply: Reply,
  packet: Uint8Array,
  out: Uint8Array,
  limit: number,
  udpSize: number,
  ticks: number,
  own: ReplyOptions = NO_OPTIONS,
): Written {
  const questionLength = query.wire.length === 0 ? 0 : query.wire.length + 4
  const opt = query.edns === undefined ? 0 : optLength(reply) + own.bytes.length
  const { body } = reply
  let end: number
  let ttlOffsets: readonly number[] = []
  let born = ticks
  if (body.kind === 'wire') {
    const { bytes } = body.message
    // A message too long for its way is cut anyway; nothing behind the question is needed then.
    out.set(bytes.length + opt > limit ? bytes.subarray(0, body.message.questionEnd) : bytes)
    end = bytes.length
    ttlOffsets = body.message.ttlOffsets
    const age = Math.max(0, Math.floor((ticks - body.since) / SECOND))
    born = body.since + age * SECOND
    if (end + opt <= limit) for (const at of ttlOffsets) putU32(out, at, Math.max(0, u32(out, at) - age))
  } else {
    out.fill(0, 0, HEADER)
    end = HEADER + questionLength
    end = writeOwn(out, end, body.answers, 6, query)
    end = writeOwn(out, end, body.authority, 8, query)
  }
  const cut = reply.cut === true || end + opt > limit
  if (cut) {
    end = HEADER + questionLength
    out.fill(0, 6, HEADER)
    ttlOffsets = []
  }
  putU16(out, 0, query.id)
  const authoritative = body.kind === 'own' && body.authoritative
  // RFC 6840 §5.8: AD only for those who set AD or DO; the message has it only from an upstream that is trusted in it.
  const authentic = body.kind === 'wire' && (query.authenticData || wantsDnssec(query))
  // QR, opcode, AA, TC, RD as asked, RA: recursion is what we offer. CD as asked.
  const flags =
    0x8080 |
    (authentic ? (body.message.bytes[3] as number) & 0x20 : 0) |
    (query.opcode << 11) |
    (authoritative ? 0x0400 : 0) |
    (cut ? 0x0200 : 0) |
    (query.recursionDesired ? 0x0100 : 0) |
    (query.checkingDisabled ? 0x0010 : 0) |
    (reply.rcode & 15)
  putU16(out, 2, flags)
  putU16(out, 4, questionLength === 0 ? 0 : 1)
  if (questionLength > 0) out.set(packet.subarray(HEADER, HEADER + questionLength), HEADER)
  if (opt > 0) {
    putU16(out, 10, u16(out, 10) + 1)
    end = writeOpt(out, end, query, reply, udpSize, own)
    if (own.padTo > 0) end = pad(out, end, end - opt + 9, own.padTo, limit)
  }
  return { length: end, ttlOffsets, born }
}

/** Writes own records and their count at `countAt`; the owner is the question's name by pointer, or written out. */
function writeOwn(out: Uint8Array, at: number, records: readonly OwnRecord[], countAt: number, query: Query): number {
  for (const record of records) {
    const owner = record.name === query.name ? QUESTION_POINTER : (wireFromName(record.name) ?? QUESTION_POINTER)
    out.set(owner, at)
    at += owner.length
    const bytes = encodeRecord(record)
    out.set(bytes, at)
    at += bytes.length
  }
  putU16(out, countAt, records.length)
  return at
}

/** Compression pointer to the question's name, which always stands right behind the header. */
const QUESTION_POINTER = Uint8Array.of(0xc0, HEADER)

/** Longest extended error text that we send: small enough never to be the cause of truncation at 512 bytes. */
const EDE_TEXT_MAX = 160

const encoder = new TextEncoder()

/** Our own word first: that an answer is stale is of more use than what the upstream said of it when it was fresh. */
const errorOf = ({ error, body }: Reply): ExtendedError | undefined =>
  error ?? (body.kind === 'wire' ? body.message.error : undefined)

const errorText = ({ text }: ExtendedError): Uint8Array => encoder.encode(text).subarray(0, EDE_TEXT_MAX)

function optLength(reply: Reply): number {
  const error = errorOf(reply)
  return 11 + (error === undefined ? 0 : 6 + errorText(error).length)
}

function writeOpt(out: Uint8Array, at: number, query: Query, reply: Reply, udpSize: number, own: ReplyOptions): number {
  out[at] = 0
  putU16(out, at + 1, 41)
  putU16(out, at + 3, udpSize)
  out[at + 5] = reply.rcode >> 4
  out[at + 6] = 0
  putU16(out, at + 7, query.edns?.dnssecOk === true ? 0x8000 : 0)
  let end = at + 11
  const error = errorOf(reply)
  if (error !== undefined) {
    const text = errorText(error)
    // RFC 8914 §2: a 16-bit code, then UTF-8 text.
    putU16(out, end, OPTION.ERROR)
    putU16(out, end + 2, 2 + text.length)
    putU16(out, end + 4, error.code)
    out.set(text, end + 6)
    end += 6 + text.length
  }
  out.set(own.bytes, end)
  end += own.bytes.length
  putU16(out, at + 9, end - at - 11)
  return end
}

/** Fills the OPT record, whose length stands at `lengthAt`, with zeros up to a multiple of `padTo` (RFC 7830 §3), within `limit`. */
function pad(out: Uint8Array, at: number, lengthAt: number, padTo: number, limit: number): number {
  const wanted = (padTo - ((at + 4) % padTo)) % padTo
  const size = Math.min(wanted, limit - at - 4)
  if (size < 0) return at
  putU16(out, at, OPTION.PADDING)
  putU16(out, at + 2, size)
  out.fill(0, at + 4, at + 4 + size)
  putU16(out, lengthAt, u16(out, lengthAt) + 4 + size)
  return at + 4 + size
}

/** How an upstream is asked, beside the question. */
export interface AskedHow {
  /** What we say we can take over UDP. */
  readonly udpSize: number
  /** RFC 6840 §5.7: AD in a query says that we understand AD in the answer. */
  readonly authenticData: boolean
  /** Padded to a multiple of so many bytes, 0 for not at all: on encrypted ways, a name's length shows otherwise (RFC 8467 §4.1). */
  readonly padTo: number
}

/** A query as bytes, for an upstream; its ID is put in when it is sent. `name` is the question's, letter case mixed (0x20). */
export function writeQuery(out: Uint8Array, query: Query, name: Uint8Array, how: AskedHow): number {
  out.fill(0, 0, HEADER)
  putU16(out, 2, 0x0100 | (how.authenticData ? 0x0020 : 0) | (query.checkingDisabled ? 0x0010 : 0))
  out[5] = 1
  out[11] = 1
  out.set(name, HEADER)
  let at = HEADER + name.length
  putU16(out, at, query.type)
  putU16(out, at + 2, CLASS.IN)
  at += 4
  out.fill(0, at, at + 11)
  putU16(out, at + 1, 41)
  putU16(out, at + 3, how.udpSize)
  putU16(out, at + 7, wantsDnssec(query) ? 0x8000 : 0)
  let end = at + 11
  if (query.subnet !== undefined) {
    const bytes = option(OPTION.SUBNET, query.subnet)
    out.set(bytes, end)
    putU16(out, at + 9, bytes.length)
    end += bytes.length
  }
  if (how.padTo === 0) return end
  const padding = (how.padTo - ((end + 4) % how.padTo)) % how.padTo
  putU16(out, at + 9, end - at - 11 + 4 + padding)
  // RFC 7830 §3: filled with zeros.
  putU16(out, end, OPTION.PADDING)
  putU16(out, end + 2, padding)
  out.fill(0, end + 4, end + 4 + padding)
  return end + 4 + padding
}
