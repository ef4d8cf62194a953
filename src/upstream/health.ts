// Whether an upstream is up, how quick it is, and when one that is down may be tried again. Time is a parameter.

/** Failures in a row after which it counts as down. */
const DOWN_AFTER = 3
/** A trial is due so many ms after the last one began; doubled each time, so that a server that is back is found within 5 s. */
const BACKOFF = { first: 500, most: 4000 } as const
/** RFC 6298 §2: the weight of a new sample. */
const LATENCY_WEIGHT = 1 / 8
/** A second server is asked when the first has not answered for this many times its usual latency, in bounds, ms. */
const PATIENCE = { times: 4, min: 200, max: 800 } as const

/** The health of one upstream: up; down; or down with a trial on its way ("half-open"). */
export class Health {
  #inARow = 0
  #lastFailed: string | undefined
  #backoff: number = BACKOFF.first
  #nextTrial = 0
  /** When the trial that is on its way began. */
  #trialSince: number | undefined
  #latency: number | undefined

  /** Whether it answers as far as we know. */
  get up(): boolean {
    return this.#inARow < DOWN_AFTER
  }

  /** Smoothed round trip, ms; undefined before the first answer. */
  get latency(): number | undefined {
    return this.#latency
  }

  /** Milliseconds after which somebody else should be asked as well. */
  get patience(): number {
    const usual = this.#latency === undefined ? PATIENCE.max : this.#latency * PATIENCE.times
    return Math.min(PATIENCE.max, Math.max(PATIENCE.min, usual))
  }

  /** It has answered, after so many ms. */
  succeed(ms: number): void {
    this.heard()
    this.#sample(ms)
  }

  /** It is there, whatever it thinks of this name: SERVFAIL and REFUSED are answers. */
  heard(): void {
    this.#inARow = 0
    this.#lastFailed = undefined
    this.#trialSince = undefined
    this.#backoff = BACKOFF.first
  }

  /**
   * It has not answered, or not usably. `name`: silence about one name counts once, however often it is asked for:
   * that may be the name's fault. Undefined where no name can be the cause.
   */
  fail(now: number, ms: number, name: string | undefined): void {
    this.#sample(ms)
    if (!this.up) {
      // What was on its way when it went down tells nothing new.
      if (this.#trialSince === undefined) return
      this.#backoff = Math.min(BACKOFF.most, this.#backoff * 2)
      this.#nextTrial = Math.max(now, this.#trialSince + this.#backoff)
      this.#trialSince = undefined
      return
    }
    if (name !== undefined && name === this.#lastFailed) return
    this.#lastFailed = name
    if (++this.#inARow >= DOWN_AFTER) this.#nextTrial = now + this.#backoff
  }

  /** Down, and long enough to try again; taking this chance uses it up until the trial has ended. */
  takeTrial(now: number): boolean {
    if (this.up || now < this.#nextTrial) return false
    this.#trialSince = now
    this.#nextTrial = now + BACKOFF.most
    return true
  }

  #sample(ms: number): void {
    this.#latency = this.#latency === undefined ? ms : this.#latency + (ms - this.#latency) * LATENCY_WEIGHT
  }
}
