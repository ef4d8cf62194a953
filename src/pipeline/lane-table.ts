// Where the fast lane keeps its entries: found by the bytes of a question, bounded in bytes. Knows no policy, no clock.
//
// A table of sets of eight. A look-up makes no string and looks at eight numbers, side by side, at most; so it does when
// somebody picks names that share a set: they only push each other out. What was not used lately goes first (CLOCK: a
// hit marks its entry, the hand takes the mark away, and the next time round the entry).
import { foldByte } from '../base/name.ts'
import type { Repeatable } from '../journal/batch.ts'
import { HEADER } from '../wire/read-query.ts'

/** One reply that can be repeated. */
export interface LaneEntry {
  /** What `hashOf` says of its question. */
  readonly hash: number
  /** What in a query changes the answer beside its question. */
  readonly variant: number
  /** The reply; its question stands behind the header. */
  readonly bytes: Uint8Array
  readonly ttlOffsets: readonly number[]
  /** `Clock.ticks()` when the TTLs in `bytes` were true, and until when they may be given. */
  readonly born: number
  readonly expires: number
  readonly generation: number
  readonly journal: Repeatable
}

const WAYS = 8
/** Bytes that an entry costs beside its reply and template; measured as RSS at 300,000 entries on Node 26. */
const ENTRY_OVERHEAD = 650
/** The same for each of the two arrays that V8 keeps outside its heap, being longer than so many bytes. */
const OUTSIDE = { from: 65, overhead: 165 } as const
/** Bytes of a usual entry, and slots for each that there is room for: half empty, few sets overflow before their time. */
const USUAL_ENTRY = 900
const SLOTS_AN_ENTRY = 2
/** Half a million entries or more; the slots alone take 13 bytes each. */
const SLOTS_MAX = 2 ** 20

/** What stands in a slot. */
const EMPTY = 0
const IDLE = 1
const USED = 2

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

/** The table. */
export class LaneTable {
  readonly #bytes: number
  readonly #mask: number
  readonly #hashes: Int32Array
  readonly #states: Uint8Array
  readonly #entries: (LaneEntry | undefined)[]
  #size = 0
  #weight = 0
  #hand = 0

  /** `bytes` bounds the memory of all entries. */
  constructor(bytes: number) {
    const wanted = Math.min(SLOTS_MAX, (bytes / USUAL_ENTRY) * SLOTS_AN_ENTRY)
    const slots = WAYS * 2 ** Math.max(0, Math.ceil(Math.log2(wanted / WAYS)))
    this.#bytes = bytes
    this.#mask = slots - WAYS
    this.#hashes = new Int32Array(slots)
    this.#states = new Uint8Array(slots)
    this.#entries = new Array<LaneEntry | undefined>(slots).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  /** The entry for the name at `at`, of `length` bytes, its type behind it; it counts as used now. */
  find(hash: number, bytes: Uint8Array, at: number, length: number, variant: number): LaneEntry | undefined {
    const slot = this.#slotOf(hash, bytes, at, length, variant)
    if (slot < 0) return undefined
    this.#states[slot] = USED
    return this.#entries[slot]
  }

  /** Puts an entry in, in the place of one for the same question; `length` is that of its name. */
  set(entry: LaneEntry, length: number): void {
    const { hash, variant, bytes } = entry
    const old = this.#slotOf(hash, bytes, HEADER, length, variant)
    if (old >= 0) this.#remove(old)
    const weight = weightOf(entry)
    if (weight > this.#bytes) return
    const free = old >= 0 ? old : this.#freeSlot(hash & this.#mask)
    this.#remove(free)
    this.#hashes[free] = hash
    this.#states[free] = IDLE
    this.#entries[free] = entry
    this.#size++
    this.#weight += weight
    while (this.#weight > this.#bytes) this.#advance(free)
  }

  #slotOf(hash: number, bytes: Uint8Array, at: number, length: number, variant: number): number {
    const first = hash & this.#mask
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#hashes[slot] !== hash) continue
      const entry = this.#entries[slot]
      if (entry !== undefined && entry.variant === variant && isSame(entry.bytes, bytes, at, length)) return slot
    }
    return -1
  }

  /** An empty slot of the set, or else one whose entry was not used lately. */
  #freeSlot(first: number): number {
    for (let slot = first; slot < first + WAYS; slot++) if (this.#states[slot] === EMPTY) return slot
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#states[slot] === IDLE) return slot
      this.#states[slot] = IDLE
    }
    return first
  }

  /** The hand goes on by one slot. */
  #advance(except: number): void {
    const slot = this.#hand
    this.#hand = slot + 1 === this.#states.length ? 0 : slot + 1
    if (this.#states[slot] === USED) this.#states[slot] = IDLE
    else if (slot !== except) this.#remove(slot)
  }

  #remove(slot: number): void {
    const entry = this.#entries[slot]
    if (entry === undefined) return
    this.#entries[slot] = undefined
    this.#states[slot] = EMPTY
    this.#size--
    this.#weight -= weightOf(entry)
  }
}

const weightOf = ({ bytes, journal, ttlOffsets }: LaneEntry): number =>
  arrayWeight(bytes) + arrayWeight(journal.template) + 8 * ttlOffsets.length + ENTRY_OVERHEAD

const arrayWeight = ({ length }: Uint8Array): number => length + (length >= OUTSIDE.from ? OUTSIDE.overhead : 0)

/** Whether the reply's question has this name, letter case aside, and this type. */
function isSame(reply: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const a = reply[HEADER + i] as number
    const b = bytes[at + i] as number
    if (a !== b && FOLD[a] !== FOLD[b]) return false
  }
  return reply[HEADER + length] === bytes[at + length] && reply[HEADER + length + 1] === bytes[at + length + 1]
}
