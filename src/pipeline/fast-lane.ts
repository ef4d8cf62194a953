// The fast lane: finished replies, repeated by copying bytes. A memo of the pipeline, never a second implementation:
// entries are made from its replies only, carry the lane's generation and die with it. Works in buffers, in place.
import { LRUCache } from 'lru-cache'
import { SECOND } from '../base/clock.ts'
import { CLASS, type Query, TYPE, wantsDnssec } from '../base/question.ts'
import type { Reply } from '../base/reply.ts'
import type { Repeatable } from '../journal/batch.ts'
import { putU32, u16, u32 } from '../wire/bytes.ts'
import { HEADER } from '../wire/read-query.ts'
import { MESSAGE_MAX, UDP_MIN, type Written } from '../wire/write-reply.ts'

/** One reply that can be repeated. */
export interface LaneEntry {
  readonly bytes: Uint8Array
  readonly ttlOffsets: readonly number[]
  /** `Clock.ticks()` when the TTLs in `bytes` were true, and until when they may be given. */
  readonly born: number
  readonly expires: number
  readonly generation: number
  readonly journal: Repeatable
}

/** Longest key: a name of 255 bytes, type, flags, group. */
const KEY_MAX = 260
/** What in a query changes the answer beside its question. */
const EDNS = 1
const DNSSEC_OK = 2
const CHECKING_DISABLED = 4
/** An OPT record without options: root, type, size, extended rcode, version, flags, length (RFC 6891 §6.1.2). */
const BARE_OPT = 11
/** Bytes that an entry costs beside its message, template and key; measured at 100,000 entries on Node 26. */
const ENTRY_OVERHEAD = 500

/** Lower case by table: one load a byte. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte))

/** The memo. One per resolver thread. */
export class FastLane {
  readonly #entries: LRUCache<string, LaneEntry>
  readonly #key = Buffer.alloc(KEY_MAX)
  readonly #udpSize: number
  #generation = 0
  /** The entry of the latest hit, for the journal. */
  hit: LaneEntry | undefined

  /** `bytes` bounds its memory; `udpSize` is the configured largest UDP reply. */
  constructor(bytes: number, udpSize: number) {
    this.#udpSize = udpSize
    this.#entries = new LRUCache({
      maxSize: bytes,
      sizeCalculation: (entry, key) => entry.bytes.length + entry.journal.template.length + key.length + ENTRY_OVERHEAD,
    })
  }

  /** Taken before a query enters the pipeline and handed back with its reply: what was decided by old rules stays out. */
  get generation(): number {
    return this.#generation
  }

  /** Lets every entry die: the policy, the pause or the configuration has changed. */
  invalidate(): void {
    this.#generation++
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * Answers the packet at `bytes[at … at + length)` into `out` from `outAt`; returns the reply's length, or 0 for "go
   * the slow way". Synchronous; allocates the key string only. Sets `hit`.
   */
  answer(
    bytes: Uint8Array,
    at: number,
    length: number,
    group: number,
    udp: boolean,
    out: Uint8Array,
    outAt: number,
    ticks: number,
  ): number {
    // A plain question: QR, opcode, AA, TC, RA, Z, rcode all zero, RD set; one question, no records but one OPT.
    if (length < HEADER + 5 || (u16(bytes, at + 2) & ~0x0030) !== 0x0100) return 0
    if (u32(bytes, at + 4) !== 0x0001_0000 || u16(bytes, at + 8) !== 0) return 0
    const additional = u16(bytes, at + 10)
    if (additional > 1) return 0
    const end = at + length
    const key = this.#key
    let i = at + HEADER
    let k = 0
    for (;;) {
      const size = bytes[i++] as number
      key[k++] = size
      if (size === 0) break
      if (size > 63 || k + size > 254 || i + size >= end) return 0
      for (const stop = i + size; i < stop; i++) key[k++] = FOLD[bytes[i] as number] as number
    }
    const nameEnd = i
    if (i + 4 > end || u16(bytes, i + 2) !== CLASS.IN) return 0
    key[k++] = bytes[i] as number
    key[k++] = bytes[i + 1] as number
    i += 4
    let flags = (bytes[at + 3] as number) & 0x10 ? CHECKING_DISABLED : 0
    let limit = udp ? UDP_MIN : MESSAGE_MAX
    if (additional === 1) {
      if (i + BARE_OPT !== end || bytes[i] !== 0 || u16(bytes, i + 1) !== TYPE.OPT) return 0
      if (bytes[i + 6] !== 0 || u16(bytes, i + 9) !== 0) return 0
      flags |= (bytes[i + 7] as number) & 0x80 ? EDNS | DNSSEC_OK : EDNS
      if (udp) limit = Math.max(UDP_MIN, Math.min(u16(bytes, i + 3), this.#udpSize))
    } else if (i !== end) return 0
    key[k++] = flags
    key[k++] = group
    const entry = this.#entries.get(key.toString('latin1', 0, k))
    if (entry === undefined || entry.generation !== this.#generation) return 0
    const reply = entry.bytes
    if (ticks >= entry.expires || reply.length > limit) return 0
    out.set(reply, outAt)
    out[outAt] = bytes[at] as number
    out[outAt + 1] = bytes[at + 1] as number
    // The asker's own letter case: some compare it, to tell our reply from a forged one.
    for (let from = at + HEADER, to = outAt + HEADER; from < nameEnd; ) out[to++] = bytes[from++] as number
    const age = Math.floor((ticks - entry.born) / SECOND)
    if (age > 0) {
      for (const offset of entry.ttlOffsets) putU32(out, outAt + offset, u32(out, outAt + offset) - age)
    }
    this.hit = entry
    return reply.length
  }

  /** Keeps a written reply for repetition, if it may be repeated. `generation` is the one from before the pipeline. */
  remember(
    query: Query,
    reply: Reply,
    bytes: Uint8Array,
    { ttlOffsets, born }: Written,
    journal: Repeatable,
    generation: number,
  ): void {
    // A forwarded answer comes again as a cached one if it is asked again; only then is it worth a place here.
    if (reply.reusable <= 0 || reply.outcome.kind === 'forwarded' || reply.outcome.kind === 'refused') return
    if (!query.recursionDesired || query.class !== CLASS.IN || query.wire.length === 0) return
    // A cut reply depends on the size that its asker takes.
    if ((bytes[2] as number) & 0x02 || generation !== this.#generation) return
    this.#entries.set(this.#keyOf(query), {
      bytes,
      ttlOffsets,
      born,
      expires: born + reply.reusable * SECOND,
      generation,
      journal,
    })
  }

  #keyOf(query: Query): string {
    const key = this.#key
    key.set(query.wire)
    let k = query.wire.length
    key[k++] = query.type >> 8
    key[k++] = query.type & 0xff
    key[k++] =
      (query.edns === undefined ? 0 : EDNS) |
      (wantsDnssec(query) ? DNSSEC_OK : 0) |
      (query.checkingDisabled ? CHECKING_DISABLED : 0)
    key[k++] = query.group
    return key.toString('latin1', 0, k)
  }
}
