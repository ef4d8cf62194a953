// The rules of a list as sorted numbers, one a rule: for counting what lists have in common and what has changed. Knows
// no policy.
import type { Problem } from '../base/failure.ts'
import { type ConditionalRule, ruleKey } from '../policy/rule.ts'
import { readList } from './load.ts'
import type { Reading } from './read.ts'
import type { FoundList } from './sources.ts'

/** What a list has. */
export interface ListDigest {
  readonly reading: Reading
  /** Each different rule as a number of 53 bits, ascending. Two of a million are the same by chance once in 20,000 lists. */
  readonly rules: Float64Array
}

/** Reads a list; a problem where it cannot be used as a whole. Reads about two million names a second. */
export async function digestOf(list: FoundList): Promise<ListDigest | Problem> {
  let numbers = new Float64Array(1024)
  let size = 0
  const add = (number: number): void => {
    if (size === numbers.length) {
      const larger = new Float64Array(2 * size)
      larger.set(numbers)
      numbers = larger
    }
    numbers[size++] = number
  }
  const wire = new Uint8Array(256)
  const reading = await readList(list, {
    wire,
    rule: (exception, subtree) => {
      add(hashOf(wire, wireLength(wire), (exception ? 1 : 0) + (subtree || list.subdomains ? 2 : 0)))
      return true
    },
    conditional: (rule) => {
      const bytes = keyOf(rule)
      add(hashOf(bytes, bytes.length, 4))
      return 'taken'
    },
  })
  if ('code' in reading) return reading
  const sorted = numbers.subarray(0, size).sort()
  let kept = 0
  for (let i = 0; i < size; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i] as number
  return { reading, rules: sorted.slice(0, kept) }
}

const keyOf = (rule: ConditionalRule): Uint8Array => Buffer.from(`${rule.cancels} ${ruleKey(rule)}`)

/** The length of a name in wire form, with its root byte. */
export function wireLength(wire: Uint8Array): number {
  let at = 0
  while (wire[at] !== 0) at += (wire[at] as number) + 1
  return at + 1
}

/** Two rounds of FNV-1a with different starts, cut to what a number holds exactly. */
function hashOf(bytes: Uint8Array, length: number, start: number): number {
  let high = 0x811c_9dc5 ^ start
  let low = 0x050c_5d1f ^ start
  for (let i = 0; i < length; i++) {
    high = Math.imul(high ^ (bytes[i] as number), 0x0100_0193)
    low = Math.imul(low ^ (bytes[i] as number) ^ (high >>> 13), 0x5bd1_e995)
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0)
}

/** How many rules `after` has that `before` has not, and the other way round. */
export function difference(before: Float64Array, after: Float64Array): { added: number; removed: number } {
  let common = 0
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    const [one, other] = [before[i] as number, after[j] as number]
    if (one === other) common++
    if (one <= other) i++
    if (other <= one) j++
  }
  return { added: after.length - common, removed: before.length - common }
}

/** What a list shares with others. */
export interface Overlap {
  /** Rules that no other list has. */
  readonly unique: number
  /** The lists with which it has most rules in common, by index; at most three, most first. */
  readonly shared: readonly { readonly list: number; readonly rules: number }[]
}

/** Compares all lists with each other. A million rules take 0.1 s for each list. */
export function overlaps(digests: readonly (Float64Array | undefined)[]): Overlap[] {
  return digests.map((mine, i) => {
    if (mine === undefined) return { unique: 0, shared: [] }
    const seen = new Uint8Array(mine.length)
    const shared = digests.flatMap((other, list) => {
      if (list === i || other === undefined) return []
      const rules = mark(mine, other, seen)
      return rules === 0 ? [] : [{ list, rules }]
    })
    const unique = seen.reduce((count, one) => count - one, mine.length)
    return { unique, shared: shared.sort((a, b) => b.rules - a.rules).slice(0, 3) }
  })
}

/** Marks what of `mine` stands in `other`; returns how much. */
function mark(mine: Float64Array, other: Float64Array, seen: Uint8Array): number {
  let common = 0
  for (let i = 0, j = 0; i < mine.length && j < other.length; ) {
    const [one, two] = [mine[i] as number, other[j] as number]
    if (one === two) {
      seen[i] = 1
      common++
    }
    if (one <= two) i++
    if (two <= one) j++
  }
  return common
}
