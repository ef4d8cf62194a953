import { describe, expect, test } from 'vitest'
import { DURATION_BOUNDS, Durations, quantile } from '../../../src/journal/durations.ts'

describe('durations', () => {
  test('the bounds ascend from 10 µs to 5 s', () => {
    expect(DURATION_BOUNDS[0]).toBe(10)
    expect(DURATION_BOUNDS.at(-1)).toBe(5_000_000)
    expect([...DURATION_BOUNDS].sort((a, b) => a - b)).toEqual(DURATION_BOUNDS)
  })

  test('a duration equal to a bound falls into it, and what is beyond all has a place', () => {
    const durations = new Durations()
    durations.add(1, 10)
    durations.add(1, 11)
    durations.add(1, 6_000_000)
    const { buckets, count, sum } = durations.current()
    expect(buckets).toHaveLength(DURATION_BOUNDS.length + 1)
    expect(buckets[0]).toBe(1)
    expect(buckets[1]).toBe(1)
    expect(buckets.at(-1)).toBe(1)
    expect(count).toBe(3)
    expect(sum).toBe(6_000_021)
  })

  test('an entry for many queries counts all of them at their mean', () => {
    const durations = new Durations()
    durations.add(100, 700)
    expect(durations.current()).toMatchObject({ count: 100, sum: 700 })
    expect(durations.current().buckets[0]).toBe(100)
  })

  test('a quantile is the bound that covers that share', () => {
    const durations = new Durations()
    expect(quantile(durations.current(), 0.5)).toBeUndefined()
    durations.add(99, 99 * 20)
    durations.add(1, 900_000)
    expect(quantile(durations.current(), 0.5)).toBe(25)
    expect(quantile(durations.current(), 0.99)).toBe(25)
    expect(quantile(durations.current(), 1)).toBe(1_000_000)
    durations.add(1000, 1000 * 9_000_000)
    expect(quantile(durations.current(), 0.9)).toBe(Number.POSITIVE_INFINITY)
  })
})
