// Many patterns at once: which of them are found in a name. A pattern is looked at only where the text that it needs is
// there, or where a sieve says that it may be found; it is compiled when that happens first.
import type { Pieces } from '../base/turns.ts'
import { literalOf } from './literal.ts'
import { type Pattern, readPattern } from './pattern.ts'
import { type Chain, chainsOf, isWide } from './pattern-chains.ts'
import { linksOf, sieve } from './sieve.ts'

/** Says the numbers of the patterns that are found in a name, given as text in lower case; calls `visit` with each. */
export type PatternSet = (name: string, visit: (number: number) => void) => void

/** Characters that choose a bucket, as one number: names and texts are of ASCII. */
const GRAM = 3
type Gram = number
const GRAM_MASK = 0xff_ffff
/** Most patterns of a bucket; what is over goes through a sieve. */
const CROWD = 32
/** Patterns that are looked at in one piece of work. */
const READ_AT_ONCE = 32
/** Links of the chains that are made in one. */
const LINKS_AT_ONCE = 400

interface Known {
  readonly text: string
  readonly literal: string
  /** Where in it the characters stand that chose its bucket. */
  readonly gramAt: number
  compiled: Pattern | undefined
}

/** Builds a set, in pieces. */
export function* patternSet(patterns: readonly string[]): Pieces<PatternSet> {
  const known: Known[] = []
  const buckets = new Map<Gram, number[]>()
  const loose: number[] = []
  for (const [number, text] of patterns.entries()) {
    if (number % READ_AT_ONCE === READ_AT_ONCE - 1) yield
    const literal = literalOf(text) ?? ''
    const gramAt = rarest(literal, buckets)
    known.push({ text, literal, gramAt, compiled: undefined })
    if (gramAt < 0) loose.push(number)
    else {
      const gram = gramOf(literal, gramAt)
      const bucket = buckets.get(gram)
      if (bucket === undefined) buckets.set(gram, [number])
      else bucket.push(number)
    }
  }
  const chains: (readonly Chain[])[] = []
  let links = 0
  for (const number of loose) {
    const one = known[number] as Known
    const its = chainsOf(one.text)
    chains.push(its)
    // What most names come to is compiled now, piece by piece, and not while the first of them waits.
    if (isWide(its)) one.compiled = compiledOrNever(one.text)
    links += linksOf(its)
    if (!isWide(its) && links < LINKS_AT_ONCE) continue
    yield
    links = 0
  }
  const through = loose.length === 0 ? undefined : yield* sieve(chains)
  const find = (number: number, name: string, visit: (number: number) => void): void => {
    const one = known[number] as Known
    one.compiled ??= compiledOrNever(one.text)
    if (one.compiled(name)) visit(number)
  }
  return (name, visit) => {
    if (buckets.size > 0) {
      let gram = 0
      for (let end = 0; end < name.length; end++) {
        gram = ((gram << 8) | name.charCodeAt(end)) & GRAM_MASK
        const bucket = end + 1 < GRAM ? undefined : buckets.get(gram)
        if (bucket === undefined) continue
        for (const number of bucket) {
          const { literal, gramAt } = known[number] as Known
          const start = end + 1 - GRAM - gramAt
          // The first place of its text: a pattern is looked at once for a name.
          if (start < 0 || !name.startsWith(literal, start) || name.indexOf(literal) < start) continue
          find(number, name, visit)
        }
      }
    }
    through?.(name, (i) => find(loose[i] as number, name, visit))
  }
}

/** Where in a text the three characters stand that the fewest patterns share so far; -1 where each is crowded. */
function rarest(literal: string, buckets: ReadonlyMap<Gram, readonly number[]>): number {
  let best = -1
  let least = CROWD
  for (let at = 0; at + GRAM <= literal.length; at++) {
    const size = buckets.get(gramOf(literal, at))?.length ?? 0
    if (size >= least) continue
    least = size
    best = at
  }
  return best
}

const gramOf = (text: string, at: number): Gram =>
  (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2)

/** Patterns were read before they came here; one that cannot be read matches nothing. */
function compiledOrNever(text: string): Pattern {
  const pattern = readPattern(text)
  return typeof pattern === 'string' ? () => false : pattern
}
