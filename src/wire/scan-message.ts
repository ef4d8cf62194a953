// Reads an upstream's message: checks it whole, once, and notes where TTLs, names and addresses stand, so that it can
// be kept and sent on as bytes. Untrusted input; knows nothing of whom it is for.
import type { Name } from '../base/name.ts'
import { CLASS, type ExtendedError, RCODE, TYPE } from '../base/question.ts'
import { type HandOut, MessageAddress, type WireMessage } from '../base/reply.ts'
import { Belonging, type Section } from './belonging.ts'
import { putU16, putU32, u16, u32 } from './bytes.ts'
import { extendedError } from './extended-error.ts'
import { expandName, NameWalk } from './message-names.ts'
import { HEADER, questionNameLength } from './read-query.ts'
import { namesIn } from './record-names.ts'
import { sift } from './sift-message.ts'

/** What an upstream sent, checked. */
export interface Scanned {
  readonly id: number
  readonly truncated: boolean
  /** A server that neither resolves nor knows the name points elsewhere: it is not an upstream for it. */
  readonly referral: boolean
  /** With the upper bits that the OPT record carries (RFC 6891 §6.1.3). */
  readonly rcode: number
  /** Records that did not belong to the question and were cut out. */
  readonly cut: number
  readonly message: WireMessage
}

/** Why a message is not one. */
export type Malformed = { readonly malformed: string }

/** What was asked for beside the question, and what the upstream's word counts for. */
export interface Asked {
  /** The DO bit: without it DNSSEC's own records are cut out, unless one is what was asked for (RFC 4035 §3.2.1). */
  readonly dnssecOk: boolean
  /** Whether its AD bit is believed and kept. */
  readonly trustAd: boolean
  /** The packet is handed over and becomes the message: nobody else needs it. Else it is copied. */
  readonly keep?: boolean
}

const PLAIN: Asked = { dnssecOk: true, trustAd: false }

/**
 * Scans one message. The bytes are copied, see `Asked.keep`; the OPT record and what follows it are left out.
 * Every count must be true, every name in bounds and every pointer backward (RFC 1035 §4.1.4); else it is malformed.
 * Records that do not belong to the question or its alias chain are cut out. The AD bit of the copy is that of the
 * message where it is trusted.
 */
export function scanMessage(packet: Uint8Array, asked: Asked = PLAIN): Scanned | Malformed {
  const scanned = scanOnce(packet, asked)
  if (scanned !== 'foreign') return scanned
  const sifted = sift(packet, asked.dnssecOk)
  if ('malformed' in sifted) return sifted
  const again = scanOnce(sifted.packet, asked)
  if (again === 'foreign') return { malformed: 'records that do not belong to the question' }
  return 'malformed' in again ? again : { ...again, cut: sifted.cut }
}

function scanOnce(packet: Uint8Array, { dnssecOk, trustAd, keep = false }: Asked): Scanned | Malformed | 'foreign' {
  if (packet.length < HEADER) return { malformed: 'shorter than a header' }
  const flags = u16(packet, 2)
  if ((flags & 0xf800) !== 0x8000) return { malformed: 'not a response to a standard query' }
  if (u16(packet, 4) !== 1) return { malformed: 'not exactly one question' }
  const nameLength = questionNameLength(packet, HEADER, packet.length)
  const questionEnd = HEADER + nameLength + 4
  if (nameLength === 0 || questionEnd > packet.length) return { malformed: 'the question is cut or compressed' }
  const scan = new Scan(packet, questionEnd, dnssecOk)
  const fault =
    scan.section(u16(packet, 6), 'answer') ??
    scan.section(u16(packet, 8), 'authority') ??
    scan.section(u16(packet, 10), 'additional')
  if (fault === 'foreign') return fault
  if (fault !== undefined) return { malformed: fault }
  if (!scan.belonging.complete()) return 'foreign'
  const end = scan.optAt ?? scan.at
  // `slice` and `subarray` of a Buffer would be Buffers: plain arrays are read quicker where all are of one kind.
  const bytes = keep ? new Uint8Array(packet.buffer, packet.byteOffset, end) : new Uint8Array(packet.subarray(0, end))
  if (scan.optAt !== undefined) putU16(bytes, 10, scan.beforeOpt)
  if (!trustAd) bytes[3] = (bytes[3] as number) & ~0x20
  // RFC 2181 §8: a TTL with its highest bit set counts as zero.
  for (const at of scan.bigTtls) putU32(bytes, at, 0)
  const rcode = (flags & 15) | (scan.extendedRcode << 4)
  const negative = rcode === RCODE.NXDOMAIN || (rcode === RCODE.NOERROR && !scan.belonging.answered)
  const soaless = negative && scan.negativeTtl === undefined
  return {
    id: u16(packet, 0),
    truncated: (flags & 0x0200) !== 0,
    // Neither authoritative nor willing to recurse, no SOA, but name servers (RFC 2308 §2.2).
    referral: soaless && (flags & 0x0480) === 0 && rcode === RCODE.NOERROR && scan.belonging.delegates,
    rcode,
    cut: 0,
    message: {
      bytes,
      ttlOffsets: scan.ttlOffsets,
      ttl: negative ? (scan.negativeTtl ?? 0) : scan.smallestTtl,
      negative,
      questionEnd,
      targets: scan.targets,
      handOuts: scan.handOuts,
      error: scan.error,
    },
  }
}

/** The walk over one message's records. */
class Scan {
  readonly #packet: Uint8Array
  readonly #names: NameWalk
  readonly belonging: Belonging
  at: number
  readonly ttlOffsets: number[] = []
  readonly bigTtls: number[] = []
  smallestTtl = 0x7fff_ffff
  /** RFC 2308 §5: the lesser of the SOA's own TTL and its MINIMUM field; undefined without an SOA. */
  negativeTtl: number | undefined
  extendedRcode = 0
  error: ExtendedError | undefined
  optAt: number | undefined
  /** Additional records in front of the OPT record. */
  beforeOpt = 0
  readonly targets: Name[] = []
  readonly handOuts: HandOut[] = []

  constructor(packet: Uint8Array, at: number, dnssecOk: boolean) {
    this.#packet = packet
    this.#names = new NameWalk(packet, this.ttlOffsets)
    this.belonging = new Belonging(packet, u16(packet, at - 4), dnssecOk)
    this.at = at
  }

  section(count: number, section: Section): string | undefined {
    for (let i = 0; i < count; i++) {
      const fault = this.#record(section)
      if (fault !== undefined) return fault
      if (section === 'additional' && this.optAt === undefined) this.beforeOpt++
    }
    return undefined
  }

  #record(section: Section): string | undefined {
    const packet = this.#packet
    const start = this.at
    const head = this.#names.skip(start, packet.length)
    if (head === 0 || head + 10 > packet.length) return `a record in ${section} is cut`
    const type = u16(packet, head)
    const data = head + 10
    const end = data + u16(packet, head + 8)
    if (end > packet.length) return `the data of a record in ${section} is cut`
    this.at = end
    if (type === TYPE.OPT) return this.#opt(section, start, head, end)
    // What follows an OPT record is not passed on; its names and addresses count for nothing.
    if (this.optAt !== undefined) return undefined
    const rawTtl = u32(packet, head + 4)
    const ttl = rawTtl > 0x7fff_ffff ? 0 : rawTtl
    if (ttl !== rawTtl) this.bigTtls.push(head + 4)
    this.ttlOffsets.push(head + 4)
    if (ttl < this.smallestTtl) this.smallestTtl = ttl
    if (u16(packet, head + 2) !== CLASS.IN) return 'foreign'
    return this.#data(type, section, data, end, ttl) ?? this.belonging.judge(section, start, type, data)
  }

  /** RFC 6891 §6.1.1: at most one, in the additional section, owned by the root. */
  #opt(section: Section, start: number, head: number, end: number): string | undefined {
    if (section !== 'additional' || this.optAt !== undefined || head !== start + 1)
      return 'a second or misplaced OPT record'
    this.optAt = start
    this.extendedRcode = this.#packet[head + 4] as number
    if (head + 10 === end) return undefined
    const error = extendedError(this.#packet, head + 10, end)
    if (error === 'malformed') return 'an EDNS option is cut'
    this.error = error
    return undefined
  }

  #data(type: number, section: Section, data: number, end: number, ttl: number): string | undefined {
    switch (type) {
      case TYPE.A:
      case TYPE.AAAA: {
        const size = type === TYPE.A ? 4 : 16
        if (end - data !== size) return 'an address record of the wrong size'
        this.handOuts.push(new MessageAddress(this.#packet, data, size, ttl))
        return undefined
      }
      case TYPE.RRSIG:
        // RFC 4034 §3.1: 18 bytes, the signer's name, the signature.
        return this.#names.skip(data + 18, end) === 0 ? 'a signature is cut' : undefined
      case TYPE.SVCB:
      case TYPE.HTTPS:
        return this.#service(data, end, ttl, section === 'answer')
      default:
        return this.#named(type, section, data, end, ttl)
    }
  }

  #named(type: number, section: Section, data: number, end: number, ttl: number): string | undefined {
    const names = namesIn(type)
    if (names === undefined) return undefined
    let at = this.#names.skip(data + names.skip, end)
    if (names.count === 2 && at !== 0) at = this.#names.skip(at, end)
    if (at === 0 || end - at !== names.rest)
      return type === TYPE.SOA ? 'an SOA record is malformed' : 'a name in record data is malformed'
    if (section === 'answer' && (type === TYPE.CNAME || type === TYPE.DNAME)) this.#target(data)
    if (section === 'authority' && type === TYPE.SOA) this.negativeTtl = Math.min(ttl, u32(this.#packet, at + 16))
    return undefined
  }

  /** RFC 9460 §2.2: priority, target, then parameters of which 4 and 6 are address hints (§7.3). */
  #service(data: number, end: number, ttl: number, isAnswer: boolean): string | undefined {
    let at = this.#names.skip(data + 2, end)
    if (end - data < 3 || at === 0) return 'a service record is malformed'
    if (isAnswer && (this.#packet[data + 2] as number) !== 0) this.#target(data + 2)
    while (at + 4 <= end) {
      const key = u16(this.#packet, at)
      const size = u16(this.#packet, at + 2)
      at += 4
      if (at + size > end) return 'a service parameter is cut'
      const width = key === 4 ? 4 : key === 6 ? 16 : 0
      if (width > 0) {
        if (size % width !== 0) return 'an address hint of the wrong size'
        for (let i = 0; i < size; i += width) {
          this.handOuts.push(new MessageAddress(this.#packet, at + i, width, ttl))
        }
      }
      at += size
    }
    return at === end ? undefined : 'a service parameter is cut'
  }

  #target(at: number): void {
    this.targets.push(expandName(this.#packet, at))
  }
}
