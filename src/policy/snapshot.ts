// The compiled policy as one block of shared memory: its layout, and how a rule is found in it. Knows no file.
import { first, type Seed, second, third } from './hash.ts'
import { roomFor } from './memory.ts'

/**
 * The tables of a snapshot, in the order in which they stand in it: four of plain rules for names, two of plain rules for
 * ranges of addresses (see prefix-wire.ts), and one that says where conditional rules stand for a name or range.
 */
export const TABLES = [
  'blockExact',
  'blockSubtree',
  'allowExact',
  'allowSubtree',
  'blockAddress',
  'allowAddress',
  'conditional',
] as const
export type TableName = (typeof TABLES)[number]

/**
 * One table: rules found by the fingerprint of their name (three words, see `fingerprinter`). It takes 14 to 17 bytes
 * an entry; a name has one entry, or one for each kin of lists that states it, and a look-up that finds nothing reads one word of the filter: for a million names that is 2 MB, which stay
 * in the processor's cache, while the rest is read for names that are there.
 */
export interface Table {
  readonly entries: number
  /** Which numbers of labels the rules have: bit n for n, bit 31 for 31 and more. */
  readonly depths: number
  /** How far the first word of a fingerprint is shifted to give its bucket. */
  readonly shift: number
  /** Two words for each bucket; three bits are set for each entry. Passes about 1 % of the names that are not there. */
  readonly filter: Int32Array
  /** Entries of bucket i stand from `directory[i]` up to `directory[i + 1]`; 2.5 to 5 of them on average. */
  readonly directory: Int32Array
  /** Three words an entry: the second and third word of the fingerprint, and the rule's number, which is never 0. */
  readonly slots: Int32Array
}

/** A snapshot, opened. */
export interface Snapshot extends Readonly<Record<TableName, Table>> {
  readonly seed: Seed
  /** Bytes in use; the memory around it may be larger, see `roomFor`. */
  readonly size: number
  /** Names blocked and names allowed. */
  readonly counts: Int32Array
  /** Rule numbers count lines on through all lists: the rule in line n of list i is `bases[i] + n`. */
  readonly bases: Int32Array
}

/**
 * Whether there is an entry for the name that left the state a, b, c in a fingerprinter; `visit` is called with the rule
 * of each: one for each kin of lists that states it, the first list's first.
 *
 * 64 bits are compared, within one bucket of 5 names at most on average, and other bits have chosen the bucket. So the
 * probability that a look-up finds a rule meant for another name is 5 · 2^-64 = 2.7 · 10^-19, however many rules there
 * are. A name of 127 labels makes 256 look-ups: below 10^-16 for any query.
 */
export function find(table: Table, a: number, b: number, c: number, visit: (rule: number) => void): void {
  const place = first(a, b, c)
  const bits = filterBits(place)
  if (((table.filter[place >>> (table.shift - 1)] as number) & bits) !== bits) return
  const kept = second(a, b, c)
  const keptToo = third(a, b, c)
  const { directory, slots, shift } = table
  const bucket = place >>> shift
  for (let at = 3 * (directory[bucket] as number), end = 3 * (directory[bucket + 1] as number); at < end; at += 3) {
    if (slots[at] === kept && slots[at + 1] === keptToo) visit(slots[at + 2] as number)
  }
}

/** The first rule by the finished fingerprint, without the filter; 0 for none. */
export function lookUp({ directory, slots, shift }: Table, place: number, kept: number, keptToo: number): number {
  const bucket = place >>> shift
  for (let at = 3 * (directory[bucket] as number), end = 3 * (directory[bucket + 1] as number); at < end; at += 3) {
    if (slots[at] === kept && slots[at + 1] === keptToo) return slots[at + 2] as number
  }
  return 0
}

/** The three bits that stand for an entry in its word of the filter, by the first word of its fingerprint. */
export function filterBits(place: number): number {
  const spread = Math.imul(place, 0x9e37_79b1)
  return (1 << (spread >>> 27)) | (1 << ((spread >>> 22) & 31)) | (1 << ((spread >>> 17) & 31))
}

/** `askf` in the byte order of this machine: a snapshot from the other order is not taken for one. */
const MAGIC = 0x6673_6b61
/** Grows with each change of the layout. */
const VERSION = 2

// Words of the header: magic, version, size in words, seed (3), counts (2), lists, then three for each table.
const SEED = 3
const COUNTS = 6
const LISTS = 8
const SIZES = 9
const HEADER = SIZES + 3 * TABLES.length

/** What a table needs to know before it is filled: 2^bits buckets, `bits` from 1 to 30. */
export interface TableSize {
  readonly bits: number
  readonly entries: number
  readonly depths: number
}

/** Allocates a snapshot for all tables in the order of `TABLES`; tables, list bases and counts are zero. */
export function allocateSnapshot(seed: Seed, lists: number, sizes: readonly TableSize[]): SharedArrayBuffer {
  const total = sizes.reduce((sum, { bits, entries }) => sum + 3 * 2 ** bits + 1 + 3 * entries, HEADER + lists)
  const buffer = new SharedArrayBuffer(roomFor(4 * total))
  const words = new Int32Array(buffer)
  words.set([MAGIC, VERSION, total, ...seed])
  words[LISTS] = lists
  words.set(
    sizes.flatMap(({ bits, entries, depths }) => [bits, entries, depths]),
    SIZES,
  )
  return buffer
}

/** Opens a snapshot. Throws where the memory is none of this version: that is a fault of the caller's. */
export function openSnapshot(buffer: SharedArrayBuffer): Snapshot {
  const words = new Int32Array(buffer)
  const word = (at: number): number => words[at] as number
  if (word(0) !== MAGIC || word(1) !== VERSION || word(2) > words.length) {
    throw new TypeError(`not a policy snapshot of version ${VERSION}`)
  }
  let at = HEADER + word(LISTS)
  const part = (length: number): Int32Array => words.subarray(at, (at += length))
  const tables = TABLES.map((name, i): [TableName, Table] => {
    const bits = word(SIZES + 3 * i)
    const entries = word(SIZES + 3 * i + 1)
    const [filter, directory, slots] = [part(2 * 2 ** bits), part(2 ** bits + 1), part(3 * entries)]
    return [name, { entries, depths: word(SIZES + 3 * i + 2), shift: 32 - bits, filter, directory, slots }]
  })
  return {
    size: 4 * word(2),
    seed: [word(SEED), word(SEED + 1), word(SEED + 2)],
    counts: words.subarray(COUNTS, COUNTS + 2),
    bases: words.subarray(HEADER, HEADER + word(LISTS)),
    ...(Object.fromEntries(tables) as Record<TableName, Table>),
  }
}
