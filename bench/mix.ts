// The queries: which names, in which order, with which types. Knows no server.
import { writeFileSync } from 'node:fs'
import { type Chance, chance, weighted, zipf } from './chance.ts'
import type { Names } from './names.ts'

/** What the queries are made of; the report repeats it. */
export const MIX = {
  /** Lines of a file that is asked round and round. */
  queries: 200_000,
  /**
   * Share of queries for blocked names. Chosen: of the 10,000 domains that Tranco ranks highest, 11 % are on the list,
   * of the hosts that the pages of 500 top sites load from, 47 %; a house lies between.
   */
  blocked: 0.2,
  /** A to AAAA as 70 to 30, as nine captures of applications have it; HTTPS, which is younger than they are, is chosen. */
  types: { A: 0.6, AAAA: 0.25, HTTPS: 0.15 },
} as const

/** Makes one line `name type` at each call. */
export type NextQuery = () => string

type Asked = Pick<Names, 'popular' | 'blocked'>

/** Popular names by Zipf, blocked ones among them. */
export function hits({ popular, blocked }: Asked): NextQuery {
  const random = chance(11)
  const [nextPopular, nextBlocked] = [zipf(popular.length, random), zipf(blocked.length, random)]
  const type = types(random)
  return () => `${random() < MIX.blocked ? blocked[nextBlocked()] : popular[nextPopular()]} ${type()}`
}

/** Names that nobody has asked for, each below a popular one; other names for each `round`. */
export function misses({ popular }: Asked, round: number): NextQuery {
  const random = chance(1000 + round)
  const parent = zipf(popular.length, random)
  const type = types(random)
  let made = 0
  const label = (): string => `${round}x${(made++).toString(36)}x${Math.floor(random() * 1e6).toString(36)}`
  return () => `${label()}.${popular[parent()]} ${type()}`
}

/** Hits with a share of misses among them. */
export function house(names: Asked, share: number): NextQuery {
  const random = chance(12)
  const [hit, miss] = [hits(names), misses(names, 900)]
  return () => (random() < share ? miss() : hit())
}

/** Writes a file of queries, as dnsperf and `sender.c` read them. */
export function writeQueries(path: string, count: number, next: NextQuery): void {
  writeFileSync(path, `${Array.from({ length: count }, next).join('\n')}\n`)
}

function types(random: Chance): () => string {
  const names = Object.keys(MIX.types)
  const pick = weighted(Object.values(MIX.types), random)
  return () => names[pick()] as string
}
