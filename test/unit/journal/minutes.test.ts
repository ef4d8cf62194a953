import { describe, expect, test } from 'vitest'
import { MINUTES, MinuteRing } from '../../../src/journal/minutes.ts'

const NOW = 29_400_000
const sum = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0)

describe('the ring of minutes', () => {
  test('keeps each minute of a day in its place', () => {
    const ring = new MinuteRing()
    ring.add(NOW, 3, 1)
    ring.add(NOW - 5, 2, 0)
    ring.add(NOW, 1, 1)
    const rows = ring.rows(NOW)
    expect(rows.from).toBe(NOW - MINUTES + 1)
    expect(rows.queries).toHaveLength(MINUTES)
    expect(rows.queries.at(-1)).toBe(4)
    expect(rows.blocked.at(-1)).toBe(2)
    expect(rows.queries.at(-6)).toBe(2)
    expect(sum(rows.queries)).toBe(6)
  })

  test('forgets a minute after a day, also when nothing came since', () => {
    const ring = new MinuteRing()
    ring.add(NOW, 3, 1)
    expect(ring.rows(NOW + MINUTES - 1).queries[0]).toBe(3)
    expect(sum(ring.rows(NOW + MINUTES).queries)).toBe(0)
  })

  test('a minute that reuses a slot starts at zero', () => {
    const ring = new MinuteRing()
    ring.add(NOW, 3, 3)
    ring.add(NOW + MINUTES, 1, 0)
    expect(ring.rows(NOW + MINUTES).queries.at(-1)).toBe(1)
    expect(ring.rows(NOW + MINUTES).blocked.at(-1)).toBe(0)
  })

  test('a clock set back shows nothing of the future and counts on', () => {
    const ring = new MinuteRing()
    ring.add(NOW + 10, 7, 0)
    ring.add(NOW, 1, 0)
    expect(sum(ring.rows(NOW).queries)).toBe(1)
  })

  test('minutes before 1970 in the window do not count anything', () => {
    const ring = new MinuteRing()
    ring.add(3, 1, 0)
    expect(sum(ring.rows(5).queries)).toBe(1)
  })
})
