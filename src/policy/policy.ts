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

  /** The rule in the table for the last `labels` labels of the name; 0 for none. */
  const rule = (table: Table, labels: number): number =>
    ((table.depths >>> Math.min(labels, 31)) & 1) === 0
      ? 0
      : find(table, states[3 * labels] as number, states[3 * labels + 1] as number, states[3 * labels + 2] as number)

  /** How many labels the longest suffix has that is in the table; 0 for none. */
  const longest = (table: Table, labels: number): number => {
    while (labels > 0 && rule(table, labels) === 0) labels--
    return labels
  }

  const decision = (kind: 'block' | 'allow', table: Table, labels: number, subtree: boolean): Decision => {
    const found = rule(table, labels)
    const list = listOf(bases, found)
    return { kind, list, line: found - (bases[list] as number), labels, subtree }
  }

  const decide = (wire: Uint8Array, offset: number): Decision => {
    const labels = read(wire, offset)
    if (labels < 1) return NO_DECISION
    if (rule(allowExact, labels) !== 0) return decision('allow', allowExact, labels, false)
    const allowed = longest(allowSubtree, labels)
    if (allowed !== 0) return decision('allow', allowSubtree, allowed, true)
    if (rule(blockExact, labels) !== 0) return decision('block', blockExact, labels, false)
    const blocked = longest(blockSubtree, labels)
    if (blocked !== 0) return decision('block', blockSubtree, blocked, true)
    return NO_DECISION
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
