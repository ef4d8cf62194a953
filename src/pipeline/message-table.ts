// Messages in bytes, found by their question: the fast lane's replies, and the cache's answers. Bounded in bytes; knows no
// policy and no clock.
// Long because the ring, and the slots that lead into it, change together.
//
// All records lie in one block of memory, so a hit reads three or four lines of it and the collector has nothing to do.
// They form a ring, in the order in which they came: a new one takes the place of the oldest, which goes to the front
// again where it was used since (CLOCK). Sets of eight slots say where a record is: a look-up makes no string and looks
// at eight numbers at most, also when somebody picks names that share a set; they only push each other out.
import { u16 } from '../wire/bytes.ts'
import { HEADER } from '../wire/read-query.ts'
import { isSameQuestion } from './question-bytes.ts'

/** One message, as it comes in. */
export interface Keep {
  /** `hashOf` its question. */
  readonly hash: number
  /** What tells it from others with the same question; the owner's affair. */
  readonly variant: number
  /** Its question stands behind the header. */
  readonly message: Uint8Array
  readonly ttlOffsets: readonly number[]
  /** `Clock.ticks()` when the TTLs in it were true, and until when they may be given. */
  readonly born: number
  readonly expires: number
  /** A number of the owner's. */
  readonly stamp: number
  /** Bytes of the owner's: the first `extraSize` of these. */
  readonly extra: Uint8Array
  readonly extraSize: number
}

/**
 * A record, in words from its place; times are doubles. `message` and `extra` are lengths in bytes, `ttls` a number;
 * behind the head stand the message, the offsets of its TTLs, the extra bytes. The notes are the owner's: -1 at first.
 */
export const RECORD = {
  /** In words. */
  size: 0,
  slot: 1,
  variant: 2,
  stamp: 3,
  born: 4,
  expires: 6,
  message: 8,
  extra: 9,
  ttls: 10,
  used: 11,
  notes: 12,
  head: 16,
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
/** Places are numbers of words, and stay small integers. */
const BYTES_MAX = 2 ** 32
/** No record takes more than this share of the ring. */
const LARGEST = 1 / 8
/** Used records that go to the front again for one new one; a bound on the work. */
const CHANCES = 8
/** In the place of a slot: nobody looks for it. */
const NO_SLOT = -1

/** Where the message of the record at `place` begins, in bytes. */
export const messageAt = (place: number): number => WORD * (place + RECORD.head)

/** The table. */
export class MessageTable {
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

  /** Records that can be found. */
  get size(): number {
    return this.#size
  }
  /** Bytes of all records. */
  get used(): number {
    return WORD * (this.#end - LINE_WORDS - this.#free)
  }

  /** The place of the record for the name at `at`, of `length` bytes, and a type; 0 for none. It counts as used now. */
  find(hash: number, bytes: Uint8Array, at: number, length: number, type: number, variant: number): number {
    const place = this.look(hash, bytes, at, length, type, variant)
    if (place !== 0) this.words[place + RECORD.used] = 1
    return place
  }

  /** The same, and it does not count. */
  look(hash: number, bytes: Uint8Array, at: number, length: number, type: number, variant: number): number {
    const first = hash & this.#mask
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#sets[slot] !== hash) continue
      const place = this.#sets[slot + WAYS] as number
      if (place === 0 || this.words[place + RECORD.variant] !== variant) continue
      if (isSameQuestion(this.bytes, messageAt(place) + HEADER, bytes, at, length, type)) return place
    }
    return 0
  }

  /** Puts one in, in the place of one for the same question; `length` is that of its name. Returns whether there was room. */
  set(keep: Keep, length: number): boolean {
    const { hash, variant, message, extra, extraSize, ttlOffsets } = keep
    const old = this.look(hash, message, HEADER, length, u16(message, HEADER + length), variant)
    if (old !== 0) this.remove(old)
    const extraAt = RECORD.head + wordsOf(message.length) + ttlOffsets.length
    const size = Math.ceil((extraAt + wordsOf(extraSize)) / LINE_WORDS) * LINE_WORDS
    if (size > this.#end * LARGEST) return false
    const place = this.#claim(size)
    const slot = this.#freeSlot(hash & this.#mask)
    const { words, bytes, times } = this
    words[place + RECORD.size] = size
    words[place + RECORD.slot] = slot
    words[place + RECORD.variant] = variant
    words[place + RECORD.stamp] = keep.stamp
    times[(place + RECORD.born) / 2] = keep.born
    times[(place + RECORD.expires) / 2] = keep.expires
    words[place + RECORD.message] = message.length
    words[place + RECORD.extra] = extraSize
    words[place + RECORD.ttls] = ttlOffsets.length
    words[place + RECORD.used] = 0
    words.fill(-1, place + RECORD.notes, place + RECORD.head)
    bytes.set(message, messageAt(place))
    words.set(ttlOffsets, place + extraAt - ttlOffsets.length)
    for (let i = 0, to = WORD * (place + extraAt); i < extraSize; i++) bytes[to + i] = extra[i] as number
    this.#sets[slot] = hash
    this.#sets[slot + WAYS] = place
    this.#size++
    return true
  }

  /** Where the extra bytes of a record begin. */
  extraAt(place: number): number {
    const { words } = this
    const message = wordsOf(words[place + RECORD.message] as number)
    return WORD * (place + RECORD.head + message + (words[place + RECORD.ttls] as number))
  }

  /** The places of all records, oldest first; true until the next `set`. */
  places(): number[] {
    const places: number[] = []
    let left = this.#end - LINE_WORDS - this.#free
    for (let place = this.#tail, size = 0; left > 0; left -= size) {
      size = this.words[place + RECORD.size] as number
      if (this.words[place + RECORD.slot] !== NO_SLOT) places.push(place)
      place = place + size === this.#end ? LINE_WORDS : place + size
    }
    return places
  }

  /** Forgets a record. */
  remove(place: number): void {
    this.#sets[(this.words[place + RECORD.slot] as number) + WAYS] = 0
    this.words[place + RECORD.slot] = NO_SLOT
    this.#size--
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
    this.remove(this.#sets[slot + WAYS] as number)
    return slot
  }

  /** Room for a record of `size`, in one piece. */
  #claim(size: number): number {
    let chances = CHANCES
    while (this.#free < size || this.#end - this.#head < size) {
      // What goes to the front again moves the head, so the rest may have become too short.
      if (this.#end - this.#head < size) this.#skipRest()
      else this.#passOldest(chances-- > 0)
    }
    const place = this.#head
    this.#head += size
    this.#free -= size
    return place
  }

  /** What is left at the end is nobody's, until the ring has come round. */
  #skipRest(): void {
    const rest = this.#end - this.#head
    while (this.#free < rest) this.#passOldest(false)
    if (rest > 0) {
      this.words[this.#head + RECORD.size] = rest
      this.words[this.#head + RECORD.slot] = NO_SLOT
    }
    this.#free -= rest
    this.#head = LINE_WORDS
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
      this.remove(place)
      return
    }
    words.copyWithin(to, place, place + size)
    words[to + RECORD.used] = 0
    this.#sets[slot + WAYS] = to
    this.#head += size
    this.#free -= size
  }
}

/** Words that hold so many bytes. */
export const wordsOf = (bytes: number): number => (bytes + WORD - 1) >> 2
