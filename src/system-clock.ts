// The system's clock, for the composition roots; everything else is handed one.
import type { Clock } from './base/clock.ts'

/** Wall time and a steady counter, both in milliseconds. */
export const systemClock: Clock = { now: () => Date.now(), ticks: () => performance.now() }
