import { describe, expect, test } from 'vitest'
import { shareOf, threadsOf } from '../../../src/threads/share.ts'
import { SETTINGS } from '../../support/in-memory.ts'

describe('how many threads', () => {
  test.each([
    ['auto', 1, 1],
    ['auto', 2, 1],
    ['auto', 3, 2],
    ['auto', 4, 3],
    ['auto', 64, 4],
    [1, 64, 1],
    [8, 2, 8],
  ] as const)('%s on %i processors makes %i', (wanted, processors, threads) => {
    expect(threadsOf(wanted, processors, 'linux')).toBe(threads)
  })

  test('one, where the system deals nothing out', () => {
    expect(threadsOf(8, 64, 'darwin')).toBe(1)
    expect(threadsOf('auto', 64, 'win32')).toBe(1)
  })
})

describe('the share of one thread', () => {
  test('is all of it where it is alone', () => {
    expect(shareOf(SETTINGS, 1)).toBe(SETTINGS)
  })

  test('is a part of memory, connections and questions on their way, and the whole of what one asker may ask', () => {
    const serving = { ...SETTINGS.serving, connections: { most: 100, perClient: 64, idle: 30_000 } }
    const upstreams = { ...SETTINGS.upstreams, maxInFlight: 2000 }
    const settings = { ...SETTINGS, serving, upstreams, cache: { ...SETTINGS.cache, bytes: 9_000_000 } }
    const share = shareOf(settings, 3)
    expect(share.cache.bytes).toBe(3_000_000)
    expect(share.serving.connections).toEqual({ most: 34, perClient: 64, idle: 30_000 })
    expect(share.upstreams.maxInFlight).toBe(667)
    expect(share.limits).toBe(settings.limits)
  })

  test('of a small cache is still one that holds something', () => {
    expect(shareOf({ ...SETTINGS, cache: { ...SETTINGS.cache, bytes: 64 * 1024 } }, 64).cache.bytes).toBe(64 * 1024)
  })
})
