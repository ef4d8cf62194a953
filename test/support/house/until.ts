// Waits for a condition by looking again and again, with a deadline. Knows nothing of what is waited for.
import { setTimeout as pause } from 'node:timers/promises'

/** How often the condition is looked at, in milliseconds. */
const EVERY_MS = 20

/**
 * Resolves with the first value of `look` that is neither `undefined` nor `false`; rejects with `what` in the message
 * when `within` milliseconds have passed. An exception from `look` ends the waiting at once.
 */
export const until = async <T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  within = 5_000,
): Promise<T> => {
  const deadline = performance.now() + within
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    if (performance.now() >= deadline) throw new Error(`waited ${within} ms in vain for ${what}`)
    await pause(EVERY_MS)
  }
}
