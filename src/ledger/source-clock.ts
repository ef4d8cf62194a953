// When a connection really began, by our clock: firewalls' clocks are slow or fast. Knows no clock of its own.
import type { Address } from '../base/address.ts'
import { type EpochMs, MINUTE } from '../base/clock.ts'
import { Recent } from '../base/recent.ts'
import type { Report } from './report.ts'

/** A connection began between `time` and `end`, by our clock. */
export interface Began {
  readonly time: EpochMs
  readonly end: EpochMs
}

/** When a connection began, where the stamp is by our own clock. */
export const stamped = ({ time, precision }: Report): Began => ({ time, end: time + precision })

/** A least delay counts for one to two of these: a clock that is set, or drifts, is followed within ten minutes. */
const BUCKET = 5 * MINUTE
/** Least delays remembered for one source. */
const REMEMBERED = 8192

interface Measured {
  since: EpochMs
  least: number
  /** The least of the bucket before. */
  leastBefore: number
}

/**
 * The clocks that stamp reports. A report cannot arrive before its connection began, and some arrive at once: so the
 * least time between stamp and arrival is how slow the clock is, plus the fastest delivery, which is milliseconds.
 * Kept for each source and sender inside, since several firewalls may report over one source. A fast clock needs no
 * measuring: what is stamped later than it arrived began when it arrived. A first report alone cannot tell a slow
 * clock from a slow delivery, and gets the benefit of the doubt. Bounded: 8,192 senders of each source.
 */
export class SourceClocks {
  /** By source, of which there are as many as the configuration has; and by sender. */
  readonly #sources = new Map<string, Recent<Address, Measured>>()

  /** When the connection of a report that arrived at a time began. */
  place({ source, src, time: stamp, precision }: Report, arrival: EpochMs): Began {
    const slow = Math.max(0, this.#least(this.#sendersOf(source), src, arrival - stamp, arrival))
    return {
      time: Math.min(stamp + Math.max(0, slow - precision), arrival),
      end: Math.min(stamp + slow + precision, arrival),
    }
  }

  #sendersOf(source: string): Recent<Address, Measured> {
    let senders = this.#sources.get(source)
    if (senders === undefined) this.#sources.set(source, (senders = new Recent(REMEMBERED)))
    return senders
  }

  #least(senders: Recent<Address, Measured>, sender: Address, delay: number, arrival: EpochMs): number {
    const measured = senders.get(sender)
    if (measured === undefined) {
      senders.set(sender, { since: arrival, least: delay, leastBefore: Number.POSITIVE_INFINITY })
      return delay
    }
    const age = arrival - measured.since
    if (age < 0 || age >= BUCKET) {
      measured.leastBefore = age >= 0 && age < 2 * BUCKET ? measured.least : Number.POSITIVE_INFINITY
      measured.least = delay
      measured.since = arrival
    } else if (delay < measured.least) measured.least = delay
    return Math.min(measured.least, measured.leastBefore)
  }
}
