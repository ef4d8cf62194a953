// Tells that a name has no rule, from the filters of all tables in one pass: what most questions need, and nothing else.
import { first } from './hash.ts'
import { filterBits, type Snapshot, type Table } from './snapshot.ts'

/** Whether no table has a rule for the name of so many labels that left its states; false: look closer. */
export type Misses = (labels: number) => boolean

/**
 * Makes the test over a snapshot and the states of its fingerprinter. The tables share their fingerprints: one is made
 * for each suffix, not for each table.
 */
export function missTest(snapshot: Snapshot, states: Int32Array): Misses {
  const { blockExact, blockSubtree, allowExact, allowSubtree, conditional } = snapshot
  const alone = [blockExact, allowExact].filter(({ entries }) => entries > 0)
  const covering = [blockSubtree, allowSubtree, conditional].filter(({ entries }) => entries > 0)
  // Conditional rules that cover what lies under them stand at their own name, as those for one name do.
  const coveringDepths = covering.reduce((depths, table) => depths | table.depths, 0)
  const aloneDepths = alone.reduce((depths, table) => depths | table.depths, 0)
  return (labels) => {
    for (let depth = labels; depth > 0; depth--) {
      const bit = 1 << (depth < 31 ? depth : 31)
      const whole = depth === labels
      if ((coveringDepths & bit) === 0 && !(whole && (aloneDepths & bit) !== 0)) continue
      const place = first(states[3 * depth] as number, states[3 * depth + 1] as number, states[3 * depth + 2] as number)
      const bits = filterBits(place)
      if (whole) for (let i = 0; i < alone.length; i++) if (passes(alone[i] as Table, place, bits)) return false
      for (let i = 0; i < covering.length; i++) if (passes(covering[i] as Table, place, bits)) return false
    }
    return true
  }
}

const passes = ({ filter, shift }: Table, place: number, bits: number): boolean =>
  ((filter[place >>> (shift - 1)] as number) & bits) === bits
