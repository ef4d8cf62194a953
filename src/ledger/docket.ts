// Reports that wait for late answers before they are judged. Knows no verdict.
import type { EpochMs } from '../base/clock.ts'

/**
 * First in, first out; each item is due one hold-back after it came. Bounded: what comes while `limit` items wait is
 * refused and counted, since judging the others early could call an innocent connection direct.
 */
export class Docket<T> {
  #waiting: T[] = []
  /** When each of them is due. Apart from them, so that nothing is made for an item that waits. */
  #dues: EpochMs[] = []
  #head = 0
  #refused = 0
  readonly #limit: number
  /** Milliseconds that an item waits; a change counts for what comes after it. */
  holdBack: number

  constructor(holdBack: number, limit: number) {
    this.holdBack = holdBack
    this.#limit = limit
  }

  /** Takes an item that arrived at a time; false where it was refused. */
  submit(item: T, arrival: EpochMs): boolean {
    if (this.size >= this.#limit) {
      this.#refused++
      return false
    }
    this.#waiting.push(item)
    this.#dues.push(arrival + this.holdBack)
    return true
  }

  /** Hands out what is due, in order of arrival. */
  due(now: EpochMs): T[] {
    const from = this.#head
    while (this.#head < this.#dues.length && (this.#dues[this.#head] as EpochMs) <= now) this.#head++
    const items = this.#waiting.slice(from, this.#head)
    // Moving the rest to the front once half is spent keeps each item at one move on average.
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#dues = this.#dues.slice(this.#head)
      this.#head = 0
    }
    return items
  }

  /** Items that wait. */
  get size(): number {
    return this.#waiting.length - this.#head
  }

  /** Items refused since the start. */
  get refused(): number {
    return this.#refused
  }
}
