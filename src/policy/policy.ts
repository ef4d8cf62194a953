// Decides on names with a compiled snapshot. Knows neither the lists' files nor who asks but by the lists that apply.
import {
  type Audience,
  DEFAULT_GROUP,
  type Decision,
  LIST_OFF,
  LIST_ON,
  LIST_OWN,
  type ListInfo,
  NO_DECISION,
  type Policy,
} from './decision.ts'
import { fingerprinter } from './hash.ts'
import { CLAUSES, highestRank, RANKS, rankRule } from './precedence.ts'
import { find, openSnapshot, type Table } from './snapshot.ts'

/**
 * Opens a compiled policy; `lists` in the order in which they were compiled. Throws where `buffer` is no snapshot of
 * this version: that is a fault of the caller's. Which rule wins stands in precedence.ts.
 */
export function openPolicy(buffer: SharedArrayBuffer, lists: readonly ListInfo[], generation: number): Policy {
  const { blockExact, blockSubtree, allowExact, allowSubtree, bases, counts, seed } = openSnapshot(buffer)
  const { read, states } = fingerprinter(seed)
  const allowLists = Uint8Array.from(bases, (_, i) => Number(lists[i]?.kind === 'allow'))
  const audience = (groups: readonly string[], keys: readonly string[] = []): Audience => {
    const standings = Uint8Array.from(bases, (_, i) => standing(lists[i], groups, keys))
    return Object.freeze({ lists: standings, owns: standings.includes(LIST_OWN) })
  }
  const everybody = audience([DEFAULT_GROUP])

  // The walk over the tables, and the best rule so far. Kept between calls: a decision allocates nothing on its way.
  let applies = everybody.lists
  let depth = 0
  let subtree = false
  let allows = false
  let best = RANKS.length
  let bestRule = 0
  let bestList = 0
  let bestDepth = 0
  let bestSubtree = false

  /** The tables are walked from the most telling rule to the least, so the first of a rank stays. */
  const weigh = (rule: number): void => {
    const list = listOf(bases, rule)
    const standing = applies[list] as number
    if (standing === LIST_OFF) return
    const rank = rankRule(allows, standing === LIST_OWN, allowLists[list] === 1, false)
    if (rank >= best) return
    best = rank
    bestRule = rule
    bestList = list
    bestDepth = depth
    bestSubtree = subtree
  }

  const look = (table: Table): void => {
    if (((table.depths >>> Math.min(depth, 31)) & 1) === 0) return
    find(table, states[3 * depth] as number, states[3 * depth + 1] as number, states[3 * depth + 2] as number, weigh)
  }

  /** Ends as soon as no rule that is left could win. */
  const walk = (alone: Table, covering: Table, labels: number, highest: number): void => {
    depth = labels
    subtree = false
    look(alone)
    subtree = true
    for (; depth > 0 && best > highest; depth--) look(covering)
  }

  const decide = (wire: Uint8Array, offset: number, audience: Audience = everybody): Decision => {
    const labels = read(wire, offset)
    if (labels < 1) return NO_DECISION
    applies = audience.lists
    best = RANKS.length
    allows = true
    if (allowExact.entries + allowSubtree.entries > 0) {
      walk(allowExact, allowSubtree, labels, highestRank(true, audience.owns))
    }
    allows = false
    const highest = highestRank(false, audience.owns)
    if (best > highest) walk(blockExact, blockSubtree, labels, highest)
    const clause = RANKS[best]
    if (clause === undefined) return NO_DECISION
    const line = bestRule - (bases[bestList] as number)
    return { kind: CLAUSES[clause].kind, list: bestList, line, labels: bestDepth, subtree: bestSubtree, clause }
  }

  const [blocked, allowed] = [counts[0] as number, counts[1] as number]
  return Object.freeze({ generation, lists, blocked, allowed, everybody, audience, decide })
}

/** What a list is to somebody in these groups, with these own rules. */
function standing(list: ListInfo | undefined, groups: readonly string[], keys: readonly string[]): number {
  if (list?.device !== undefined) return keys.includes(list.device) ? LIST_OWN : LIST_OFF
  return (list?.groups ?? [DEFAULT_GROUP]).some((group) => groups.includes(group)) ? LIST_ON : LIST_OFF
}

/** The list that a rule number belongs to: the last one whose lines begin before it. */
function listOf(bases: Int32Array, rule: number): number {
  let low = 0
  let high = bases.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if ((bases[middle] as number) < rule) low = middle
    else high = middle - 1
  }
  return low
}
