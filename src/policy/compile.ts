// Builds a policy snapshot from rules, given one by one. Knows lists by their number and neither files nor formats.
import type { Prefix } from '../base/address.ts'
import { wireFromName } from '../base/name.ts'
import { type Conditionals, type PlacedRule, sortConditionals } from './conditionals.ts'
import type { ListKind } from './decision.ts'
import { dropKey, type GatheredList, type Gathering, gathering, type SortedRules, STRIDE } from './gather.ts'
import { fingerprinter, first, type Seed, second, third } from './hash.ts'
import { workspace } from './memory.ts'
import { prefixWire } from './prefix-wire.ts'
import { CONDITIONAL_MAX, type ConditionalRule, kindOfRule, ruleKey } from './rule.ts'
import { allocateSnapshot, filterBits, lookUp, openSnapshot, TABLES, type Table, type TableName } from './snapshot.ts'

/** What comes of compiling. */
export interface CompiledRules {
  readonly buffer: SharedArrayBuffer
  readonly conditionals: Conditionals
  /** Names blocked, and names allowed, each counted once. */
  readonly blocked: number
  readonly allowed: number
  /** Rules of each list; one that it states twice counts once. */
  readonly rules: readonly number[]
}

/** Takes rules and makes a snapshot of them. Used once. */
export interface PolicyBuilder {
  /**
   * Starts the next list: rules from here on are its. The first list is number 0; at most 65,535. Lists with the same
   * `kin` (0 to 32,767) are for the same people and the same purpose: of a rule that several of them state, the first
   * is enough. A rule is kept once for each kin that states it.
   */
  readonly beginList: (kin?: number) => void
  /**
   * Takes one rule of the current list. `line` is from 1 and never falls within a list; the name is in lower-cased
   * wire form at the start of `wire`. False where the policy is full (`RULES_MAX` rules, or 2^31 lines in all lists) or
   * the bytes are no name below the root: the rule is not taken then.
   */
  readonly add: (kind: ListKind, subtree: boolean, wire: Uint8Array, line: number) => boolean
  /** Takes one conditional rule of the current list, as the list has it (see `inList`). */
  readonly addConditional: (rule: ConditionalRule, line: number) => Taken
  readonly finish: () => CompiledRules
}

/** Whether a conditional rule is part of the policy now; `full` as with `add`. */
export type Taken = 'taken' | 'full'

/** What a conditional rule is as a plain one; undefined where it is more than that. */
function plainOf(rule: ConditionalRule): { kind: ListKind; subtree: boolean; wire: Uint8Array } | undefined {
  const { target, action } = rule
  if (target.kind !== 'name' || kindOfRule({ ...rule, cancels: false }) !== undefined) return undefined
  const wire = wireFromName(target.name)
  return wire && { kind: action.kind === 'allow' ? 'allow' : 'block', subtree: target.covers === 'tree', wire }
}

/** The range of addresses of a rule that says nothing but block or allow. */
function plainRange({ target, action, important, types, clients }: ConditionalRule): Prefix | undefined {
  if (target.kind !== 'address' || important || (action.kind !== 'block' && action.kind !== 'allow')) return undefined
  const conditions = [types.only, types.not, clients.only, clients.not]
  return conditions.every(({ length }) => length === 0) ? target.prefix : undefined
}

/**
 * Most rules of one compilation, duplicates included. Each needs 16 bytes while lists are read, and each different one
 * up to 18 more at the end: 0.6 GB at most, for a moment. The largest published lists have ten million names.
 */
export const RULES_MAX = 2 ** 24

/** From here on kins are of one list each. */
const ALONE = 2 ** 15

/** Rule numbers count the lines of all lists on, and are kept as signed words. */
const RULE_NUMBER_MAX = 2 ** 31 - 1

/** Starts a snapshot of at most `rulesMax` rules. `seed` must be new chance each time (see `fingerprinter`). */
export function policyBuilder(seed: Seed, rulesMax = RULES_MAX): PolicyBuilder {
  const names = fingerprinter(seed)
  const memory = workspace()
  const tables = forTables(() => gathering(memory))
  const { blockExact, blockSubtree, allowExact, allowSubtree, blockAddress, allowAddress } = tables
  const placed: PlacedRule[] = []
  const cancelled = new Set<string>()
  const dropped = forTables(() => new Set<string>())
  const lengths = { ipv4: new Set<number>(), ipv6: new Set<number>() }
  const lists: GatheredList[] = []
  let base = 0
  let last = 0
  let taken = 0
  const push = (table: Gathering, wire: Uint8Array, line: number): boolean => {
    const labels = names.read(wire, 0)
    if (labels < 1 || taken === rulesMax || base + line > RULE_NUMBER_MAX) return false
    taken++
    last = base + line
    table.push(names.states, labels, last)
    return true
  }
  const add: PolicyBuilder['add'] = (kind, subtree, wire, line) =>
    push(kind === 'block' ? (subtree ? blockSubtree : blockExact) : subtree ? allowSubtree : allowExact, wire, line)

  /** `$badfilter`: the rule that is the same but for this goes out of all lists. */
  const cancel = (rule: ConditionalRule): Taken => {
    if (cancelled.size >= CONDITIONAL_MAX) return 'full'
    cancelled.add(ruleKey(rule))
    const plain = plainOf(rule)
    if (plain === undefined) return 'taken'
    const labels = names.read(plain.wire, 0)
    if (labels > 0) dropped[`${plain.kind}${plain.subtree ? 'Subtree' : 'Exact'}`].add(dropKey(names.states, labels))
    return 'taken'
  }
  return {
    beginList: (kin = 0) => {
      base = last
      lists.push({ base, kin })
    },
    add,
    addConditional: (rule, line) => {
      if (rule.cancels) return cancel(rule)
      const plain = plainOf(rule)
      if (plain !== undefined) return add(plain.kind, plain.subtree, plain.wire, line) ? 'taken' : 'full'
      if (rule.target.kind === 'address') {
        const { bytes, bits } = rule.target.prefix
        lengths[bytes.length === 4 ? 'ipv4' : 'ipv6'].add(bits)
      }
      const range = plainRange(rule)
      if (range !== undefined) {
        const table = rule.action.kind === 'allow' ? allowAddress : blockAddress
        return push(table, prefixWire(range), line) ? 'taken' : 'full'
      }
      if (placed.length === CONDITIONAL_MAX) return 'full'
      // What passes this list may be blocked by another: of a rule that both state, both are needed.
      if (rule.action.kind === 'passthru') lists[lists.length - 1] = { base, kin: ALONE + lists.length }
      placed.push({ rule, list: lists.length - 1, line })
      return 'taken'
    },
    finish: () => {
      const { wires, blocking, ...rest } = sortConditionals(placed, cancelled)
      for (const [i, wire] of wires.entries()) tables.conditional.push(names.states, names.read(wire, 0), i + 1)
      const down = (some: ReadonlySet<number>) => [...some].sort((a, b) => b - a)
      const conditionals = { ...rest, ipv4: down(lengths.ipv4), ipv6: down(lengths.ipv6) }
      const isAlone = ([exact, subtree]: readonly [Table, Table], wire: Uint8Array): boolean =>
        [exact, subtree].every((table) => firstRule(table, names.states, names.read(wire, 0)) === 0)
      const more = (tables: readonly [Table, Table]): number =>
        wires.filter((wire, i) => blocking[i] === true && isAlone(tables, wire)).length
      return compile(tables, lists, seed, dropped, conditionals, more)
    },
  }
}

const forTables = <T>(make: (name: TableName) => T): Record<TableName, T> =>
  Object.fromEntries(TABLES.map((name) => [name, make(name)])) as Record<TableName, T>

function compile(
  tables: Record<TableName, Gathering>,
  lists: readonly GatheredList[],
  seed: Seed,
  dropped: Readonly<Record<TableName, ReadonlySet<string>>>,
  conditionals: Conditionals,
  more: (tables: readonly [Table, Table]) => number,
): CompiledRules {
  const rules = lists.map(() => 0)
  const sorted = forTables((name) =>
    // The numbers in this one are no rule numbers: they belong to no list.
    name === 'conditional' ? tables[name].sort([], []) : tables[name].sort(lists, rules, dropped[name]),
  )
  for (const { list } of conditionals.rules) rules[list]!++
  const sizes = TABLES.map((name) => ({ ...sorted[name], bits: bucketBits(sorted[name].entries) }))
  const buffer = allocateSnapshot(seed, lists.length, sizes)
  const snapshot = openSnapshot(buffer)
  snapshot.bases.set(lists.map(({ base }) => base))
  for (const name of TABLES) fill(snapshot[name], sorted[name])
  const names = (exact: TableName, subtree: TableName): number =>
    sorted[exact].names +
    sorted[subtree].names -
    common([sorted[exact], snapshot[exact]], [sorted[subtree], snapshot[subtree]])
  const blocked = names('blockExact', 'blockSubtree') + more([snapshot.blockExact, snapshot.blockSubtree])
  const allowed = names('allowExact', 'allowSubtree')
  snapshot.counts.set([blocked, allowed])
  return { buffer, blocked, allowed, rules, conditionals }
}

/** The first rule in a table for a name of `labels` labels that left its states in a fingerprinter. */
function firstRule(table: Table, states: Int32Array, labels: number): number {
  const [a, b, c] = [states[3 * labels] as number, states[3 * labels + 1] as number, states[3 * labels + 2] as number]
  return lookUp(table, first(a, b, c), second(a, b, c), third(a, b, c))
}

/** Most entries of a bucket, on average: each bucket costs 12 bytes, shared by so many. */
const MOST = 5
/** So many bits that a bucket has between half and all of that; fewer than the rules are sorted by. */
const bucketBits = (entries: number): number => Math.max(1, Math.ceil(Math.log2(Math.max(1, entries) / MOST)))

/** Writes sorted rules into their table. */
function fill(table: Table, { pieces }: SortedRules): void {
  let at = 0
  let bucket = 0
  for (const piece of pieces) {
    bucket = fillIn(table, piece, at, bucket)
    at += piece.length / STRIDE
  }
  table.directory.fill(at, bucket + 1)
}

/** Writes a piece, from entry `at` on. `bucket` is the last that has begun, before and, as returned, behind it. */
function fillIn({ filter, directory, slots, shift }: Table, piece: Int32Array, at: number, bucket: number): number {
  for (let i = 0; i < piece.length; i += STRIDE, at++) {
    const place = piece[i] as number
    while (bucket < place >>> shift) directory[++bucket] = at
    filter[place >>> (shift - 1)]! |= filterBits(place)
    slots[3 * at] = piece[i + 1] as number
    slots[3 * at + 1] = piece[i + 2] as number
    slots[3 * at + 2] = piece[i + 3] as number
  }
  return bucket
}

/** How many names stand in both tables: those of the smaller one are looked up in the larger. */
function common(one: readonly [SortedRules, Table], other: readonly [SortedRules, Table]): number {
  const [[small, own], [, large]] = one[1].entries < other[1].entries ? [one, other] : [other, one]
  let count = 0
  for (const piece of small.pieces) {
    for (let i = 0; i < piece.length; i += STRIDE) {
      const [place, kept, keptToo] = [piece[i] as number, piece[i + 1] as number, piece[i + 2] as number]
      // A name that stands there for several kins counts at the first of them.
      if (lookUp(own, place, kept, keptToo) !== piece[i + 3]) continue
      if (lookUp(large, place, kept, keptToo) !== 0) count++
    }
  }
  return count
}
