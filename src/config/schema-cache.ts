// The keys under `cache`. Knows no other key.
import { z } from 'zod'
import { BOUNDS } from './bounds.ts'
import * as values from './values.ts'

/** How answers are kept. */
export const cache = z.strictObject({
  size: values.size(BOUNDS.cacheSize, 'Memory for kept answers, a third of it for the fast lane, which repeats them.'),
  minTtl: values.duration(BOUNDS.cacheMinTtl, 'Shorter lifetimes (TTLs) are raised to this.'),
  maxTtl: values.duration(BOUNDS.cacheMaxTtl, 'Longer lifetimes are cut to this.'),
  maxNegativeTtl: values.duration(BOUNDS.cacheNegativeTtl, 'Longest time that "no such name" is kept.'),
  serveStale: z
    .boolean()
    .default(true)
    .describe('Give an answer past its end where no upstream has a newer one, such as while the line is down.'),
  maxStale: values.duration(BOUNDS.cacheMaxStale, 'For how long after its end.'),
  staleWait: values.duration(
    BOUNDS.cacheStaleWait,
    'How long a device waits for a fresh answer before it gets the old one. While no upstream answers it does not wait; with 0s never.',
  ),
  failureTtl: values.duration(
    BOUNDS.cacheFailureTtl,
    'Longest time that a failure is kept: a name that cannot be resolved is not asked for again at once.',
  ),
  persist: z
    .boolean()
    .default(true)
    .describe('Keep answers across a restart, in the state folder. Needs a restart to take effect.'),
  prefetch: z
    .boolean()
    .default(true)
    .describe('Fetch answers that are asked for time and again shortly before they expire, so that nobody waits.'),
})
