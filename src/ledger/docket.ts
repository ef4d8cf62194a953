// Reports that wait for late answers before they are judged. Knows no verdict.
import type { EpochMs } from '../base/clock.ts'

interface Waiting<T> {
  readonly item: T
  readonly due: EpochMs
}

/**
 * First in, first out; each item is due one hold-back after it came. Bounded: what comes while `limit` items wait is
 * refused and counted, since judging the others early could call an innocent connection direct.
 */
export class Docket<T> {
  #waiting: Waiting<T>[] = []
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
    this.#waiting.push({ item, due: arrival + this.holdBack })
    return true
  }

  /** Hands out what is due, in order of arrival. */
  *due(now: EpochMs): Iterable<T> {
    for (let next = this.#waiting[this.#head]; next !== undefined && next.due <= now; ) {
      this.#head++
      yield next.item
      next = this.#waiting[this.#head]
    }
    // Moving the rest to the front once half is spent keeps each item at one move on average.
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
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
