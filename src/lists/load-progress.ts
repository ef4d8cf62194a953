// How far loading is, for who waits: told only where it takes long, and not too often. Knows no list and no clock.
import { SECOND } from '../base/clock.ts'

/** How far it is. */
export interface LoadProgress {
  /** The list that is read now, the how many-th, of how many. */
  readonly list: string
  readonly number: number
  readonly of: number
  /** Read so far of all lists, unpacked. */
  readonly bytes: number
}

/** Nobody needs to be told of less, ms. */
const FIRST = SECOND
const EVERY = SECOND / 2

/** Hands on what is worth it. `ticks`: milliseconds, from anywhere. */
export function paced(tell: (progress: LoadProgress) => void, ticks: () => number): (progress: LoadProgress) => void {
  let next = ticks() + FIRST
  return (progress) => {
    const now = ticks()
    if (now < next) return
    next = now + EVERY
    tell(progress)
  }
}
