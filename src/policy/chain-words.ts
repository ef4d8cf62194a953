// Chains, packed into words of bits: bit i is set when the links up to i have been found. A character is one step, the
// same work whatever the chains are. Knows no engine.
import { type Chain, SYMBOLS } from './pattern-chains.ts'

/** A chain, and the numbers of the patterns that have it. */
export interface OwnedChain {
  readonly chain: Chain
  readonly owners: readonly number[]
}

export interface Words {
  readonly count: number
  /** Symbols that no link tells apart are one class. */
  readonly classOf: Uint8Array
  readonly classes: number
  /** Where chains begin: all of them, and those that do anywhere in a name. */
  readonly first: Int32Array
  readonly anywhere: Int32Array
  /** Where they end: anywhere, or at the end of the name only. */
  readonly last: Int32Array
  readonly lastAtEnd: Int32Array
  /** For each class, and in it for each word: links that it fits, and those after which it may be passed over. */
  readonly fits: Int32Array
  readonly stays: Int32Array
  /** Whose chain ends at each bit. */
  readonly owners: readonly (readonly number[] | undefined)[]
}

/** Packs chains of at least one link and at most 32; none stands in two words. */
export function pack(chains: readonly OwnedChain[]): Words {
  const places: { word: number; bit: number }[] = []
  let word = 0
  let bit = 0
  for (const { chain } of chains) {
    if (bit + chain.links.length > 32) {
      word++
      bit = 0
    }
    places.push({ word, bit })
    bit += chain.links.length
  }
  const count = word + 1
  const [first, anywhere] = [new Int32Array(count), new Int32Array(count)]
  const [last, lastAtEnd] = [new Int32Array(count), new Int32Array(count)]
  /** For each symbol, those that it fits and behind them those after which it may be passed over. */
  const rows = Array.from({ length: SYMBOLS }, () => new Int32Array(2 * count))
  const owners: (readonly number[] | undefined)[] = []
  for (const [i, { chain, owners: its }] of chains.entries()) {
    const { word, bit } = places[i] as { word: number; bit: number }
    const end = bit + chain.links.length - 1
    first[word]! |= 1 << bit
    if (!chain.atStart) anywhere[word]! |= 1 << bit
    const lasts = chain.atEnd ? lastAtEnd : last
    lasts[word]! |= 1 << end
    owners[32 * word + end] = its
    for (const [j, { fit, skip }] of chain.links.entries()) {
      const mask = 1 << (bit + j)
      for (let symbol = 0; symbol < SYMBOLS; symbol++) {
        const row = rows[symbol] as Int32Array
        if (fit[symbol] === 1) row[word]! |= mask
        if (skip?.[symbol] === 1) row[count + word]! |= mask
      }
    }
  }
  const different: Int32Array[] = []
  const classOf = Uint8Array.from(rows, (row) => {
    const known = different.findIndex((other) => other.every((bits, i) => bits === row[i]))
    return known < 0 ? different.push(row) - 1 : known
  })
  const classes = different.length
  const [fits, stays] = [new Int32Array(classes * count), new Int32Array(classes * count)]
  for (const [i, row] of different.entries()) {
    fits.set(row.subarray(0, count), i * count)
    stays.set(row.subarray(count), i * count)
  }
  return { count, classOf, classes, first, anywhere, last, lastAtEnd, fits, stays, owners }
}

/** One character: what is found after it, from what was found before, which begins at `at`; written to `to`. */
export function step(
  { count, first, anywhere, fits, stays }: Words,
  bits: Int32Array,
  at: number,
  kind: number,
  to: number,
): void {
  const row = kind * count
  for (let word = 0; word < count; word++) {
    const before = bits[at + word] as number
    const next = ((before << 1) & ~(first[word] as number)) | (anywhere[word] as number)
    bits[to + word] = (next & (fits[row + word] as number)) | (before & (stays[row + word] as number))
  }
}

/** The first character. */
export function opening({ count, first, fits }: Words, bits: Int32Array, kind: number, to: number): void {
  for (let word = 0; word < count; word++)
    bits[to + word] = (first[word] as number) & (fits[kind * count + word] as number)
}

/** All characters from one on, in one word. Returns where chains end; what ended before is not said again. */
export function run(words: Words, word: number, found: number, symbols: Uint8Array, from: number, to: number): number {
  const { count, classOf, fits, stays } = words
  const [first, anywhere, last] = [
    words.first[word] as number,
    words.anywhere[word] as number,
    words.last[word] as number,
  ]
  if ((found | anywhere) === 0 && from > 0) return 0
  let state = found
  let begins = from === 0 ? first : anywhere
  let hits = 0
  for (let i = from; i < to; i++) {
    const at = (classOf[symbols[i] as number] as number) * count + word
    state = ((((state << 1) & ~first) | begins) & (fits[at] as number)) | (state & (stays[at] as number))
    begins = anywhere
    if ((state | begins) === 0) break
    hits |= state & last
  }
  return hits | (state & (words.lastAtEnd[word] as number))
}

/** Calls `visit` for each whose chain ends at one of the bits. */
export function sayOwners({ owners }: Words, word: number, hits: number, visit: (number: number) => void): void {
  for (let bits = hits; bits !== 0; bits &= bits - 1) {
    for (const number of owners[32 * word + 31 - Math.clz32(bits & -bits)] ?? []) visit(number)
  }
}
