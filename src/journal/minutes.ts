// Queries and blocked queries of each of the last 1,440 minutes. Knows no clock: every call says its minute.

/** Minutes that are kept: 24 hours. */
export const MINUTES = 1440

/** Two rows of one number a minute, oldest first; the last is the running minute. */
export interface MinuteRows {
  /** The first minute, in minutes since 1970. */
  readonly from: number
  readonly queries: readonly number[]
  readonly blocked: readonly number[]
}

/** A ring of minutes. What comes latest owns its slot, so a clock that jumps, either way, heals by itself. */
export class MinuteRing {
  readonly #minute = new Float64Array(MINUTES).fill(-1)
  readonly #queries = new Float64Array(MINUTES)
  readonly #blocked = new Float64Array(MINUTES)

  /** Counts in the minute `minute` (minutes since 1970). */
  add(minute: number, queries: number, blocked: number): void {
    const slot = minute % MINUTES
    if (this.#minute[slot] !== minute) {
      this.#minute[slot] = minute
      this.#queries[slot] = 0
      this.#blocked[slot] = 0
    }
    this.#queries[slot] = (this.#queries[slot] as number) + queries
    this.#blocked[slot] = (this.#blocked[slot] as number) + blocked
  }

  /** The 1,440 minutes that end with `minute`. */
  rows(minute: number): MinuteRows {
    const from = minute - MINUTES + 1
    const row = (values: Float64Array): number[] =>
      Array.from({ length: MINUTES }, (_, i) => {
        const slot = (((from + i) % MINUTES) + MINUTES) % MINUTES
        return this.#minute[slot] === from + i ? (values[slot] as number) : 0
      })
    return { from, queries: row(this.#queries), blocked: row(this.#blocked) }
  }
}
