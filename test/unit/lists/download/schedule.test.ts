import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../../src/base/clock.ts'
import { BACKOFF_MAX, nextFetch } from '../../../../src/lists/download/schedule.ts'

const EVERY = 24 * HOUR

describe('a list', () => {
  test('that never came is fetched at once', () => {
    expect(nextFetch({ checked: undefined, tried: undefined, failures: 0 }, EVERY, 0.5)).toBe(0)
  })

  test('is looked at again after its interval, each somewhat earlier by its own chance', () => {
    const at = (chance: number): number => nextFetch({ checked: 1000, tried: 1000, failures: 0 }, EVERY, chance)
    expect(at(0)).toBe(1000 + EVERY)
    expect(at(1)).toBe(1000 + 0.9 * EVERY)
  })

  test('that failed is tried after a minute, then after twice as long each time, up to six hours', () => {
    const wait = (failures: number, every = EVERY): number =>
      nextFetch({ checked: 0, tried: 5, failures }, every, 0) - 5
    expect([1, 2, 3, 4].map((failures) => wait(failures))).toEqual([MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE])
    expect(wait(1000)).toBe(BACKOFF_MAX)
    expect(wait(1000, HOUR)).toBe(HOUR)
  })
})
