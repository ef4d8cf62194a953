// What differs between two versions of the house's names, in pieces: the resolver takes them in between two packets, so
// each piece is small, however many names there are. Values in, values out.
import type { Name } from '../base/name.ts'
import type { OwnRecord } from '../base/reply.ts'
import type { NamesSnapshot } from './snapshot.ts'

/** One piece of a change. */
export interface NamesChange {
  /** Names that have other records than before, with all of them. */
  readonly set: ReadonlyMap<Name, readonly OwnRecord[]>
  /** Names that have none any more. */
  readonly gone: readonly Name[]
  /** What is no record, where it has changed. */
  readonly rules?: Omit<NamesSnapshot, 'records'>
}

/** Most names of one piece. Measured: 256 cost both threads 0.4 ms together; a lease changes three. */
export const PIECE = 256

/** The pieces that lead from one version to the other; none where they are the same. A small change is one piece. */
export function changesBetween(from: NamesSnapshot, to: NamesSnapshot): readonly NamesChange[] {
  const set = [...to.records].filter(([name, records]) => !isSame(from.records.get(name), records))
  const gone = [...from.records.keys()].filter((name) => !to.records.has(name))
  const { records: _, ...rules } = to
  const pieces: NamesChange[] = []
  for (let at = 0; at < gone.length + set.length; at += PIECE) {
    const start = Math.max(0, at - gone.length)
    const end = Math.max(0, at + PIECE - gone.length)
    pieces.push({ gone: gone.slice(at, at + PIECE), set: new Map(set.slice(start, end)) })
  }
  if (isSameRules(from, to)) return pieces
  const last = pieces.pop() ?? { set: new Map(), gone: [] }
  return [...pieces, { ...last, rules }]
}

const isSame = (a: readonly OwnRecord[] | undefined, b: readonly OwnRecord[]): boolean =>
  a === b || (a !== undefined && JSON.stringify(a) === JSON.stringify(b))

const isSameRules = (a: NamesSnapshot, b: NamesSnapshot): boolean =>
  JSON.stringify([a.zones, [...a.rewrites], a.ttl]) === JSON.stringify([b.zones, [...b.rewrites], b.ttl])
