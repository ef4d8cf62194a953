// The fast lane: finished replies, repeated by copying bytes. A memo of the pipeline, never a second implementation:
// entries are made from its replies only, carry the lane's generation and die with it. Works in buffers, in place.
import { type Moment, SECOND } from '../base/clock.ts'
import { foldByte, NAME_MAX } from '../base/name.ts'
import { CLASS, type Query, type TransportKind, TYPE, wantsDnssec } from '../base/question.ts'
import type { Reply } from '../base/reply.ts'
import type { BatchWriter, EntryClient } from '../journal/batch.ts'
import { putU32, u16, u32 } from '../wire/bytes.ts'
import { HEADER } from '../wire/read-query.ts'
import { MESSAGE_MAX, UDP_MIN, type Written } from '../wire/write-reply.ts'
import type { OptionCounts } from './edns.ts'
import { MessageTable, messageAt, RECORD, wordsOf } from './message-table.ts'
import { addToHash, finishHash, hashOf } from './question-bytes.ts'

/** What in a query changes the answer beside its question; its client's group stands in the bits above. */
const EDNS = 1
const DNSSEC_OK = 2
const CHECKING_DISABLED = 4
/** AD in a query without DO; with DO it changes nothing (RFC 6840 §5.8). */
const AUTHENTIC_DATA = 8
const GROUP_SHIFT = 4
/** An OPT record without options: root, type, size, extended rcode, version, flags, length (RFC 6891 §6.1.2). */
const BARE_OPT = 11

/** Whether the present policy has nothing to say of a name, in lower-case wire form, nor of addresses and certain clients. */
export type StillOpen = (wire: Uint8Array, type: number, group: number) => boolean

/**
 * A stamp is a generation, and in its lowest bit whether the reply stands while no policy has anything to say of its name.
 * Such a reply is kept as one of the generation before: whether it stands is looked at when it is repeated first, and not
 * only after a new policy. What happens all the time is in the machine code that V8 makes of `answer`; for what happens for
 * the first time it throws that away (decision note 0014).
 */
const OPEN = 1

/** The memo. One per resolver thread. */
export class FastLane {
  readonly #bytes: number
  readonly #udpSize: number
  readonly #stillOpen: StillOpen
  readonly #counts: Pick<OptionCounts, 'dnssecOk' | 'checkingDisabled'>
  readonly #name = new Uint8Array(NAME_MAX)
  #table: MessageTable
  #generation = 0
  /** The first generation that differs from the present one by nothing but policies. */
  #since = 0
  /** The place of the latest hit. */
  #hit = 0

  /** `bytes` bounds its memory; `udpSize` is the configured largest UDP reply. */
  constructor(
    bytes: number,
    udpSize: number,
    stillOpen: StillOpen,
    counts: Pick<OptionCounts, 'dnssecOk' | 'checkingDisabled'>,
  ) {
    this.#bytes = bytes
    this.#udpSize = udpSize
    this.#stillOpen = stillOpen
    this.#counts = counts
    this.#table = new MessageTable(bytes)
    // V8 takes what has never changed for a constant, and throws all code away that relies on it when it does.
    this.invalidate()
  }

  /** Taken before a query enters the pipeline and handed back with its reply: what was decided by old rules stays out. */
  get generation(): number {
    return this.#generation
  }

  /** Lets every entry die: the pause, the household or the configuration has changed. */
  invalidate(): void {
    this.#since = this.#generation + 1
    this.#generation += 2
  }

  /** Lets every entry die that the new policy might have something to say of; which ones, is looked at as they are asked for. */
  repolicy(): void {
    this.#generation++
  }

  /** Forgets everything, memory and all. */
  clear(): void {
    this.#table = new MessageTable(this.#bytes)
  }

  get size(): number {
    return this.#table.size
  }

  /** Bytes that its replies take. */
  get bytes(): number {
    return this.#table.used
  }

  /**
   * Answers the packet at `bytes[at … at + length)` into `out` from `outAt`; returns the reply's length, or 0 for "go
   * the slow way". Synchronous; allocates nothing. `note` may follow.
   */
  answer(
    bytes: Uint8Array,
    at: number,
    length: number,
    group: number,
    udp: boolean,
    out: Uint8Array,
    outAt: number,
    { ticks }: Moment,
  ): number {
    // A plain question: QR, opcode, AA, TC, RA, Z, rcode all zero, RD set; one question, no records but one OPT.
    if (length < HEADER + 5 || (u16(bytes, at + 2) & ~0x0030) !== 0x0100) return 0
    if (u32(bytes, at + 4) !== 0x0001_0000 || u16(bytes, at + 8) !== 0) return 0
    const additional = u16(bytes, at + 10)
    if (additional > 1) return 0
    const end = at + length
    const nameAt = at + HEADER
    let i = nameAt
    let hash = 0
    for (;;) {
      const size = bytes[i++] as number
      if (size === 0) break
      // RFC 1035 §2.3.4: 63 bytes a label, 255 a name with its root byte.
      if (size > 63 || i + size > nameAt + 254 || i + size >= end) return 0
      hash = addToHash(hash, size)
      for (const stop = i + size; i < stop; i++) hash = addToHash(hash, bytes[i] as number)
    }
    const nameEnd = i
    if (i + 4 > end || u16(bytes, i + 2) !== CLASS.IN) return 0
    const type = u16(bytes, i)
    i += 4
    const bits = bytes[at + 3] as number
    let variant = (group << GROUP_SHIFT) | (bits & 0x10 ? CHECKING_DISABLED : 0)
    let limit = udp ? UDP_MIN : MESSAGE_MAX
    if (additional === 1) {
      if (i + BARE_OPT !== end || bytes[i] !== 0 || u16(bytes, i + 1) !== TYPE.OPT) return 0
      if (bytes[i + 6] !== 0 || u16(bytes, i + 9) !== 0) return 0
      variant |= (bytes[i + 7] as number) & 0x80 ? EDNS | DNSSEC_OK : EDNS
      if (udp) limit = Math.max(UDP_MIN, Math.min(u16(bytes, i + 3), this.#udpSize))
    } else if (i !== end) return 0
    if (bits & 0x20 && !(variant & DNSSEC_OK)) variant |= AUTHENTIC_DATA
    const table = this.#table
    const place = table.find(finishHash(hash, type, variant), bytes, nameAt, nameEnd - nameAt, type, variant)
    if (place === 0) return 0
    const { words, times } = table
    const isCurrent = (words[place + RECORD.stamp] as number) >> 1 === this.#generation
    if (!isCurrent && !this.#stands(place, bytes, nameAt, nameEnd - nameAt, type, group)) return 0
    const size = words[place + RECORD.message] as number
    if (size > limit || ticks >= (times[(place + RECORD.expires) / 2] as number)) return 0
    const from = messageAt(place)
    // Byte by byte: for a hundred of them a view and a call cost more.
    for (let k = 0; k < size; k++) out[outAt + k] = table.bytes[from + k] as number
    out[outAt] = bytes[at] as number
    out[outAt + 1] = bytes[at + 1] as number
    // The asker's own letter case: some compare it, to tell our reply from a forged one.
    for (let k = HEADER; k < HEADER + nameEnd - nameAt; k++) out[outAt + k] = bytes[at + k] as number
    const age = Math.floor((ticks - (times[(place + RECORD.born) / 2] as number)) / SECOND)
    if (age > 0) {
      const first = place + RECORD.head + wordsOf(size)
      for (let k = first; k < first + (words[place + RECORD.ttls] as number); k++) {
        const offset = outAt + (words[k] as number)
        putU32(out, offset, u32(out, offset) - age)
      }
    }
    if (variant & DNSSEC_OK) this.#counts.dnssecOk++
    if (variant & CHECKING_DISABLED) this.#counts.checkingDisabled++
    this.#hit = place
    return size
  }

  /** Whether a reply from before the latest policies stands under the present one; notes it where it does. */
  #stands(place: number, bytes: Uint8Array, at: number, length: number, type: number, group: number): boolean {
    const { words } = this.#table
    const stamp = words[place + RECORD.stamp] as number
    if ((stamp & OPEN) === 0 || stamp >> 1 < this.#since) return false
    for (let i = 0; i < length; i++) this.#name[i] = foldByte(bytes[at + i] as number)
    if (!this.#stillOpen(this.#name, type, group)) return false
    words[place + RECORD.stamp] = (this.#generation << 1) | OPEN
    return true
  }

  /** Notes the latest hit in the journal. A hit takes less time than the clock can tell: its latency counts as zero. */
  note(journal: BatchWriter, client: EntryClient, time: Moment, transport: TransportKind): void {
    const table = this.#table
    const { words } = table
    const place = this.#hit
    journal.repeat(
      table,
      place + RECORD.notes,
      table.extraAt(place),
      words[place + RECORD.extra] as number,
      client,
      time,
      transport,
    )
  }

  /** Keeps a written reply for repetition, if it may be repeated. `generation` is the one from before the pipeline. */
  remember(
    query: Query,
    reply: Reply,
    bytes: Uint8Array,
    { ttlOffsets, born }: Written,
    template: Uint8Array,
    templateSize: number,
    generation: number,
  ): void {
    // A forwarded answer comes again as a cached one if it is asked again; only then is it worth a place here.
    if (reply.reusable <= 0 || reply.outcome.kind === 'forwarded' || reply.outcome.kind === 'refused') return
    if (!query.recursionDesired || query.class !== CLASS.IN || query.wire.length === 0) return
    // A cut reply depends on the size that its asker takes.
    if ((bytes[2] as number) & 0x02 || generation !== this.#generation) return
    const variant =
      (query.group << GROUP_SHIFT) |
      (query.edns === undefined ? 0 : EDNS) |
      (wantsDnssec(query) ? DNSSEC_OK : 0) |
      (query.checkingDisabled ? CHECKING_DISABLED : 0) |
      (query.authenticData && !wantsDnssec(query) ? AUTHENTIC_DATA : 0)
    const expires = born + reply.reusable * SECOND
    const hash = hashOf(query.wire, query.type, variant)
    const keep = {
      hash,
      variant,
      message: bytes,
      ttlOffsets,
      born,
      expires,
      stamp: isOpen(reply) ? ((generation - 1) << 1) | OPEN : generation << 1,
      extra: template,
      extraSize: templateSize,
    }
    this.#table.set(keep, query.wire.length)
  }
}

/** What upstream said as it is, with nothing in it that a rule for names could be about but the name asked for. */
const isOpen = ({ outcome, body }: Reply): boolean =>
  outcome.kind === 'cached' && body.kind === 'wire' && body.message.targets.length === 0
