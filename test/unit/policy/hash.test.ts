import { describe, expect, test } from 'vitest'
import { fingerprinter, first, type Seed, second, third } from '../../../src/policy/hash.ts'
import { SEED, wireOf } from './build.ts'

const { read, states } = fingerprinter(SEED)

const wordsAt = (depth: number, from = states): number[] => {
  const [a, b, c] = from.subarray(3 * depth, 3 * depth + 3) as unknown as [number, number, number]
  return [first(a, b, c), second(a, b, c), third(a, b, c)]
}

/** The three words of a whole name. */
const fingerprint = (wire: Uint8Array): number[] => wordsAt(read(wire, 0))

/** Small names that differ in little: the hardest case for a fingerprint of a domain name. */
const manyNames = Array.from({ length: 60_000 }, (_, i) => `${(i % 244).toString(36)}.a${(i / 244) | 0}.example`)
const manyFingerprints = manyNames.map((name) => fingerprint(wireOf(name)))

describe('fingerprints', () => {
  test('of a suffix are those of the suffix as a name of its own', () => {
    const name = 'a.bc.tracker.ads-7.example'
    const labels = name.split('.')
    read(wireOf(name), 0)
    const suffixes = labels.map((_, i) => wordsAt(i + 1))
    expect(suffixes).toEqual(labels.map((_, i) => fingerprint(wireOf(labels.slice(-i - 1).join('.')))))
  })

  test('are the same wherever the name stands in the bytes', () => {
    const wire = wireOf('ads.example')
    const inside = Uint8Array.from([7, 7, 7, ...wire, 9])
    expect(read(inside, 3)).toBe(2)
    expect(wordsAt(2)).toEqual(fingerprint(wire))
  })

  test('tell apart names whose labels hold the same letters', () => {
    const names = ['ab.c.example', 'a.bc.example', 'abc.example', 'a.b.c.example', 'a\\.bc.example', 'c.ab.example']
    expect(new Set(names.map((name) => fingerprint(wireOf(name)).join())).size).toBe(names.length)
  })

  test('depend on every word of the seed', () => {
    const seeds: Seed[] = [SEED, [1, SEED[1], SEED[2]], [SEED[0], 1, SEED[2]], [SEED[0], SEED[1], 1]]
    const all = seeds.map((seed) => {
      const other = fingerprinter(seed)
      return wordsAt(other.read(wireOf('ads.example'), 0), other.states)
    })
    for (const word of [0, 1, 2]) expect(new Set(all.map((words) => words[word])).size).toBe(seeds.length)
  })

  test('are told for names of up to 127 labels and no more', () => {
    expect(read(wireOf(Array(127).fill('a').join('.')), 0)).toBe(127)
    expect(read(Uint8Array.from([...Array(128).fill([1, 97]).flat(), 0]), 0)).toBe(-1)
  })

  test('are refused for a pointer and for bytes that end too early', () => {
    expect(read(Uint8Array.from([1, 97, 0xc0, 0x0c]), 0)).toBe(-1)
    expect(read(Uint8Array.from([3, 97]), 0)).toBe(-1)
    expect(read(new Uint8Array(0), 0)).toBe(-1)
    expect(read(Uint8Array.from([0]), 0)).toBe(0)
  })

  test('change in half of their bits, each as often, when one bit of the name changes', () => {
    let trials = 0
    const flips = new Array<number>(96).fill(0)
    for (const name of manyNames.filter((_, i) => i % 250 === 0)) {
      const wire = wireOf(name)
      const before = fingerprint(wire)
      for (let at = 0; at < wire.length - 1; at++) {
        // The low five bits: those in which letters and digits differ. Length bytes are left alone.
        if ((wire[at] as number) < 64 && (wire[at] as number) < 0x2d) continue
        for (let bit = 0; bit < 5; bit++) {
          const other = wire.slice()
          other[at] = (other[at] as number) ^ (1 << bit)
          const after = fingerprint(other)
          trials++
          for (let i = 0; i < 96; i++) {
            const word = i >> 5
            flips[i]! += (((before[word] as number) ^ (after[word] as number)) >>> (i & 31)) & 1
          }
        }
      }
    }
    expect(trials).toBeGreaterThan(10_000)
    // Six standard deviations of a fair coin.
    const margin = (6 * 0.5) / Math.sqrt(trials)
    for (const count of flips) expect(Math.abs(count / trials - 0.5)).toBeLessThan(margin)
  })

  test('collide in any one of their words as seldom as chance has it', () => {
    const expected = manyNames.length ** 2 / 2 ** 33
    for (const word of [0, 1, 2]) {
      const collisions = manyNames.length - new Set(manyFingerprints.map((words) => words[word])).size
      expect(collisions).toBeLessThan(expected + 6 * Math.sqrt(expected) + 1)
    }
  })

  test('fill buckets evenly, by their top bits and by their low ones', () => {
    for (const word of [0, 1, 2]) {
      for (const shift of [0, 24]) {
        const buckets = new Array<number>(256).fill(0)
        for (const words of manyFingerprints) buckets[((words[word] as number) >>> shift) & 255]!++
        const mean = manyNames.length / 256
        const chiSquare = buckets.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0)
        // 255 degrees of freedom: standard deviation 22.6, six of them.
        expect(chiSquare).toBeLessThan(255 + 6 * 22.6)
      }
    }
  })
})
