// Builds a policy snapshot from rules, given one by one. Knows lists by their number and neither files nor formats.
import { wireFromName } from '../base/name.ts'
import type { ListKind } from './decision.ts'
import { type GatheredList, type Gathering, gathering, type SortedRules, STRIDE } from './gather.ts'
import { fingerprinter, type Seed } from './hash.ts'
import { workspace } from './memory.ts'
import { type ConditionalRule, kindOfRule } from './rule.ts'
import { allocateSnapshot, filterBits, lookUp, openSnapshot, TABLES, type Table, type TableName } from './snapshot.ts'

/** What comes of compiling. */
export interface CompiledRules {
  readonly buffer: SharedArrayBuffer
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
   * `kin` (0 to 65,535) are for the same people and the same purpose: of a rule that several of them state, the first
   * is enough. A rule is kept once for each kin that states it.
   */
  readonly beginList: (kin?: number) => void
  /**
   * Takes one rule of the current list. `line` is from 1 and never falls within a list; the name is in lower-cased
   * wire form at the start of `wire`. False where the policy is full (`RULES_MAX` rules, or 2^31 lines in all lists) or
   * the bytes are no name below the root: the rule is not taken then.
   */
  readonly add: (kind: ListKind, subtree: boolean, wire: Uint8Array, line: number) => boolean
  /**
   * Takes one conditional rule of the current list, as the list has it (see `inList`). `unsupported`: this policy cannot
   * honour it, and its line counts as skipped.
   */
  readonly addConditional: (rule: ConditionalRule, line: number) => Taken
  readonly finish: () => CompiledRules
}

/** Whether a conditional rule is part of the policy now; `full` as with `add`. */
export type Taken = 'taken' | 'unsupported' | 'full'

/** What a conditional rule would be as a plain one, where nothing but its importance is lost. */
function plainOf(rule: ConditionalRule): { kind: ListKind; subtree: boolean; wire: Uint8Array } | undefined {
  const { target, action } = rule
  const kind = kindOfRule(rule)
  if ((kind !== undefined && kind !== 'important') || target.kind !== 'name') return undefined
  const wire = wireFromName(target.name)
  return wire && { kind: action.kind === 'allow' ? 'allow' : 'block', subtree: target.covers === 'tree', wire }
}

/**
 * Most rules of one compilation, duplicates included. Each needs 16 bytes while lists are read, and each different one
 * up to 18 more at the end: 0.6 GB at most, for a moment. The largest published lists have ten million names.
 */
export const RULES_MAX = 2 ** 24

/** Rule numbers count the lines of all lists on, and are kept as signed words. */
const RULE_NUMBER_MAX = 2 ** 31 - 1

/** Starts a snapshot of at most `rulesMax` rules. `seed` must be new chance each time (see `fingerprinter`). */
export function policyBuilder(seed: Seed, rulesMax = RULES_MAX): PolicyBuilder {
  const names = fingerprinter(seed)
  const memory = workspace()
  const tables = forTables(() => gathering(memory))
  const { blockExact, blockSubtree, allowExact, allowSubtree } = tables
  const lists: GatheredList[] = []
  let base = 0
  let last = 0
  let taken = 0
  const add: PolicyBuilder['add'] = (kind, subtree, wire, line) => {
    const labels = names.read(wire, 0)
    if (labels < 1 || taken === rulesMax || base + line > RULE_NUMBER_MAX) return false
    taken++
    last = base + line
    const table = kind === 'block' ? (subtree ? blockSubtree : blockExact) : subtree ? allowSubtree : allowExact
    table.push(names.states, labels, last)
    return true
  }
  return {
    beginList: (kin = 0) => {
      base = last
      lists.push({ base, kin })
    },
    add,
    addConditional: (rule, line) => {
      const plain = plainOf(rule)
      if (plain === undefined) return 'unsupported'
      return add(plain.kind, plain.subtree, plain.wire, line) ? 'taken' : 'full'
    },
    finish: () => compile(tables, lists, seed),
  }
}

const forTables = <T>(make: (name: TableName) => T): Record<TableName, T> =>
  Object.fromEntries(TABLES.map((name) => [name, make(name)])) as Record<TableName, T>

function compile(tables: Record<TableName, Gathering>, lists: readonly GatheredList[], seed: Seed): CompiledRules {
  const rules = lists.map(() => 0)
  const sorted = forTables((name) =>
    tables[name].sort(lists, (list) => {
      rules[list]!++
    }),
  )
  const sizes = TABLES.map((name) => ({ ...sorted[name], bits: bucketBits(sorted[name].entries) }))
  const buffer = allocateSnapshot(seed, lists.length, sizes)
  const snapshot = openSnapshot(buffer)
  snapshot.bases.set(lists.map(({ base }) => base))
  for (const name of TABLES) fill(snapshot[name], sorted[name])
  const names = (exact: TableName, subtree: TableName): number =>
    sorted[exact].names +
    sorted[subtree].names -
    common([sorted[exact], snapshot[exact]], [sorted[subtree], snapshot[subtree]])
  const blocked = names('blockExact', 'blockSubtree')
  const allowed = names('allowExact', 'allowSubtree')
  snapshot.counts.set([blocked, allowed])
  return { buffer, blocked, allowed, rules }
}

/** So many bits that a bucket has between two and four entries on average; fewer than the rules are sorted by. */
const bucketBits = (entries: number): number => Math.max(1, Math.ceil(Math.log2(Math.max(1, entries))) - 2)

/** Writes sorted rules into their table. */
function fill(table: Table, { pieces }: SortedRules): void {
  const { filter, directory, slots, shift } = table
  let at = 0
  let bucket = 0
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i += STRIDE, at++) {
      const place = piece[i] as number
      while (bucket < place >>> shift) directory[++bucket] = at
      filter[place >>> (shift - 1)]! |= filterBits(place)
      slots[3 * at] = piece[i + 1] as number
      slots[3 * at + 1] = piece[i + 2] as number
      slots[3 * at + 2] = piece[i + 3] as number
    }
  }
  directory.fill(at, bucket + 1)
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
