// Where the fast lane keeps its entries: found by the bytes of a question, bounded in bytes. Knows no policy, no clock.
//
// All records lie in one block of memory, so a hit reads three or four lines of it and the collector has nothing to do.
// They form a ring, in the order in which they came: a new one takes the place of the oldest, which goes to the front
// again where it was used since (CLOCK). Sets of eight slots say where a record is. A look-up makes no string and looks
// at eight numbers, side by side, at most; so it does when somebody picks names that share a set: they only push each
// other out.
import { foldByte } from '../base/name.ts'
import { type Kept, STANDING_WORDS } from '../journal/batch.ts'
import { HEADER } from '../wire/read-query.ts'

/** One reply that can be repeated, as it comes in. */
export interface LaneEntry {
  /** What `finishHash` says of its question. */
  readonly hash: number
  /** What in a query changes the answer beside its question. */
  readonly variant: number
  /** The reply; its question stands behind the header. */
  readonly reply: Uint8Array
  readonly ttlOffsets: readonly number[]
  /** `Clock.ticks()` when the TTLs in `reply` were true, and until when they may be given. */
  readonly born: number
  readonly expires: number
  readonly generation: number
  /** What the journal says of it. */
  readonly template: Uint8Array
}

/** A record, in words from its place; times are doubles. Behind the head: the reply, offsets of TTLs, the template. */
export const RECORD = {
  /** In words. */
  size: 0,
  slot: 1,
  variant: 2,
  generation: 3,
  born: 4,
  expires: 6,
  /** Bytes of the reply and of the template. */
  reply: 8,
  template: 9,
  ttls: 10,
  used: 11,
  /** What the journal keeps here. */
  standing: 12,
  head: 12 + STANDING_WORDS,
} as const

/** Records begin on a line of the processor's cache. */
const LINE_WORDS = 16
const WORD = 4
const WAYS = 8
/** A set: the hashes of its slots, then the places of their records; 0 for an empty slot. One line. */
const SET_WORDS = 2 * WAYS
/** Bytes of a usual record, and slots for each that there is room for: half empty, few sets overflow before their time. */
const USUAL_RECORD = 256
const SLOTS_A_RECORD = 2
/** Places are 32-bit numbers. */
const BYTES_MAX = 2 ** 30
/** No record takes more than this share of the ring. */
const LARGEST = 1 / 8
/** Used records that go to the front again for one new one; a bound on the work. */
const CHANCES = 8
/** In the place of a slot: nobody looks for this record any more. */
const NO_SLOT = -1

/** Lower case by table: one load a byte. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => foldByte(byte))
/** FNV-1a's prime, and the last step of MurmurHash3, which spreads every bit over all. */
const PRIME = 0x01000193
const SPREAD = [0x85ebca6b, 0xc2b2ae35] as const

/** The hash of a name so far with one more byte; two bytes that differ in case give the same. */
export const addToHash = (hash: number, byte: number): number => Math.imul(hash ^ (byte | 0x20), PRIME)

/** The hash of a question: of its name's bytes, its type, and its variant. */
export function finishHash(name: number, type: number, variant: number): number {
  let hash = Math.imul(name ^ type, PRIME) ^ variant
  hash = Math.imul(hash ^ (hash >>> 16), SPREAD[0])
  hash = Math.imul(hash ^ (hash >>> 13), SPREAD[1])
  return hash ^ (hash >>> 16)
}

/** Where the reply of the record at `place` begins, in bytes. */
export const replyAt = (place: number): number => WORD * (place + RECORD.head)

/** The table. */
export class LaneTable implements Kept {
  /** The ring, as words, bytes and doubles. */
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly times: Float64Array
  readonly #sets: Int32Array
  readonly #mask: number
  /** The ring's end; it begins behind the place 0, which means none. In words, like all that follow. */
  readonly #end: number
  /** Where the next record goes, where the oldest is, and what is free between them. */
  #head = LINE_WORDS
  #tail = LINE_WORDS
  #free: number
  #size = 0

  /** `bytes` bounds its memory; it is taken as it is used. */
  constructor(bytes: number) {
    const room = Math.min(bytes, BYTES_MAX)
    const slots = (room / USUAL_RECORD) * SLOTS_A_RECORD
    const sets = 2 ** Math.max(0, Math.ceil(Math.log2(slots / WAYS)))
    this.#sets = new Int32Array(sets * SET_WORDS)
    this.#mask = (sets - 1) * SET_WORDS
    const lines = Math.max(1, Math.floor((room - this.#sets.byteLength) / (LINE_WORDS * WORD)))
    this.#end = lines * LINE_WORDS
    this.#free = this.#end - LINE_WORDS
    const ring = new ArrayBuffer(this.#end * WORD)
    this.words = new Int32Array(ring)
    this.bytes = new Uint8Array(ring)
    this.times = new Float64Array(ring)
  }

  get size(): number {
    return this.#size
  }

  /** The place of the record for the name at `at`, of `length` bytes, its type behind it; 0 for none. It counts as used now. */
  find(hash: number, bytes: Uint8Array, at: number, length: number, variant: number): number {
    const slot = this.#slotOf(hash, bytes, at, length, variant)
    if (slot < 0) return 0
    const place = this.#sets[slot + WAYS] as number
    this.words[place + RECORD.used] = 1
    return place
  }

  /** Puts an entry in, in the place of one for the same question; `length` is that of its name. */
  set(entry: LaneEntry, length: number): void {
    const { hash, variant, reply, template, ttlOffsets } = entry
    const old = this.#slotOf(hash, reply, HEADER, length, variant)
    if (old >= 0) this.#clear(old)
    const templateAt = RECORD.head + wordsOf(reply.length) + ttlOffsets.length
    const size = Math.ceil((templateAt + wordsOf(template.length)) / LINE_WORDS) * LINE_WORDS
    if (size > this.#end * LARGEST) return
    const place = this.#claim(size)
    const slot = this.#freeSlot(hash & this.#mask)
    const { words, bytes, times } = this
    words[place + RECORD.size] = size
    words[place + RECORD.slot] = slot
    words[place + RECORD.variant] = variant
    words[place + RECORD.generation] = entry.generation
    times[(place + RECORD.born) / 2] = entry.born
    times[(place + RECORD.expires) / 2] = entry.expires
    words[place + RECORD.reply] = reply.length
    words[place + RECORD.template] = template.length
    words[place + RECORD.ttls] = ttlOffsets.length
    words[place + RECORD.used] = 0
    words.fill(-1, place + RECORD.standing, place + RECORD.head)
    bytes.set(reply, replyAt(place))
    words.set(ttlOffsets, place + templateAt - ttlOffsets.length)
    bytes.set(template, WORD * (place + templateAt))
    this.#sets[slot] = hash
    this.#sets[slot + WAYS] = place
    this.#size++
  }

  #slotOf(hash: number, bytes: Uint8Array, at: number, length: number, variant: number): number {
    const first = hash & this.#mask
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#sets[slot] !== hash) continue
      const place = this.#sets[slot + WAYS] as number
      if (place === 0 || this.words[place + RECORD.variant] !== variant) continue
      if (isSame(this.bytes, replyAt(place) + HEADER, bytes, at, length)) return slot
    }
    return -1
  }

  /** An empty slot of the set, or else one whose record was not used lately. */
  #freeSlot(first: number): number {
    for (let slot = first; slot < first + WAYS; slot++) if (this.#sets[slot + WAYS] === 0) return slot
    let slot = first
    for (; slot < first + WAYS - 1; slot++) {
      const used = (this.#sets[slot + WAYS] as number) + RECORD.used
      if (this.words[used] === 0) break
      this.words[used] = 0
    }
    this.#clear(slot)
    return slot
  }

  /** Room for a record of `size`, in one piece. */
  #claim(size: number): number {
    const rest = this.#end - this.#head
    if (size > rest) {
      while (this.#free < rest) this.#passOldest(false)
      // What is left at the end is nobody's, until the ring has come round.
      if (rest > 0) {
        this.words[this.#head + RECORD.size] = rest
        this.words[this.#head + RECORD.slot] = NO_SLOT
      }
      this.#free -= rest
      this.#head = LINE_WORDS
    }
    let chances = CHANCES
    while (this.#free < size) this.#passOldest(chances-- > 0)
    const place = this.#head
    this.#head += size
    this.#free -= size
    return place
  }

  /** The oldest record makes room; one that was used since it came goes to the front, if it may. */
  #passOldest(again: boolean): void {
    const { words } = this
    const place = this.#tail
    const size = words[place + RECORD.size] as number
    const slot = words[place + RECORD.slot] as number
    this.#tail = place + size === this.#end ? LINE_WORDS : place + size
    this.#free += size
    if (slot === NO_SLOT) return
    const to = this.#head
    if (!again || words[place + RECORD.used] === 0 || to + size > this.#end) {
      this.#clear(slot)
      return
    }
    words.copyWithin(to, place, place + size)
    words[to + RECORD.used] = 0
    this.#sets[slot + WAYS] = to
    this.#head += size
    this.#free -= size
  }

  #clear(slot: number): void {
    const place = this.#sets[slot + WAYS] as number
    if (place === 0) return
    this.words[place + RECORD.slot] = NO_SLOT
    this.#sets[slot + WAYS] = 0
    this.#size--
  }
}

/** Words that hold so many bytes. */
export const wordsOf = (bytes: number): number => (bytes + WORD - 1) >> 2

/** Whether the question at `own` has the name at `at`, letter case aside, and its type. */
function isSame(mine: Uint8Array, own: number, bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const a = mine[own + i] as number
    const b = bytes[at + i] as number
    if (a !== b && FOLD[a] !== FOLD[b]) return false
  }
  return mine[own + length] === bytes[at + length] && mine[own + length + 1] === bytes[at + length + 1]
}
