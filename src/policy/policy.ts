// Decides on names and addresses with a compiled snapshot. Knows neither the lists' files nor who asks but by the lists
// that apply.
// Long because one walk over the tables, with one best rule, serves plain and conditional rules, names and addresses.
import { nameFromWire } from '../base/name.ts'
import { atOnce, type Pieces } from '../base/turns.ts'
import { isExcepted, isForClient, isForType, namesClients, type RuleClient } from './condition.ts'
import { type Conditionals, NO_CONDITIONALS, type PlacedRule } from './conditionals.ts'
import {
  type Audience,
  DEFAULT_GROUP,
  type Decision,
  LIST_OFF,
  LIST_ON,
  LIST_OWN,
  type ListInfo,
  NO_DECISION,
  ONLY_LIST,
  PERSONAL_NONE,
  type Policy,
} from './decision.ts'
import { fingerprinter } from './hash.ts'
import { missTest } from './miss.ts'
import { patternSet } from './pattern-set.ts'
import { CLAUSES, highestRank, RANKS, rankRule } from './precedence.ts'
import { coveringWire } from './prefix-wire.ts'
import { type ConditionalRule, isRewrite, type RuleAction } from './rule.ts'
import { find, openSnapshot, type Table } from './snapshot.ts'

/** A conditional rule whose conditions hold. */
interface Match extends PlacedRule {
  readonly depth: number
  readonly subtree: boolean
}

type Compiled = readonly [
  buffer: SharedArrayBuffer,
  lists: readonly ListInfo[],
  generation: number,
  conditionals?: Conditionals,
]

/**
 * Opens a compiled policy; `lists` in the order in which they were compiled. Throws where `buffer` is no snapshot of
 * this version: that is a fault of the caller's. Which rule wins stands in precedence.ts.
 */
export const openPolicy = (...compiled: Compiled): Policy => atOnce(openInPieces(...compiled))

/** The same in pieces: what a policy has of patterns may take long to make ready. */
export function* openInPieces(
  ...[buffer, lists, generation, conditionals = NO_CONDITIONALS]: Compiled
): Pieces<Policy> {
  const snapshot = openSnapshot(buffer)
  const { blockExact, blockSubtree, allowExact, allowSubtree, blockAddress, allowAddress, conditional } = snapshot
  const { bases, counts } = snapshot
  const { read, states } = fingerprinter(snapshot.seed)
  const { rules, chains, patterns, every, ipv4, ipv6 } = conditionals
  const allowLists = Uint8Array.from(bases, (_, i) => Number(lists[i]?.kind === 'allow'))
  const audience = (groups: readonly string[], keys: readonly string[] = [], only = false): Audience => {
    const standings = Uint8Array.from(bases, (_, i) => standing(lists[i], groups, keys))
    return Object.freeze({ lists: standings, owns: standings.includes(LIST_OWN), only })
  }
  const everybody = audience([DEFAULT_GROUP])
  const onlyList = lists.findIndex(({ name }) => name === ONLY_LIST)
  const patternsIn = yield* patternSet(patterns.map((number) => patternOf(rules[number] as PlacedRule)))
  const misses = missTest(snapshot, states)
  /** Some rule is asked of every name. */
  const asksAll = patterns.length + every.length > 0

  // The walk over the tables, and the best rule so far. Kept between calls: a decision allocates nothing on its way.
  let applies = everybody.lists
  let depth = 0
  let subtree = false
  let allows = false
  let best = RANKS.length
  let bestList = 0
  let bestLine = 0
  let bestDepth = 0
  let bestSubtree = false
  let bestRule: ConditionalRule | undefined
  /** Some rule for certain clients was looked at. */
  let personal = false
  let matches: Match[] = []
  /** How telling the rule is that lets a name pass its list (RPZ PASSTHRU), by list. */
  const passing = new Map<number, number>()

  /**
   * Takes the rule where it wins: by its rank, then the name alone before what covers it, then labels, then its list; in
   * one list by whether it says where the name leads, then by its line.
   */
  const offer = (rank: number, list: number, line: number, rule?: ConditionalRule): void => {
    if (rank > best) return
    if (rank === best) {
      if (subtree !== bestSubtree ? subtree : depth < bestDepth) return
      const same = subtree === bestSubtree && depth === bestDepth
      if (same && list > bestList) return
      if (same && list === bestList) {
        const leads = saysWhere(rule)
        if (leads === saysWhere(bestRule) ? line >= bestLine : !leads) return
      }
    }
    best = rank
    bestList = list
    bestLine = line
    bestDepth = depth
    bestSubtree = subtree
    bestRule = rule
  }

  const weigh = (number: number): void => {
    const list = listOf(bases, number)
    const standing = applies[list] as number
    if (standing === LIST_OFF) return
    if (passing.size > 0 && (passing.get(list) ?? -1) >= telling(depth, subtree)) return
    const rank = rankRule(allows, standing === LIST_OWN, allowLists[list] === 1, false)
    offer(rank, list, number - (bases[list] as number))
  }

  const look = (table: Table, visit: (number: number) => void): void => {
    if (((table.depths >>> Math.min(depth, 31)) & 1) === 0) return
    find(table, states[3 * depth] as number, states[3 * depth + 1] as number, states[3 * depth + 2] as number, visit)
  }

  /** Ends as soon as no rule that is left could win: they are walked from the most telling to the least. */
  const walk = (alone: Table, covering: Table, labels: number, highest: number): void => {
    if (best < highest) return
    depth = labels
    subtree = false
    look(alone, weigh)
    subtree = true
    for (; depth > 0 && (best > highest || (best === highest && bestSubtree && depth >= bestDepth)); depth--) {
      look(covering, weigh)
    }
  }

  // What the conditional rules are asked with.
  let wire: Uint8Array = everybody.lists
  let offset = 0
  let labels = 0
  let type = 0
  let client: RuleClient | undefined

  /** Notes the rule where it is for the name, and its conditions hold. */
  const test = (number: number): void => {
    const placed = rules[number] as PlacedRule
    const { rule, list } = placed
    if (applies[list] === LIST_OFF || !isForType(rule, type)) return
    const { target } = rule
    const whole = target.kind === 'name' && depth === labels
    if (target.kind === 'name' && target.covers === (whole ? 'below' : 'name')) return
    if (target.kind !== 'address' && isExcepted(rule, wire, offset)) return
    if (namesClients(rule)) {
      personal = true
      if (!isForClient(rule, client)) return
    }
    matches.push({ ...placed, depth, subtree: !(target.kind === 'name' && target.covers === 'name') })
  }
  const testChain = (number: number): void => {
    for (const one of chains[number - 1] as readonly number[]) test(one)
  }

  const weighMatches = (): void => {
    for (const { rule, list, depth, subtree } of matches) {
      if (rule.action.kind === 'passthru') {
        passing.set(list, Math.max(passing.get(list) ?? -1, tellingOf(rule, depth, subtree)))
      }
    }
    const kept = matches.flatMap(({ rule: { action } }) => (action.kind === 'no-rewrite' ? [action] : []))
    for (const match of matches) {
      const { rule, list, line } = match
      const { action } = rule
      if (action.kind === 'passthru' || action.kind === 'no-rewrite') continue
      if (answersItself(action) && kept.some(({ only }) => only === undefined || sameAction(only, action))) continue
      if ((passing.get(list) ?? -1) >= tellingOf(rule, match.depth, match.subtree)) continue
      depth = match.depth
      subtree = match.subtree
      const own = applies[list] === LIST_OWN
      offer(rankRule(action.kind === 'allow', own, allowLists[list] === 1, rule.important), list, line, rule)
    }
  }

  const begin = (audience: Audience): void => {
    applies = audience.lists
    best = RANKS.length
    bestRule = undefined
    personal = false
    if (matches.length > 0) matches = []
    if (passing.size > 0) passing.clear()
  }

  const none = (): Decision => (personal ? PERSONAL_NONE : NO_DECISION)

  const conclude = (audience: Audience): Decision => {
    const clause = RANKS[best]
    if (clause === undefined) {
      if (!audience.only) return passing.size > 0 ? { ...none(), passed: [...passing.keys()] } : none()
      const list = onlyList < 0 ? lists.length : onlyList
      const only = { kind: 'block', list, line: 0, labels: 0, subtree: true, clause: 'allow-only' } as const
      return personal ? { ...only, personal } : only
    }
    const { kind } = CLAUSES[clause]
    const decision = { kind, list: bestList, line: bestLine, labels: bestDepth, subtree: bestSubtree, clause }
    const list = lists[bestList]
    // What the house says of a list goes before what its format means by "block".
    const replaced = list?.blockAnswer !== undefined && list.answer !== undefined
    const own = bestRule?.action ?? list?.answer
    const action = replaced && own !== undefined && sameAction(own, list.answer as RuleAction) ? undefined : own
    if (bestRule === undefined && action === undefined && !personal) return decision
    return {
      ...decision,
      ...(personal ? { personal } : {}),
      ...(kind === 'block' && action !== undefined && action.kind !== 'block' ? { action } : {}),
      ...(bestRule === undefined || bestRule.target.kind === 'name' ? {} : { target: bestRule.target }),
    }
  }

  const decide = (
    name: Uint8Array,
    at: number,
    audience: Audience = everybody,
    asked = 0,
    asker?: RuleClient,
  ): Decision => {
    labels = read(name, at)
    if (labels < 1) return NO_DECISION
    const missed = misses(labels)
    if (missed && !asksAll && !audience.only) return NO_DECISION
    begin(audience)
    if (rules.length > 0) {
      wire = name
      offset = at
      type = asked
      client = asker
      if (!missed) for (depth = labels; depth > 0; depth--) look(conditional, testChain)
      depth = 0
      for (const number of every) test(number)
      if (patterns.length > 0) patternsIn(nameFromWire(name, at), (index) => test(patterns[index] as number))
      if (matches.length > 0) weighMatches()
    }
    if (missed) return conclude(audience)
    allows = true
    if (allowExact.entries + allowSubtree.entries > 0) {
      walk(allowExact, allowSubtree, labels, highestRank(true, audience.owns))
    }
    allows = false
    walk(blockExact, blockSubtree, labels, highestRank(false, audience.owns))
    return conclude(audience)
  }

  const rangeWire = new Uint8Array(20)
  const decideAddress = (
    address: Uint8Array,
    audience: Audience = everybody,
    asked = 0,
    asker?: RuleClient,
  ): Decision => {
    begin(audience)
    type = asked
    client = asker
    for (const bits of address.length === 4 ? ipv4 : ipv6) {
      coveringWire(address, bits, rangeWire)
      read(rangeWire, 0)
      labels = 1
      depth = 1
      if (rules.length > 0) look(conditional, testChain)
      for (const match of matches) (match as { depth: number }).depth = bits
      if (matches.length > 0) weighMatches()
      matches = []
      for (const table of [allowAddress, blockAddress]) {
        allows = table === allowAddress
        depth = 1
        subtree = true
        look(table, (number) => {
          depth = bits
          weigh(number)
        })
      }
    }
    const decision = conclude({ ...audience, only: false })
    return decision.kind === 'none' || decision.target !== undefined
      ? decision
      : { ...decision, target: { kind: 'address', prefix: prefixOf(address, decision.labels) } }
  }

  const [blocked, allowed] = [counts[0] as number, counts[1] as number]
  const watchesAddresses = ipv4.length + ipv6.length > 0
  return new OpenPolicy({
    generation,
    lists,
    blocked,
    allowed,
    everybody,
    audience,
    decide,
    watchesAddresses,
    decideAddress,
    watchesClients: rules.some(({ rule }) => namesClients(rule)),
  })
}

/** A policy whose `decide` is the same function as that of all others: whoever asks them in turn always calls the same one. */
class OpenPolicy implements Policy {
  readonly generation: number
  readonly lists: readonly ListInfo[]
  readonly blocked: number
  readonly allowed: number
  readonly everybody: Audience
  readonly audience: Policy['audience']
  readonly watchesAddresses: boolean
  readonly decideAddress: Policy['decideAddress']
  readonly watchesClients: boolean
  readonly #decide: Policy['decide']

  constructor(own: Policy) {
    this.generation = own.generation
    this.lists = own.lists
    this.blocked = own.blocked
    this.allowed = own.allowed
    this.everybody = own.everybody
    this.audience = own.audience
    this.watchesAddresses = own.watchesAddresses
    this.decideAddress = own.decideAddress
    this.watchesClients = own.watchesClients
    this.#decide = own.decide
  }

  decide(name: Uint8Array, at: number, audience?: Audience, asked?: number, asker?: RuleClient): Decision {
    return this.#decide(name, at, audience, asked, asker)
  }
}

/** More telling rules have higher numbers: the name alone, then those with more labels. */
const telling = (depth: number, subtree: boolean): number => (subtree ? depth : Number.MAX_SAFE_INTEGER)

/** In a zone, what is said of a client goes before what is said of names (draft-vixie-dnsop-dns-rpz-00 §5). */
const tellingOf = (rule: ConditionalRule, depth: number, subtree: boolean): number =>
  rule.target.kind === 'any' && namesClients(rule) ? Number.POSITIVE_INFINITY : telling(depth, subtree)

const patternOf = ({ rule: { target } }: PlacedRule): string => (target.kind === 'regex' ? target.pattern : '')

const answersItself = ({ kind }: RuleAction): boolean => kind === 'rcode' || kind === 'records' || kind === 'alias'

/** `local-zone: "x" redirect` blocks `x` but for the data that stand beside it; so do dnsmasq and adblock have it. */
const saysWhere = (rule: ConditionalRule | undefined): boolean => rule !== undefined && isRewrite(rule)

const sameAction = (a: RuleAction, b: RuleAction): boolean => JSON.stringify(a) === JSON.stringify(b)

function prefixOf(address: Uint8Array, bits: number) {
  const wire = new Uint8Array(20)
  coveringWire(address, bits, wire)
  return { bytes: wire.slice(3, 3 + address.length), bits }
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
