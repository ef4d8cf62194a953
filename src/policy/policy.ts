// Decides on names with a compiled snapshot. Knows neither the lists' files nor who asks.
import { type Decision, type ListInfo, NO_DECISION, type Policy } from './decision.ts'
import { fingerprinter } from './hash.ts'
import { find, openSnapshot, type Table } from './snapshot.ts'

/**
 * Opens a compiled policy; `lists` in the order in which they were compiled. Throws where `buffer` is no snapshot of
 * this version: that is a fault of the caller's.
 *
 * Precedence, highest first:
 * 1. an allow rule for the name alone;
 * 2. of the allow rules that cover sub-domains, the one with the most labels;
 * 3. a block rule for the name alone;
 * 4. of the block rules that cover sub-domains, the one with the most labels.
 *
 * Where several lists or lines state the same rule, the first list's first line is named.
 */
export function openPolicy(buffer: SharedArrayBuffer, lists: readonly ListInfo[], generation: number): Policy {
  const { blockExact, blockSubtree, allowExact, allowSubtree, bases, counts, seed } = openSnapshot(buffer)
  const { read, states } = fingerprinter(seed)
  const allows = allowExact.entries + allowSubtree.entries > 0
  /** What `search` found last: how many labels the rule names, and whether it covers the names under its own. */
  let depth = 0
  let subtree = false

  /** The rule in a table for the last `depth` labels of the name; 0 for none. */
  const ruleIn = (table: Table): number =>
    ((table.depths >>> Math.min(depth, 31)) & 1) === 0
      ? 0
      : find(table, states[3 * depth] as number, states[3 * depth + 1] as number, states[3 * depth + 2] as number)

  /** The rule that wins of two tables: the one for the name alone, or the one that covers it with the most labels. */
  const search = (alone: Table, covering: Table, labels: number): number => {
    depth = labels
    subtree = false
    const rule = ruleIn(alone)
    if (rule !== 0) return rule
    subtree = true
    for (; depth > 0; depth--) {
      const rule = ruleIn(covering)
      if (rule !== 0) return rule
    }
    return 0
  }

  const decision = (kind: 'block' | 'allow', rule: number): Decision => {
    const list = listOf(bases, rule)
    return { kind, list, line: rule - (bases[list] as number), labels: depth, subtree }
  }

  const decide = (wire: Uint8Array, offset: number): Decision => {
    const labels = read(wire, offset)
    if (labels < 1) return NO_DECISION
    const allow = allows ? search(allowExact, allowSubtree, labels) : 0
    if (allow !== 0) return decision('allow', allow)
    const block = search(blockExact, blockSubtree, labels)
    return block === 0 ? NO_DECISION : decision('block', block)
  }

  return Object.freeze({ generation, lists, blocked: counts[0] as number, allowed: counts[1] as number, decide })
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
