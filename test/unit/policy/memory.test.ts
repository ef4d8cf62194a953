import { describe, expect, test } from 'vitest'
import { roomFor, workspace } from '../../../src/policy/memory.ts'

describe('a workspace', () => {
  test('gives memory that is zero and that it gives nobody else, over several blocks', () => {
    const take = workspace()
    const size = 3 * 2 ** 20
    const pieces = Array.from({ length: 6 }, () => take(size))
    pieces.forEach((piece, i) => {
      expect(piece).toHaveLength(size)
      expect([piece[0], piece[size - 1]]).toEqual([0, 0])
      piece[0] = i + 1
      piece[size - 1] = -(i + 1)
    })
    expect(pieces.map((piece) => [piece[0], piece[size - 1]])).toEqual(pieces.map((_, i) => [i + 1, -(i + 1)]))
    expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBeGreaterThan(1)
  })
})

describe('room for what lives long', () => {
  test('is what is asked for where that is little or very much, and else more than the C library keeps', () => {
    expect(roomFor(4096)).toBe(4096)
    expect(roomFor(15_000_000)).toBeGreaterThan(2 ** 25)
    expect(roomFor(170_000_000)).toBe(170_000_000)
  })
})
