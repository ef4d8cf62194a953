// In which order the upstreams of a set are asked, and how many at once. Chance is a parameter.
import type { Strategy } from './settings.ts'

/** What a strategy needs to know of an upstream. */
export interface Candidate {
  readonly weight: number
  /** Milliseconds; undefined before the first answer. */
  readonly latency: number | undefined
}

/** Whom to ask. */
export interface Arranged<T> {
  readonly order: readonly T[]
  /** How many of them are asked at the same time from the start. */
  readonly atOnce: 1 | 2
}

/** One question in so many races a random third in, so that a slow upstream that got quicker is noticed. */
const EXPLORE = 1 / 16

/** Arranges the healthy upstreams of a set; `chance` gives numbers from 0 up to 1. */
export function arrange<T extends Candidate>(
  strategy: Strategy,
  healthy: readonly T[],
  chance: () => number,
): Arranged<T> {
  if (healthy.length < 2 || strategy === 'order') return { order: healthy, atOnce: 1 }
  if (strategy === 'random') return { order: byLot(healthy, chance), atOnce: 1 }
  // Who was never asked comes first: nothing is known to be quicker.
  const order = [...healthy].sort((a, b) => (a.latency ?? 0) - (b.latency ?? 0))
  if (order.length > 2 && chance() < EXPLORE) {
    const at = 2 + Math.floor(chance() * (order.length - 2))
    order.splice(1, 0, ...order.splice(at, 1))
  }
  return { order, atOnce: 2 }
}

/** Draws one after the other, each as likely as its weight says. */
function byLot<T extends Candidate>(candidates: readonly T[], chance: () => number): readonly T[] {
  const left = [...candidates]
  const drawn: T[] = []
  while (left.length > 0) {
    let mark = chance() * left.reduce((sum, { weight }) => sum + weight, 0)
    const at = left.findIndex(({ weight }) => (mark -= weight) < 0)
    drawn.push(...left.splice(at < 0 ? left.length - 1 : at, 1))
  }
  return drawn
}
