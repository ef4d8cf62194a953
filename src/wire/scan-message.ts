// Reads an upstream's message: checks it whole, once, and notes where TTLs, names and addresses stand, so that it can
// be kept and sent on as bytes. Untrusted input; knows nothing of whom it is for.
import { type Address, addressFromBytes } from '../base/address.ts'
import { foldByte, NAME_MAX, type Name, nameFromWire } from '../base/name.ts'
import { CLASS, RCODE, TYPE } from '../base/question.ts'
import type { HandOut, WireMessage } from '../base/reply.ts'
import { putU16, putU32, u16, u32 } from './bytes.ts'
import { HEADER, questionNameLength } from './read-query.ts'

/** What an upstream sent, checked. */
export interface Scanned {
  readonly id: number
  readonly truncated: boolean
  readonly authenticData: boolean
  /** With the upper bits that the OPT record carries (RFC 6891 §6.1.3). */
  readonly rcode: number
  readonly message: WireMessage
}

/** Why a message is not one. */
export type Malformed = { readonly malformed: string }

/** Compression pointers followed in one message: more than any honest message needs, few enough to stay quick. */
const MAX_POINTERS = 4096

/**
 * Scans one message. The bytes are copied, the OPT record and what follows it are left out of the copy.
 * Every count must be true, every name in bounds and every pointer backward (RFC 1035 §4.1.4); else it is malformed.
 */
export function scanMessage(packet: Uint8Array): Scanned | Malformed {
  if (packet.length < HEADER) return { malformed: 'shorter than a header' }
  const flags = u16(packet, 2)
  if ((flags & 0xf800) !== 0x8000) return { malformed: 'not a response to a standard query' }
  if (u16(packet, 4) !== 1) return { malformed: 'not exactly one question' }
  const nameLength = questionNameLength(packet, HEADER, packet.length)
  const questionEnd = HEADER + nameLength + 4
  if (nameLength === 0 || questionEnd > packet.length) return { malformed: 'the question is cut or compressed' }
  const scan = new Scan(packet, questionEnd)
  const counts = [u16(packet, 6), u16(packet, 8), u16(packet, 10)] as const
  const fault =
    scan.section(counts[0], 'answer') ?? scan.section(counts[1], 'authority') ?? scan.section(counts[2], 'additional')
  if (fault !== undefined) return { malformed: fault }
  const end = scan.optAt ?? scan.at
  // A copy: `slice` of a Buffer would be a view of the socket's memory.
  const bytes = new Uint8Array(packet.subarray(0, end))
  if (scan.optAt !== undefined) putU16(bytes, 10, scan.beforeOpt)
  // RFC 2181 §8: a TTL with its highest bit set counts as zero.
  for (const at of scan.ttlOffsets) if (u32(bytes, at) > 0x7fff_ffff) putU32(bytes, at, 0)
  const rcode = (flags & 15) | (scan.extendedRcode << 4)
  const negative = rcode === RCODE.NXDOMAIN || (rcode === RCODE.NOERROR && !scan.answersQuestion(packet, nameLength))
  return {
    id: u16(packet, 0),
    truncated: (flags & 0x0200) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    rcode,
    message: {
      bytes,
      ttlOffsets: scan.ttlOffsets,
      ttl: negative ? (scan.negativeTtl ?? 0) : scan.smallestTtl,
      negative,
      questionEnd,
      targets: scan.targets,
      handOuts: scan.handOuts,
    },
  }
}

type Section = 'answer' | 'authority' | 'additional'

/** The walk over one message's records. */
class Scan {
  readonly #packet: Uint8Array
  #pointers = 0
  at: number
  readonly ttlOffsets: number[] = []
  smallestTtl = 0x7fff_ffff
  /** RFC 2308 §5: the lesser of the SOA's own TTL and its MINIMUM field; undefined without an SOA. */
  negativeTtl: number | undefined
  extendedRcode = 0
  optAt: number | undefined
  /** Additional records in front of the OPT record. */
  beforeOpt = 0
  readonly targets: Name[] = []
  readonly handOuts: HandOut[] = []
  readonly #answerTypes: number[] = []

  constructor(packet: Uint8Array, at: number) {
    this.#packet = packet
    this.at = at
  }

  /** Whether an answer of the asked type is there; a lone CNAME chain is not one. */
  answersQuestion(packet: Uint8Array, nameLength: number): boolean {
    const type = u16(packet, HEADER + nameLength)
    return type === TYPE.ANY ? this.#answerTypes.length > 0 : this.#answerTypes.includes(type)
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
    const head = this.#skipName(start, packet.length)
    if (head === 0 || head + 10 > packet.length) return `a record in ${section} is cut`
    const type = u16(packet, head)
    const data = head + 10
    const end = data + u16(packet, head + 8)
    if (end > packet.length) return `the data of a record in ${section} is cut`
    this.at = end
    if (type === TYPE.OPT) {
      if (section !== 'additional' || this.optAt !== undefined) return 'a second or misplaced OPT record'
      this.optAt = start
      this.extendedRcode = packet[head + 4] as number
      return undefined
    }
    // What follows an OPT record is not passed on; its names and addresses count for nothing.
    if (this.optAt !== undefined) return undefined
    const rawTtl = u32(packet, head + 4)
    const ttl = rawTtl > 0x7fff_ffff ? 0 : rawTtl
    this.ttlOffsets.push(head + 4)
    if (ttl < this.smallestTtl) this.smallestTtl = ttl
    if (section === 'answer') this.#answerTypes.push(type)
    return u16(packet, head + 2) === CLASS.IN ? this.#data(type, section, data, end, ttl) : undefined
  }

  #data(type: number, section: Section, data: number, end: number, ttl: number): string | undefined {
    switch (type) {
      case TYPE.A:
      case TYPE.AAAA: {
        const size = type === TYPE.A ? 4 : 16
        if (end - data !== size) return 'an address record of the wrong size'
        this.#handOut(addressFromBytes(this.#packet, data, size), ttl)
        return undefined
      }
      case TYPE.CNAME:
      case TYPE.DNAME:
      case TYPE.NS:
      case TYPE.PTR: {
        if (this.#skipName(data, end) !== end) return 'a name in record data is malformed'
        if (section === 'answer' && (type === TYPE.CNAME || type === TYPE.DNAME)) this.#target(data)
        return undefined
      }
      case TYPE.SOA: {
        const second = this.#skipName(data, end)
        const numbers = second === 0 ? 0 : this.#skipName(second, end)
        if (numbers === 0 || end - numbers !== 20) return 'an SOA record is malformed'
        if (section === 'authority') this.negativeTtl = Math.min(ttl, u32(this.#packet, numbers + 16))
        return undefined
      }
      case TYPE.SVCB:
      case TYPE.HTTPS:
        return section === 'answer' ? this.#service(data, end, ttl) : undefined
      default:
        return undefined
    }
  }

  /** RFC 9460 §2.2: priority, target, then parameters of which 4 and 6 are address hints (§7.3). */
  #service(data: number, end: number, ttl: number): string | undefined {
    let at = this.#skipName(data + 2, end)
    if (end - data < 3 || at === 0) return 'a service record is malformed'
    if ((this.#packet[data + 2] as number) !== 0) this.#target(data + 2)
    while (at + 4 <= end) {
      const key = u16(this.#packet, at)
      const size = u16(this.#packet, at + 2)
      at += 4
      if (at + size > end) return 'a service parameter is cut'
      const width = key === 4 ? 4 : key === 6 ? 16 : 0
      if (width > 0) {
        if (size % width !== 0) return 'an address hint of the wrong size'
        for (let i = 0; i < size; i += width) this.#handOut(addressFromBytes(this.#packet, at + i, width), ttl)
      }
      at += size
    }
    return at === end ? undefined : 'a service parameter is cut'
  }

  #handOut(address: Address, ttl: number): void {
    this.handOuts.push({ address, ttl })
  }

  #target(at: number): void {
    this.targets.push(expandName(this.#packet, at))
  }

  /** Offset behind the name at `at`, following its pointers to check them; 0 where it is malformed. */
  #skipName(start: number, end: number): number {
    const packet = this.#packet
    let at = start
    let after = 0
    let length = 0
    let limit = end
    for (;;) {
      if (at >= limit) return 0
      const size = packet[at] as number
      if (size >= 0xc0) {
        if (at + 1 >= limit || ++this.#pointers > MAX_POINTERS) return 0
        const to = ((size & 0x3f) << 8) | (packet[at + 1] as number)
        if (after === 0) after = at + 2
        // Backward only, and never into the header: so it ends, and no message can make it walk in circles.
        if (to >= at || to < HEADER) return 0
        limit = at
        at = to
        continue
      }
      if (size > 63) return 0
      length += size + 1
      if (length > NAME_MAX) return 0
      at += size + 1
      if (size === 0) return after === 0 ? at : after
    }
  }
}

/** The name at `at`, which `#skipName` has found to be well-formed, as text. */
function expandName(packet: Uint8Array, at: number): Name {
  const wire = new Uint8Array(NAME_MAX)
  let length = 0
  for (;;) {
    const size = packet[at] as number
    if (size >= 0xc0) {
      at = ((size & 0x3f) << 8) | (packet[at + 1] as number)
      continue
    }
    for (let i = 0; i <= size; i++) wire[length++] = foldByte(packet[at + i] as number)
    if (size === 0) return nameFromWire(wire, 0)
    at += size + 1
  }
}
