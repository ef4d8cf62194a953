import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CountTable } from '../../../src/journal/count-table.ts'

const keyed = fc.array(fc.tuple(fc.string({ maxLength: 6 }), fc.integer({ min: 1, max: 1000 })), { maxLength: 400 })

describe('a count table', () => {
  test('counts as a map of strings does, whatever the keys and the seed', () => {
    fc.assert(
      fc.property(keyed, fc.integer(), (pairs, seed) => {
        const table = new CountTable(seed)
        const map = new Map<string, number>()
        for (const [key, count] of pairs) {
          table.add(key, count)
          map.set(key, (map.get(key) ?? 0) + count)
        }
        expect(table.size).toBe(map.size)
        for (const [key, count] of map) expect(table.get(key)).toBe(count)
        expect(table.get('never added')).toBe(0)
      }),
    )
  })

  test('finds the highest counts as sorting all of them does', () => {
    fc.assert(
      fc.property(keyed, fc.integer({ min: 1, max: 20 }), (pairs, limit) => {
        const table = new CountTable(1)
        const map = new Map<string, number>()
        for (const [key, count] of pairs) {
          table.add(key, count)
          map.set(key, (map.get(key) ?? 0) + count)
        }
        const sorted = [...map].map(([key, count]) => ({ key, count }))
        sorted.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
        expect(table.highest(limit)).toEqual(sorted.slice(0, limit))
      }),
    )
  })

  test('a purge takes the median off every key and drops at least half of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 300 }), (counts) => {
        const table = new CountTable(7)
        counts.forEach((count, i) => {
          table.add(`key-${i}`, count)
        })
        const taken = table.purge()
        const sorted = [...counts].sort((a, b) => a - b)
        expect(taken).toBe(sorted[counts.length >> 1])
        expect(table.size).toBeLessThanOrEqual(counts.length / 2)
        counts.forEach((count, i) => {
          expect(table.get(`key-${i}`)).toBe(Math.max(0, count - taken))
        })
      }),
    )
  })

  test('takes another table in and leaves that one as it was', () => {
    const one = new CountTable(3)
    const two = new CountTable(3)
    one.add('a', 1)
    two.add('a', 2)
    two.add('b', 5)
    one.addAll(two)
    expect(one.highest(9)).toEqual([
      { key: 'b', count: 5 },
      { key: 'a', count: 3 },
    ])
    expect(two.get('a')).toBe(2)
  })

  test('tells keys apart whose hashes are equal: among 300,000 there are about ten such pairs', () => {
    const table = new CountTable(5)
    for (let i = 0; i < 300_000; i++) table.add(`name-${i}.example`, 1)
    expect(table.size).toBe(300_000)
  })

  test('is empty after clear', () => {
    const table = new CountTable(3)
    for (let i = 0; i < 1000; i++) table.add(`key-${i}`, 1)
    table.clear()
    expect(table.size).toBe(0)
    expect(table.get('key-5')).toBe(0)
  })
})
