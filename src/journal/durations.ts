// How long answers took: a histogram with fixed bounds. Knows no clock and no query.

/**
 * Upper bounds in microseconds, each included; what is longer falls into one more. 1-2.5-5 from a fast-lane hit
 * (measured: 5 µs) to the longest an upstream may take by default.
 */
export const DURATION_BOUNDS: readonly number[] = Object.freeze(
  [10, 100, 1000, 10_000, 100_000, 1_000_000].flatMap((decade) => [decade, 2.5 * decade, 5 * decade]),
)

/** A histogram as it stands. */
export interface Distribution {
  readonly count: number
  /** Microseconds of all `count` together. */
  readonly sum: number
  /** How many fell into each bound of `DURATION_BOUNDS` and above all lower ones; last, those beyond every bound. */
  readonly buckets: readonly number[]
}

/** Counts durations. */
export class Durations {
  #count = 0
  #sum = 0
  readonly #buckets = new Float64Array(DURATION_BOUNDS.length + 1)

  /** Counts `count` answers that took `sum` µs together; all fall where their mean falls. */
  add(count: number, sum: number): void {
    const mean = sum / count
    let i = 0
    while (i < DURATION_BOUNDS.length && mean > (DURATION_BOUNDS[i] as number)) i++
    this.#buckets[i] = (this.#buckets[i] as number) + count
    this.#count += count
    this.#sum += sum
  }

  current(): Distribution {
    return { count: this.#count, sum: this.#sum, buckets: [...this.#buckets] }
  }
}

/**
 * The bound in µs that at least `share` (0–1) of all answers kept to; `undefined` without answers, `Infinity` where it
 * lies beyond every bound. As coarse as the bounds are.
 */
export function quantile({ count, buckets }: Distribution, share: number): number | undefined {
  if (count === 0) return undefined
  let seen = 0
  const i = buckets.findIndex((bucket) => (seen += bucket) >= share * count)
  return DURATION_BOUNDS[i] ?? Number.POSITIVE_INFINITY
}
