// The names of the benchmark: those that are asked for, and the list that is blocked. Knows no server.

import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { chance } from './chance.ts'
import { inventedNames } from './invented-names.ts'

/** What is asked for. */
export interface Names {
  /** By rank; neither these names nor any name above them is on a list. */
  readonly popular: readonly string[]
  /** By rank; on every list. */
  readonly blocked: readonly string[]
  /** Where they come from, for the report. */
  readonly source: string
  /** Names of published lists; empty where there are none here. */
  readonly published: readonly string[]
}

/** Names that a house asks for in a day, and of those that are blocked: some thousands. Stated, not measured. */
const POPULAR = 10_000
const BLOCKED = 2500
/** Names of these are answered by resolvers themselves (RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476). */
const SPECIAL = new Set('alt arpa example home internal invalid lan local localdomain localhost onion test'.split(' '))
const PLAIN = /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/

/** Reads the collected data of the project where it is there; invents names of the same shape elsewhere. `asked`: how many popular ones. */
export function gatherNames(data: string, asked = POPULAR): Names {
  const listed = `${data}/blocklists/volume/union.domains.txt.gz`
  const ranked = `${data}/popular/umbrella-history-bucketed.csv.gz`
  if (!existsSync(listed) || !existsSync(ranked)) return inventNames(asked)
  const published = lines(listed).filter(isOrdinary)
  const onList = new Set(published)
  const names = byRank(lines(ranked).slice(1)).filter(isOrdinary)
  return {
    popular: names.filter((name) => !onList.has(name) && !isUnder(name, onList)).slice(0, asked),
    blocked: names.filter((name) => onList.has(name)).slice(0, BLOCKED),
    source:
      "names asked for: those of Cisco Umbrella's lists of the most asked, by rank; names blocked: " +
      `${published.length.toLocaleString('en')} names of published lists, thinned evenly`,
    published,
  }
}

/**
 * Writes a list of exactly `count` names, one a line, sorted as published lists are: all blocked names that are asked
 * for, then published ones evenly thinned, then, where these do not suffice, invented ones.
 */
export async function writeList({ blocked, published }: Names, count: number, path: string): Promise<void> {
  const asked = new Set(blocked)
  const room = count - asked.size
  const others = published.filter((name) => !asked.has(name))
  const share = Math.min(1, room / others.length)
  const kept = others.filter((_, i) => Math.floor((i + 1) * share) > Math.floor(i * share)).slice(0, room)
  const out = createWriteStream(path)
  const write = async (names: readonly string[]): Promise<void> => {
    if (names.length > 0 && !out.write(`${names.join('\n')}\n`)) await once(out, 'drain')
  }
  await write([...blocked, ...kept].toSorted())
  const invent = inventedNames(chance(3))
  for (let left = room - kept.length; left > 0; left -= CHUNK) {
    await write(Array.from({ length: Math.min(CHUNK, left) }, invent))
  }
  out.end()
  await once(out, 'close')
}

const CHUNK = 10_000

function inventNames(asked: number): Names {
  const invent = inventedNames(chance(1))
  const many = (count: number): string[] => Array.from({ length: count }, invent)
  const source =
    'names asked for and names blocked: invented, in the shape of published ones (the data folder is not here)'
  return { popular: many(asked), blocked: many(BLOCKED), source, published: [] }
}

/**
 * Lines `name,best_bucket,times_in_best_bucket,snapshots_seen`: the best of the four lists (1,000 to 20,000) that a name
 * stood on, and how often. Names of equal rank stand in alphabetical order there, which is no rank, so they are shuffled.
 */
function byRank(rows: readonly string[]): string[] {
  const random = chance(2)
  return rows
    .map((row) => {
      const [name = '', bucket, times] = row.split(',')
      return { name, bucket: Number(bucket), times: Number(times), tie: random() }
    })
    .sort((a, b) => a.bucket - b.bucket || b.times - a.times || a.tie - b.tie)
    .map(({ name }) => name)
}

const isOrdinary = (name: string): boolean =>
  PLAIN.test(name) && name.length < 100 && !SPECIAL.has(name.slice(name.lastIndexOf('.') + 1))

/**
 * Whether a name above this one is on the list. Some servers block the names under a listed one too and some do not;
 * such names are not asked for, so that all servers give the same answers.
 */
function isUnder(name: string, list: ReadonlySet<string>): boolean {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    if (list.has(name.slice(dot + 1))) return true
  }
  return false
}

const lines = (path: string): string[] => gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n')
