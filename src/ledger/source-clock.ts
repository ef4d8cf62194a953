// How far each firewall's clock is off ours, judged by when its reports arrive. Knows no report, no clock of its own.
import { LRUCache } from 'lru-cache'
import { type EpochMs, MINUTE } from '../base/clock.ts'

/** A minimum counts for one to two of these: a clock that is set, or drifts, is followed within ten minutes. */
const BUCKET = 5 * MINUTE
/** Sources remembered; the least recently heard one goes. A house has one or two. */
const SOURCES = 256

interface Measured {
  since: EpochMs
  least: number
  /** The least of the bucket before. */
  leastBefore: number
}

/**
 * The clock of every source. A report cannot arrive before the connection began, and some arrive at once: so the
 * least time between stamp and arrival is the clock's error (plus the fastest delivery, which is milliseconds).
 * One report alone cannot tell a slow clock from slow delivery and gets the benefit of the doubt.
 * Bounded: 256 sources.
 */
export class SourceClocks {
  readonly #sources = new LRUCache<string, Measured>({ max: SOURCES })

  /** Takes a report's stamp and arrival; returns the milliseconds to add to stamps of that source. */
  measure(source: string, stamp: EpochMs, arrival: EpochMs): number {
    const difference = arrival - stamp
    let measured = this.#sources.get(source)
    if (measured === undefined) {
      measured = { since: arrival, least: difference, leastBefore: Number.POSITIVE_INFINITY }
      this.#sources.set(source, measured)
    } else if (arrival - measured.since >= BUCKET || arrival < measured.since) {
      measured.leastBefore = arrival - measured.since >= 2 * BUCKET ? Number.POSITIVE_INFINITY : measured.least
      measured.least = difference
      measured.since = arrival
    } else if (difference < measured.least) measured.least = difference
    return Math.min(measured.least, measured.leastBefore)
  }
}
