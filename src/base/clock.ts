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

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** Runs something once, so many milliseconds later; returns what calls it off. Time as a parameter, too. */
export type After = (ms: number, run: () => void) => () => void
