// Time as a parameter. Nothing in layers 0–4 reads a clock of its own.

/** Milliseconds since 1970, UTC. May jump when the machine's clock is set. */
export type EpochMs = number

/** Where time comes from; tests hand in their own. */
export interface Clock {
  /** Wall time: for what is shown, stored and compared with log stamps. */
  readonly now: () => EpochMs
  /** Milliseconds that only ever grow: for ages, time-outs and TTLs. */
  readonly ticks: () => number
}

/** What a clock showed. To be used again: numbers that go from function to function take memory each time they do. */
export class Moment {
  now: EpochMs = 0
  ticks = 0

  take(clock: Clock): this {
    this.now = clock.now()
    this.ticks = clock.ticks()
    return this
  }
}

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Runs something once, so many milliseconds later; returns what calls it off. Time as a parameter, too. */
export type After = (ms: number, run: () => void) => () => void
