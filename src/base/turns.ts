// Long work in pieces, so that what waits has its turn in between. Knows no timer: how to go on later is a parameter.

/** Work that yields between its pieces, each of which should take a millisecond or two at most; returns what it made. */
export type Pieces<T> = Generator<void, T>

/** How work is spread. */
export interface Turns {
  /** `Clock.ticks()`. */
  readonly ticks: () => number
  /** Runs something when all that waits now has had its turn. */
  readonly later: (run: () => void) => void
}

/** Longest turn, ms, but for its last piece: a batch of answers takes about as long. */
const TURN_MS = 1

/** Does the work; at once where it is done within the first turn. `done` takes what it made. Returns what gives it up. */
export function inTurns<T>(work: Pieces<T>, { ticks, later }: Turns, done: (made: T) => void): () => void {
  let givenUp = false
  const turn = (): void => {
    if (givenUp) return
    const started = ticks()
    for (;;) {
      const step = work.next()
      if (step.done === true) {
        done(step.value)
        return
      }
      if (ticks() - started >= TURN_MS) break
    }
    later(turn)
  }
  turn()
  return () => {
    givenUp = true
  }
}

/** Does the work at once. */
export function atOnce<T>(work: Pieces<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
