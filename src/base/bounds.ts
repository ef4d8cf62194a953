// Numbers with a minimum, a default, a maximum, a unit and a source. The config schema and the docs read them here.

/** The unit a bounded number is counted in. */
export type Unit = 'ms' | 's' | 'bytes' | 'entries' | 'count' | 'port'

/** One number that somebody may set, and what it may be. */
export interface Bound {
  readonly unit: Unit
  readonly min: number
  readonly default: number
  readonly max: number
  /** An RFC section, a measurement or a decision note. */
  readonly source: string
}

/** Declares a bound; throws at start where min ≤ default ≤ max does not hold. */
export function bounded(bound: Bound): Bound {
  if (!(bound.min <= bound.default && bound.default <= bound.max)) {
    throw new RangeError(`default outside bounds: ${JSON.stringify(bound)}`)
  }
  return Object.freeze(bound)
}
