// The most frequent keys of the last 24 hours in bounded memory. Knows neither what the keys mean nor a clock.
import { CountTable } from './count-table.ts'

/** Hours that a list looks back: the running one and the 23 before it, so between 23 and 24 hours. */
export const TOP_HOURS = 24

/**
 * Keys that one hour may come to before it is purged. Measured with every key new: 24 full hours of names of 30
 * characters take 5 MB. A house asks for fewer names an hour than this and is counted exactly.
 */
export const TOP_KEYS = 2048

/** The most frequent keys, most frequent first, ties in the order of the key. */
export interface Top {
  /** `count` is the least number of times that the key came; the true number is at most `error` higher. */
  readonly items: readonly { readonly key: string; readonly count: number }[]
  /** By how much any count, shown or not, may be too low; 0 while no hour came to `TOP_KEYS` keys. */
  readonly error: number
}

/** One hour: its number since 1970, what was counted, and what purges took off every counter. */
interface Hour {
  hour: number
  readonly counts: CountTable
  purged: number
}

/**
 * Counts keys by the hour and forgets whole hours. Where an hour comes to `keys` keys, the median count is taken off
 * all of them and those at zero go (Misra and Gries 1982, purged by halves). Each purge takes the median from at least
 * half of the keys, so no count of an hour is too low by more than 2/`keys` of all that was counted in it.
 * Keys are kept as they come: a slice of a long string would keep all of that string alive.
 */
export class TopList {
  readonly #keys: number
  readonly #hours: readonly Hour[]
  readonly #seed: number

  /** `seed`: any whole number that strangers cannot guess. */
  constructor(seed: number, keys = TOP_KEYS) {
    this.#seed = seed
    this.#keys = keys
    this.#hours = Array.from({ length: TOP_HOURS }, () => ({ hour: -1, counts: new CountTable(seed), purged: 0 }))
  }

  /** Counts `key` `count` times in the hour `hour` (hours since 1970). A clock that jumps costs the hours it lands on. */
  add(key: string, count: number, hour: number): void {
    const slot = this.#hours[hour % TOP_HOURS] as Hour
    if (slot.hour !== hour) {
      slot.hour = hour
      slot.counts.clear()
      slot.purged = 0
    }
    slot.counts.add(key, count)
    if (slot.counts.size >= this.#keys) slot.purged += slot.counts.purge()
  }

  /** The `limit` most frequent keys of the 24 hours up to `hour`. */
  top(hour: number, limit: number): Top {
    const recent = this.#recent(hour)
    const sum = new CountTable(this.#seed)
    for (const slot of recent) sum.addAll(slot.counts)
    return { items: sum.highest(limit), error: recent.reduce((error, slot) => error + slot.purged, 0) }
  }

  /** What is counted for one key in the 24 hours up to `hour`. */
  of(key: string, hour: number): number {
    return this.#recent(hour).reduce((count, slot) => count + slot.counts.get(key), 0)
  }

  #recent(hour: number): Hour[] {
    return this.#hours.filter((slot) => slot.hour <= hour && slot.hour > hour - TOP_HOURS)
  }
}
