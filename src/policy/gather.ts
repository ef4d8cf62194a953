// Rules on their way into a snapshot: collected as they come, then sorted by fingerprint, each name once. Knows no file.
import { first, second, third } from './hash.ts'
import type { Workspace } from './memory.ts'

/** Words of one rule here: the three of its fingerprint, and its number. */
export const STRIDE = 4

/** Collects the rules of one table. Used once: `sort` ends it. */
export interface Gathering {
  /** Takes a name of `labels` labels by the state that it left in a fingerprinter. Rule numbers must not fall. */
  readonly push: (states: Int32Array, labels: number, rule: number) => void
  /**
   * Sorts the rules: each name once for each class of lists that states it, with its lowest rule there, in the order of
   * the first word's top bits, of at least as many of them as the binary logarithm of the number of rules. Each rule that
   * a list has not stated before is counted in `rules`, by list; no list, no count. Names in `dropped` (see `dropKey`) are
   * left out.
   */
  readonly sort: (lists: readonly GatheredList[], rules: number[], dropped?: ReadonlySet<string>) => SortedRules
}

/** What sorting knows of a list. */
export interface GatheredList {
  /** Its rules have numbers above this one. */
  readonly base: number
  /** Lists of one class are for the same people and the same purpose: of equal rules the first one is enough. */
  readonly kin: number
}

/** Rules one after the other, `STRIDE` words each. */
export interface SortedRules {
  /** Pieces of memory, in order; the rules of each fill it from its start. */
  readonly pieces: readonly Int32Array[]
  readonly entries: number
  /** Different names. Less than the entries where lists of several classes state one. */
  readonly names: number
  /** Bit n for rules with n labels, bit 31 for 31 and more. */
  readonly depths: number
}

/**
 * Rules are split by the top bits of their fingerprint as they come, so that each part is sorted within the processor's
 * cache. Measured with a million names: 100 ms instead of 270 ms for one large table.
 */
const PART_BITS = 6
/** Rules of a chunk. Growth copies nothing. */
const CHUNK = 1024

/** The rules of one part: full chunks, and the last one up to `fill` words. */
interface Part {
  readonly chunks: Int32Array[]
  open: Int32Array
  fill: number
}

export function gathering(workspace: Workspace): Gathering {
  const nothing = new Int32Array(0)
  const parts = Array.from({ length: 2 ** PART_BITS }, (): Part => ({ chunks: [], open: nothing, fill: 0 }))
  let size = 0
  let depths = 0

  const push = (states: Int32Array, labels: number, rule: number): void => {
    const a = states[3 * labels] as number
    const b = states[3 * labels + 1] as number
    const c = states[3 * labels + 2] as number
    const place = first(a, b, c)
    const part = parts[place >>> (32 - PART_BITS)] as Part
    if (part.fill === part.open.length) {
      part.open = workspace(STRIDE * CHUNK)
      part.chunks.push(part.open)
      part.fill = 0
    }
    const { open, fill } = part
    open[fill] = place
    open[fill + 1] = second(a, b, c)
    open[fill + 2] = third(a, b, c)
    open[fill + 3] = rule
    part.fill = fill + STRIDE
    size++
    depths |= 1 << Math.min(labels, 31)
  }

  const sort: Gathering['sort'] = (lists, rules, dropped = NOTHING_DROPPED) => {
    // So many buckets in all as there are rules, also for a part that happens to have few.
    const bits = Math.max(1, Math.ceil(Math.log2(Math.max(1, size))) - PART_BITS)
    const filled = parts.filter(({ chunks }) => chunks.length > 0)
    const buckets = bucketsFor(bits, Math.max(0, ...filled.map(({ chunks }) => CHUNK * chunks.length)))
    const sorted = filled.map((part) => sortPart(part, buckets, lists, rules, dropped))
    const pieces = sorted.flatMap((part) => part.pieces)
    const entries = pieces.reduce((sum, piece) => sum + piece.length / STRIDE, 0)
    return { pieces, entries, names: sorted.reduce((sum, part) => sum + part.names, 0), depths }
  }

  return { push, sort }
}

/**
 * Sorts a part into buckets, keeping the order within a bucket, and leaves out what is there already. A rule is
 * compared with the different names of its bucket only, so a list that repeats one name costs no more than another.
 * The result stands in the part's own chunks.
 */
function sortPart(
  { chunks, fill }: Part,
  buckets: Buckets,
  lists: readonly GatheredList[],
  rules: number[],
  dropped: ReadonlySet<string>,
): { readonly pieces: Int32Array[]; readonly names: number } {
  const pieces = chunks.map((chunk, i) => (i === chunks.length - 1 ? chunk.subarray(0, fill) : chunk))
  buckets.starts.fill(0)
  for (const piece of pieces) count(piece, buckets)
  addUp(buckets.starts)
  buckets.ends.set(buckets.starts)
  let names = 0
  for (const piece of pieces) names += distribute(piece, buckets, lists, rules, dropped)
  return { pieces: putBack(pieces, buckets), names }
}

/** The rules of a part by their buckets: those of bucket b stand from `starts[b]` up to `ends[b]`. Used for one part after the other. */
interface Buckets {
  readonly bits: number
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly slots: Int32Array
  /** Of each rule, the list that stated it last, and its kin. */
  readonly statedBy: Uint16Array
  readonly kins: Uint16Array
}

const bucketsFor = (bits: number, rules: number): Buckets => ({
  bits,
  starts: new Int32Array(2 ** bits + 1),
  ends: new Int32Array(2 ** bits + 1),
  slots: new Int32Array(STRIDE * rules),
  statedBy: new Uint16Array(rules),
  kins: new Uint16Array(rules),
})

const bucketOf = (word: number, bits: number): number => (word << PART_BITS) >>> (32 - bits)

// One piece at a time, in functions of their own: V8 compiles such a small one once. What loops over all pieces it compiled
// again and again while it ran, which took longer than the sorting.

/** Counts the rules of each bucket, one place further on. */
function count(piece: Int32Array, { bits, starts }: Buckets): void {
  for (let i = 0; i < piece.length; i += STRIDE) starts[bucketOf(piece[i] as number, bits) + 1]!++
}

/** Makes of counts the places where each bucket starts. */
function addUp(starts: Int32Array): void {
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1] as number
}

/** Puts rules into their buckets; returns how many names are new. */
function distribute(
  piece: Int32Array,
  { bits, starts, ends, slots, statedBy, kins }: Buckets,
  lists: readonly GatheredList[],
  rules: number[],
  dropped: ReadonlySet<string>,
): number {
  let list = 0
  let names = 0
  for (let i = 0; i < piece.length; i += STRIDE) {
    const rule = piece[i + 3] as number
    while (list + 1 < lists.length && rule > (lists[list + 1] as GatheredList).base) list++
    const kin = lists[list]?.kin ?? 0
    if (dropped.size > 0 && dropped.has(keyAt(piece, i))) continue
    const bucket = bucketOf(piece[i] as number, bits)
    const end = ends[bucket] as number
    let at = starts[bucket] as number
    let known = false
    while (at < end) {
      if (same(slots, STRIDE * at, piece, i)) {
        if (kins[at] === kin) break
        known = true
      }
      at++
    }
    if (at < end && statedBy[at] === list) continue
    if (list < rules.length) rules[list]!++
    statedBy[at] = list
    if (at < end) continue
    kins[at] = kin
    if (!known) names++
    ends[bucket] = end + 1
    move(piece, i, slots, STRIDE * at)
  }
  return names
}

const NOTHING_DROPPED: ReadonlySet<string> = new Set()

/** What stands in `dropped` for a name of `labels` labels, by the state that it left in a fingerprinter. */
export function dropKey(states: Int32Array, labels: number): string {
  const [a, b, c] = [states[3 * labels] as number, states[3 * labels + 1] as number, states[3 * labels + 2] as number]
  return `${first(a, b, c)} ${second(a, b, c)} ${third(a, b, c)}`
}

const keyAt = (piece: Int32Array, i: number): string => `${piece[i]} ${piece[i + 1]} ${piece[i + 2]}`

const same = (a: Int32Array, i: number, b: Int32Array, j: number): boolean =>
  a[i + 1] === b[j + 1] && a[i + 2] === b[j + 2] && a[i] === b[j]

/** Writes the rules of all buckets one after the other into the pieces; returns those that are needed. */
function putBack(pieces: readonly Int32Array[], { starts, ends, slots }: Buckets): Int32Array[] {
  const size = closeUp(slots, starts, ends)
  let at = 0
  return pieces.flatMap((piece) => {
    const some = slots.subarray(at, Math.min(size, at + piece.length))
    at += some.length
    piece.set(some)
    return some.length === 0 ? [] : [piece.subarray(0, some.length)]
  })
}

/** Closes the gaps that rules left behind which were there already; returns where the last one ends. */
function closeUp(slots: Int32Array, starts: Int32Array, ends: Int32Array): number {
  let to = 0
  for (let bucket = 0; bucket < ends.length - 1; bucket++) {
    const end = STRIDE * (ends[bucket] as number)
    let from = STRIDE * (starts[bucket] as number)
    if (from === to) to = end
    else for (; from < end; from += STRIDE, to += STRIDE) move(slots, from, slots, to)
  }
  return to
}

/** Copies one rule. */
function move(from: Int32Array, i: number, to: Int32Array, j: number): void {
  to[j] = from[i] as number
  to[j + 1] = from[i + 1] as number
  to[j + 2] = from[i + 2] as number
  to[j + 3] = from[i + 3] as number
}
