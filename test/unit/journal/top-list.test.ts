import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TOP_HOURS, TOP_KEYS, TopList } from '../../../src/journal/top-list.ts'

const NOW = 490_000

describe('the top list of 24 hours', () => {
  test('is exact while an hour has few keys', () => {
    const list = new TopList(1)
    for (let i = 0; i < 1000; i++) list.add(`name-${i % 7}`, 1, NOW - (i % TOP_HOURS))
    const top = list.top(NOW, 3)
    expect(top.error).toBe(0)
    expect(top.items).toEqual([
      { key: 'name-0', count: 143 },
      { key: 'name-1', count: 143 },
      { key: 'name-2', count: 143 },
    ])
    expect(list.of('name-6', NOW)).toBe(142)
  })

  test('forgets what is 24 hours old and not what is 23', () => {
    const list = new TopList(1)
    list.add('old', 5, NOW)
    list.add('older', 9, NOW - 1)
    expect(list.top(NOW + 22, 9).items.map((item) => item.key)).toEqual(['older', 'old'])
    expect(list.top(NOW + 23, 9).items.map((item) => item.key)).toEqual(['old'])
    expect(list.top(NOW + 24, 9).items).toEqual([])
    expect(list.of('old', NOW + 24)).toBe(0)
  })

  test('no count is ever above the truth, and none is below it by more than the stated error', () => {
    const entries = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 30 })),
      { maxLength: 500 },
    )
    fc.assert(
      fc.property(entries, (rows) => {
        const list = new TopList(5, 16)
        const truth = new Map<string, number>()
        const perHour = new Map<number, number>()
        const sorted = rows.toSorted((a, b) => a[2] - b[2])
        const last = sorted.at(-1)?.[2] ?? 0
        for (const [key, count, hour] of sorted) {
          list.add(`k${key}`, count, NOW + hour)
          if (hour <= last - TOP_HOURS) continue
          truth.set(`k${key}`, (truth.get(`k${key}`) ?? 0) + count)
          perHour.set(hour, (perHour.get(hour) ?? 0) + count)
        }
        const { items, error } = list.top(NOW + last, 1000)
        const found = new Map(items.map((item) => [item.key, item.count]))
        for (const [key, count] of truth) {
          expect(found.get(key) ?? 0).toBeLessThanOrEqual(count)
          expect(found.get(key) ?? 0).toBeGreaterThanOrEqual(count - error)
        }
        for (const key of found.keys()) expect(truth.has(key)).toBe(true)
        const bound = [...perHour.values()].reduce((sum, count) => sum + (2 * count) / 16, 0)
        expect(error).toBeLessThanOrEqual(bound)
      }),
    )
  })

  test('a flood of made-up names stays within the bound and the frequent name stays on top', () => {
    const list = new TopList(99)
    for (let i = 0; i < 100_000; i++) {
      list.add(`x${i}.flood.example`, 1, NOW)
      if (i % 50 === 0) list.add('real.example', 1, NOW)
    }
    const top = list.top(NOW, TOP_KEYS * 2)
    expect(top.items.length).toBeLessThan(TOP_KEYS)
    expect(top.items[0]?.key).toBe('real.example')
    expect(top.items[0]?.count).toBeGreaterThanOrEqual(2000 - top.error)
    expect(top.error).toBeLessThanOrEqual((2 * 102_000) / TOP_KEYS)
  })

  test('a clock that jumps ahead and back again heals', () => {
    const list = new TopList(1)
    list.add('before', 1, NOW)
    list.add('ahead', 1, NOW + 50_000)
    list.add('after', 1, NOW + 1)
    expect(list.top(NOW + 1, 9).items.map((item) => item.key)).not.toContain('ahead')
    expect(list.top(NOW + 1, 9).items.map((item) => item.key)).toContain('after')
  })
})
