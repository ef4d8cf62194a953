// Counts by text key in open-addressed typed arrays: no object and no rehash per key. Knows no hour and no bound of its own.

/** Slots that an empty table starts with; it doubles when half full. */
const SLOTS_MIN = 64
/** Counts up to this are sorted by counting when a median is wanted; nearly all are. */
const SMALL = 256

/**
 * A map from text to a count, made for keys that come fresh from the wire and mostly once. Measured against `Map`: a
 * known key costs the same, a new one a third. The seed keeps strangers from making up names that all collide.
 */
export class CountTable {
  readonly #seed: number
  #hashes = new Uint32Array(SLOTS_MIN)
  #counts = new Float64Array(SLOTS_MIN)
  #keys: (string | undefined)[] = new Array(SLOTS_MIN).fill(undefined)
  #size = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  /** Keys that are counted. */
  get size(): number {
    return this.#size
  }

  add(key: string, count: number): void {
    this.#add(key, this.#hash(key), count)
  }

  get(key: string): number {
    const slot = this.#slot(key, this.#hash(key))
    return this.#counts[slot] as number
  }

  /** Adds all of another table that was made with the same seed. */
  addAll(other: CountTable): void {
    for (let i = 0; i < other.#hashes.length; i++) {
      const key = other.#keys[i]
      if (key !== undefined) this.#add(key, other.#hashes[i] as number, other.#counts[i] as number)
    }
  }

  /** The `limit` highest counts, highest first, ties in the order of the key. */
  highest(limit: number): { key: string; count: number }[] {
    const best: { key: string; count: number }[] = []
    for (let i = 0; i < this.#keys.length; i++) {
      const key = this.#keys[i]
      if (key === undefined) continue
      const item = { key, count: this.#counts[i] as number }
      if (best.length === limit && !isBefore(item, best[limit - 1])) continue
      let at = best.length
      while (at > 0 && isBefore(item, best[at - 1])) at--
      best.splice(at, 0, item)
      if (best.length > limit) best.pop()
    }
    return best
  }

  /** Takes the median count off every key and drops those at zero, at least half of all. Says what it took. */
  purge(): number {
    const median = this.#median()
    this.#rebuild(this.#hashes.length, median)
    return median
  }

  clear(): void {
    this.#hashes = new Uint32Array(SLOTS_MIN)
    this.#counts = new Float64Array(SLOTS_MIN)
    this.#keys = new Array(SLOTS_MIN).fill(undefined)
    this.#size = 0
  }

  #add(key: string, hash: number, count: number): void {
    const slot = this.#slot(key, hash)
    if (this.#keys[slot] === undefined) {
      this.#keys[slot] = key
      this.#hashes[slot] = hash
      this.#counts[slot] = count
      if (++this.#size * 2 > this.#hashes.length) this.#rebuild(2 * this.#hashes.length, 0)
    } else this.#counts[slot] = (this.#counts[slot] as number) + count
  }

  /** Where the key stands, or the free slot where it would. There always is one: a table is at most half full. */
  #slot(key: string, hash: number): number {
    const mask = this.#hashes.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = this.#keys[slot]
      if (found === undefined || (this.#hashes[slot] === hash && found === key)) return slot
    }
  }

  #rebuild(slots: number, less: number): void {
    const hashes = this.#hashes
    const counts = this.#counts
    const keys = this.#keys
    this.#hashes = new Uint32Array(slots)
    this.#counts = new Float64Array(slots)
    this.#keys = new Array(slots).fill(undefined)
    this.#size = 0
    const mask = slots - 1
    for (let i = 0; i < keys.length; i++) {
      const count = (counts[i] as number) - less
      if (keys[i] === undefined || count <= 0) continue
      const hash = hashes[i] as number
      let slot = hash & mask
      while (this.#keys[slot] !== undefined) slot = (slot + 1) & mask
      this.#keys[slot] = keys[i]
      this.#hashes[slot] = hash
      this.#counts[slot] = count
      this.#size++
    }
  }

  #median(): number {
    const rank = this.#size >> 1
    const small = new Uint32Array(SMALL)
    for (const count of this.#counts) if (count > 0 && count < SMALL) small[count] = (small[count] as number) + 1
    let seen = 0
    for (let count = 1; count < SMALL; count++) if ((seen += small[count] as number) > rank) return count
    const sorted = this.#counts.filter((count) => count > 0).sort()
    return sorted[rank] as number
  }

  /** Two UTF-16 units a step: rotate, xor, multiply by the golden ratio; the last line brings high bits down to the slot. */
  #hash(key: string): number {
    let hash = this.#seed
    const even = key.length & ~1
    for (let i = 0; i < even; i += 2) hash = step(hash, key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16))
    if (even < key.length) hash = step(hash, key.charCodeAt(even))
    return (hash ^ (hash >>> 15)) >>> 0
  }
}

const step = (hash: number, word: number): number => Math.imul(((hash << 5) | (hash >>> 27)) ^ word, 0x9e3779b1)

const isBefore = (a: { key: string; count: number }, b: { key: string; count: number } | undefined): boolean =>
  b === undefined || a.count > b.count || (a.count === b.count && a.key < b.key)
