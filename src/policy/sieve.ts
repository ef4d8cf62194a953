// A sieve for many patterns at once: which of them may be found in a name. It lets through what is not meant, never keeps
// back what is, and takes the same time whatever the patterns are. Knows no engine.
import { type Chain, SYMBOLS, symbolOf } from './pattern-chains.ts'

/** Calls `visit` with the number of each pattern that may be found in a name of so many symbols, once each. */
export type Sieve = (symbols: Uint8Array, length: number, visit: (number: number) => void) => void

/** Chains of 32 links at most, packed into words: bit i is set when the links up to i have been found. */
interface Words {
  readonly count: number
  /** Where chains begin; where they end, anywhere or at the end of the name only. */
  readonly first: Int32Array
  readonly last: Int32Array
  readonly lastAtEnd: Int32Array
  /** For each word and symbol: links that the symbol fits, and those after which it may be passed over. */
  readonly fits: Int32Array
  readonly stays: Int32Array
  /** Whose chain ends at each bit. */
  readonly owners: Int32Array
}

/** Longest name in characters: an escaped byte has four. */
export const TEXT_MAX = 1024

/** Writes the symbols of a name; returns how many. */
export function symbolsInto(symbols: Uint8Array, name: string): number {
  const length = Math.min(name.length, TEXT_MAX)
  for (let i = 0; i < length; i++) symbols[i] = symbolOf(name.charCodeAt(i))
  return length
}

/** Builds a sieve for the chains of patterns, each with its number. Chains of those that begin a name are given up at the first character that does not fit. */
export function sieve(patterns: readonly (readonly [number: number, chains: readonly Chain[]])[]): Sieve {
  const chains = patterns.flatMap(([number, all]) => all.map((chain) => ({ number, chain })))
  const always = [...new Set(chains.filter(({ chain }) => chain.links.length === 0).map(({ number }) => number))]
  const real = chains.filter(({ chain, number }) => chain.links.length > 0 && !always.includes(number))
  const anchored = pack(real.filter(({ chain }) => chain.atStart))
  const free = pack(real.filter(({ chain }) => !chain.atStart))
  const seen = new Set<number>()
  const found = ({ owners }: Words, word: number, hits: number, visit: (number: number) => void): void => {
    for (let bits = hits; bits !== 0; bits &= bits - 1) {
      const number = owners[32 * word + 31 - Math.clz32(bits & -bits)] as number
      if (!seen.has(number)) visit(number)
      seen.add(number)
    }
  }
  return (symbols, length, visit) => {
    if (seen.size > 0) seen.clear()
    for (const number of always) visit(number)
    for (let word = 0; word < free.count; word++) {
      const hits = runFree(free, word, symbols, length)
      if (hits !== 0) found(free, word, hits, visit)
    }
    for (let word = 0; word < anchored.count; word++) {
      const hits = runAnchored(anchored, word, symbols, length)
      if (hits !== 0) found(anchored, word, hits, visit)
    }
  }
}

function runFree(
  { first, last, lastAtEnd, fits, stays }: Words,
  word: number,
  symbols: Uint8Array,
  length: number,
): number {
  const [begins, ends] = [first[word] as number, last[word] as number]
  const row = SYMBOLS * word
  let state = 0
  let hits = 0
  for (let i = 0; i < length; i++) {
    const at = row + (symbols[i] as number)
    state = (((state << 1) | begins) & (fits[at] as number)) | (state & (stays[at] as number))
    hits |= state & ends
  }
  return hits | (state & (lastAtEnd[word] as number))
}

function runAnchored(
  { first, last, lastAtEnd, fits, stays }: Words,
  word: number,
  symbols: Uint8Array,
  length: number,
): number {
  const [begins, ends] = [first[word] as number, last[word] as number]
  const row = SYMBOLS * word
  let state = begins & (fits[row + (symbols[0] as number)] as number)
  let hits = state & ends
  for (let i = 1; i < length && state !== 0; i++) {
    const at = row + (symbols[i] as number)
    state = ((state << 1) & ~begins & (fits[at] as number)) | (state & (stays[at] as number))
    hits |= state & ends
  }
  return hits | (state & (lastAtEnd[word] as number))
}

/** Puts chains into words; none stands in two. */
function pack(chains: readonly { readonly number: number; readonly chain: Chain }[]): Words {
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
  const count = chains.length === 0 ? 0 : word + 1
  const [first, last, lastAtEnd] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)]
  const [fits, stays] = [new Int32Array(count * SYMBOLS), new Int32Array(count * SYMBOLS)]
  const owners = new Int32Array(32 * count)
  for (const [i, { number, chain }] of chains.entries()) {
    const { word, bit } = places[i] as { word: number; bit: number }
    const end = bit + chain.links.length - 1
    first[word]! |= 1 << bit
    const lasts = chain.atEnd ? lastAtEnd : last
    lasts[word]! |= 1 << end
    owners[32 * word + end] = number
    for (const [j, { fit, skip }] of chain.links.entries()) {
      for (let symbol = 0; symbol < SYMBOLS; symbol++) {
        if (fit[symbol] === 1) fits[word * SYMBOLS + symbol]! |= 1 << (bit + j)
        if (skip?.[symbol] === 1) stays[word * SYMBOLS + symbol]! |= 1 << (bit + j)
      }
    }
  }
  return { count, first, last, lastAtEnd, fits, stays, owners }
}
