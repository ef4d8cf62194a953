// Lengths of time as people say them. Knows nothing else.
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'

/** `40 ms`, `2.5 s`, `12 min`, `3.5 h`, `2 days`: two digits are enough to tell whether it matters. */
export function ageText(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND) return `${Math.round(ms / 100) / 10} s`
  if (ms < 2 * MINUTE) return `${Math.round(ms / SECOND)} s`
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`
  return ms < 2 * DAY ? `${Math.round(ms / (HOUR / 10)) / 10} h` : `${Math.round(ms / DAY)} days`
}
