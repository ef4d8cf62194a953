// When a list is fetched again. Pure: time and chance are handed in.
import { HOUR, MINUTE } from '../../base/clock.ts'

/** What was tried so far. */
export interface Tries {
  /** When the server was last reached and said something useful, epoch milliseconds; undefined: never. */
  readonly checked: number | undefined
  /** When it was last tried, well or not. */
  readonly tried: number | undefined
  /** Failures since it went well. */
  readonly failures: number
}

/** The first wait after a failure; each further one is twice as long. */
export const BACKOFF_FIRST = MINUTE
/** The longest one: a server that was down for a day is found again soon. */
export const BACKOFF_MAX = 6 * HOUR
/** Lists with the same interval come to lie up to this share of it apart. */
export const SPREAD = 0.1

/**
 * When to fetch next, epoch milliseconds. `chance` (0 to 1) is the list's own and stays the same, so that lists do not all
 * fall due at once; what is due already and never was fetched is due now.
 */
export function nextFetch({ checked, tried, failures }: Tries, every: number, chance: number): number {
  if (failures > 0 && tried !== undefined) {
    const wait = Math.min(BACKOFF_FIRST * 2 ** Math.min(failures - 1, 16), BACKOFF_MAX, every)
    return tried + wait * (1 + SPREAD * chance)
  }
  return checked === undefined ? 0 : checked + every * (1 - SPREAD * chance)
}
