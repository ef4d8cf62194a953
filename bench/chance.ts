// Chance that repeats: the same seed gives the same list and the same queries on every machine.

/** Returns numbers from 0 up to 1. */
export type Chance = () => number

/** Marsaglia's xorshift with 32 bits of state ("Xorshift RNGs", Journal of Statistical Software 8(14), 2003). Seed not 0. */
export function chance(seed: number): Chance {
  let state = seed | 0
  const step = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  // Small seeds begin with small numbers.
  for (let i = 0; i < 20; i++) step()
  return step
}

/** Picks indices below the number of weights, each as often as its weight says. */
export function weighted(weights: readonly number[], random: Chance): () => number {
  let total = 0
  const upTo = Float64Array.from(weights, (weight) => (total += weight))
  return () => {
    const point = random() * total
    let low = 0
    let high = upTo.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((upTo[middle] as number) <= point) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * Zipf's law, by which names are asked for (J. Jung et al., "DNS Performance and the Effectiveness of Caching", IEEE/ACM
 * ToN 10(5), 2002): rank r is picked in proportion to r^-0.9. The exponent is chosen; published ones lie between 0.6
 * and 1.03 (table in S. Krashakov et al., "On the universality of rank distributions of website popularity", 2004).
 */
export const zipf = (ranks: number, random: Chance): (() => number) =>
  weighted(
    Array.from({ length: ranks }, (_, i) => (i + 1) ** -0.9),
    random,
  )
