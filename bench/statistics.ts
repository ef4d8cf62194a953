// What several rounds come to. Knows numbers only.

/** Several measurements of one thing: the middle one and how far they lie apart. All are kept, so that all can be seen. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly values: readonly number[]
}

/** Throws without values: a figure that was not measured is left out, never made up. */
export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no values')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number, values }
}

/** `spread` over one number of each round. */
export const spreadOf = <T>(rounds: readonly T[], pick: (round: T) => number): Spread => spread(rounds.map(pick))

/** Adds up one number of each round. */
export const sumOf = <T>(rounds: readonly T[], pick: (round: T) => number): number =>
  rounds.reduce((sum, round) => sum + pick(round), 0)
