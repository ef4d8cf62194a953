// Many patterns at once: which of them are found in a name. A pattern is looked at only where the text that it needs is
// there; it is compiled when that happens first.
import { literalOf } from './literal.ts'
import { type Pattern, patternsTogether, readPattern } from './pattern.ts'

/** Says the numbers of the patterns that are found in a name, given as text in lower case; calls `visit` with each. */
export type PatternSet = (name: string, visit: (number: number) => void) => void

/** Characters that choose a bucket. */
const GRAM = 3

interface Known {
  readonly text: string
  readonly literal: string
  /** Where in it the characters stand that chose its bucket. */
  readonly gramAt: number
  compiled: Pattern | undefined
}

/**
 * Builds a set. Measured with 5,000 patterns of which each has a text: see docs/policy.md. Patterns without such a text
 * are compiled together here, at once.
 */
export function patternSet(patterns: readonly string[]): PatternSet {
  const known: Known[] = []
  const buckets = new Map<string, number[]>()
  const loose: number[] = []
  for (const [number, text] of patterns.entries()) {
    const literal = literalOf(text) ?? ''
    const gram = rarest(literal, buckets)
    known.push({ text, literal, gramAt: literal.indexOf(gram ?? ''), compiled: undefined })
    if (gram === undefined) loose.push(number)
    else {
      const bucket = buckets.get(gram)
      if (bucket === undefined) buckets.set(gram, [number])
      else bucket.push(number)
    }
  }
  const together = loose.length === 0 ? undefined : patternsTogether(loose.map((number) => patterns[number] as string))
  return (name, visit) => {
    if (buckets.size > 0) {
      for (let at = 0; at + GRAM <= name.length; at++) {
        const bucket = buckets.get(name.substring(at, at + GRAM))
        if (bucket === undefined) continue
        for (const number of bucket) {
          const one = known[number] as Known
          // The first place of its text: a pattern is looked at once for a name.
          const found = name.indexOf(one.literal)
          if (found < 0 || found + one.gramAt !== at) continue
          one.compiled ??= compiledOrNever(one.text)
          if (one.compiled(name)) visit(number)
        }
      }
    }
    if (together !== undefined) for (const index of together(name)) visit(loose[index] as number)
  }
}

/** The three characters of a text that the fewest patterns share so far. */
function rarest(literal: string, buckets: ReadonlyMap<string, readonly number[]>): string | undefined {
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at + GRAM <= literal.length; at++) {
    const gram = literal.slice(at, at + GRAM)
    const size = buckets.get(gram)?.length ?? 0
    if (size >= least) continue
    least = size
    best = gram
  }
  return best
}

/** Patterns were read before they came here; one that cannot be read matches nothing. */
function compiledOrNever(text: string): Pattern {
  const pattern = readPattern(text)
  return typeof pattern === 'string' ? () => false : pattern
}
