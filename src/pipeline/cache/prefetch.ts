// When a popular answer is fetched anew before it expires, and how many may be. Knows no upstream and no time.
import type { Kept } from './answer-cache.ts'

/** An answer is near its end in the last tenth of its lifetime; a shorter one than 20 s is left to expire. */
const NEAR_END = 0.1
const SHORTEST_TTL = 20
/** Asked for before, and now again near its end: somebody is waiting for it time and again. */
const POPULAR = 2
/** One for each question that had to be forwarded anyway: at most half of what the upstreams get. Saved up to this many. */
const SAVED_MAX = 100

/** Decides which answers are fetched early. */
export class Prefetch {
  #saved = 0
  #started = 0

  /** Answers fetched early since the start. */
  get started(): number {
    return this.#started
  }

  /** A question had to be forwarded: one more may be fetched early. */
  earn(): void {
    if (this.#saved < SAVED_MAX) this.#saved++
  }

  /** Seconds before its end in which an answer is near it. */
  windowOf({ ttl }: Kept): number {
    return ttl < SHORTEST_TTL ? 0 : Math.floor(ttl * NEAR_END)
  }

  /** Decides, once, whether this answer, which is near its end, is fetched now. */
  decide(kept: Kept): boolean {
    if (kept.prefetch !== 'open') return false
    const start = kept.uses >= POPULAR && this.#saved > 0
    kept.prefetch = start ? 'running' : 'never'
    if (start) {
      this.#saved--
      this.#started++
    }
    return start
  }
}
