import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chance } from '../../../bench/chance.ts'
import { atOnce } from '../../../src/base/turns.ts'
import { automaton } from '../../../src/policy/automaton.ts'
import { shapeOf } from '../../../src/policy/chain-shape.ts'
import { literalOf } from '../../../src/policy/literal.ts'
import { readPattern } from '../../../src/policy/pattern.ts'
import { chainsOf, isWide, symbolOf } from '../../../src/policy/pattern-chains.ts'
import { patternSet } from '../../../src/policy/pattern-set.ts'
import { type Sieve, sieve } from '../../../src/policy/sieve.ts'

/** The patterns that are found in a name, each looked for by itself. */
const oneByOne = (patterns: readonly string[], name: string): number[] =>
  patterns.flatMap((pattern, i) => {
    const read = readPattern(pattern)
    return typeof read !== 'string' && read(name) ? [i] : []
  })

/** Says what is found in a name, in order; keeps what it has learned of names before. */
function asking(find: Sieve): (name: string) => number[] {
  return (name) => {
    const found: number[] = []
    find(name, (number) => found.push(number))
    return found.sort((a, b) => a - b)
  }
}
const together = (patterns: readonly string[]) => asking(atOnce(patternSet(patterns)))
const sifting = (patterns: readonly string[]) => asking(atOnce(sieve(patterns.map(chainsOf))))

describe('many patterns', () => {
  test.each([
    ['ads', 'x.ads.example', true],
    ['^ad[sxv]?[0-9]*[_.-]', 'adx12.example', true],
    ['^(.+[_.-])?track(er|ing)?s?[0-9]*[_.-]', 'my-tracking7.example', true],
    ['^[a-z]{40}$', 'a'.repeat(40), true],
    ['^[a-z]{40}$', 'a'.repeat(41), false],
    ['[0-9]{5,}', 'x12345.example', true],
    ['(^|\\.)(one|two)[0-9]$', 'a.two7', true],
    ['(^|\\.)(one|two)[0-9]$', 'a.three7', false],
    ['^.{3}$', 'abc', true],
    ['^.{3}$', 'abcd', false],
    ['\\x61\\d[[:alpha:]]\\.', 'a1b.example', true],
    ['a{0,2}b{2}c?$', 'abb', true],
    ['[^a-y.]', 'zz', true],
    ['(?i)AD(?:S|X)', 'adx.example', true],
    ['\\Qa.b\\E', 'xa.bx', true],
    ['_tcp$', 'x._tcp', true],
    ['\\\\032', 'a\\032b', true],
  ])('are found as each alone is: %s in %s', (pattern, name, expected) => {
    expect(oneByOne([pattern], name).length === 1).toBe(expected)
    expect(together([pattern])(name).length === 1).toBe(expected)
  })

  const atom = fc.constantFrom(
    ...['a', 'b', 'ads', '\\.', '[ab]', '[^a]', '[0-9]', '\\d', '\\w', '.', '-', '[[:alpha:]]', '\\x61', '_'],
  )
  const count = fc.constantFrom('', '', '', '?', '*', '+', '{2}', '{1,3}', '{2,}', '+?', '{0,2}')
  const pattern = fc.letrec<{ sequence: string; group: string; whole: string }>((tie) => ({
    sequence: fc
      .array(fc.tuple(fc.oneof({ weight: 4, arbitrary: atom }, { weight: 1, arbitrary: tie('group') }), count), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.map((part) => part.join('')).join('')),
    group: fc
      .tuple(fc.constantFrom('(', '(?:'), tie('sequence'), fc.option(tie('sequence')), fc.constantFrom('', '^', '$'))
      .map(([open, one, other, edge]) => `${open}${edge}${one}${other === null ? '' : `|${other}`})`),
    whole: fc
      .tuple(fc.constantFrom('', '^', '(^|\\.)'), tie('sequence'), fc.constantFrom('', '$', '(\\.|$)', '|^b+$'))
      .map((parts) => parts.join('')),
  })).whole
  const name = fc
    .array(fc.constantFrom('a', 'b', 'ads', '.', '-', '7', '12', 'z', '_'), { minLength: 1, maxLength: 12 })
    .map((parts) => parts.join(''))

  test('are found as each alone is, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(name, { maxLength: 10 }), (patterns, names) => {
        const find = together(patterns)
        for (const one of [...names, ...names]) expect(find(one)).toEqual(oneByOne(patterns, one))
      }),
      { numRuns: 60 },
    )
  })

  test('are never kept back by the sieve where they are found', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(name, { maxLength: 10 }), (patterns, names) => {
        const sift = sifting(patterns)
        for (const one of [...names, ...names]) {
          expect(sift(one)).toEqual(expect.arrayContaining(oneByOne(patterns, one)))
        }
      }),
      { numRuns: 150 },
    )
  })

  test('pass the sieve only where something like them is there', () => {
    const patterns = Array.from({ length: 300 }, (_, i) => `^[a-f]{${2 + (i % 5)}}[0-9]{3}\\.`)
    const sift = sifting(patterns)
    expect(sift('www.example.com')).toEqual([])
    expect(sift('abc123.example')).toHaveLength(60)
    expect(sifting(['^ab+$', '(^|\\.)[0-9]{3}[a-z]+$', '^.b'])('ab')).toEqual([0, 2])
  })

  /** Any letters and digits but few repeat: about every character is a new state to them. */
  const hostile = Array.from({ length: 200 }, (_, i) => {
    const letters = (by: number): string =>
      [...'abcdefghijklmnopqrstuvwxyz'].filter((_, at) => (at * by + i * i) % 7 < 4).join('')
    return `[${letters(3)}]{${2 + (i % 3)}}[${letters(5)}]{2,}[${letters(i + 1)}]{2}`
  })
  const random = chance(3)
  const anything = Array.from({ length: 12_000 }, () => {
    const letter = (): string => 'abcdefghijklmnopqrstuvwxyz.'[Math.floor(random() * 27)] as string
    return Array.from({ length: 14 }, letter).join('')
  })

  test('are told alike with and without room to learn', () => {
    const chains = hostile.flatMap((pattern, i) => chainsOf(pattern).map((chain) => ({ chain, owners: [i] })))
    const symbols = (name: string): Uint8Array => Uint8Array.from(name, (one) => symbolOf(one.charCodeAt(0)))
    const says = (memory: number, may: number) => {
      const run = automaton(chains, memory)
      return (name: string): number[] => {
        const found = new Set<number>()
        run(symbols(name), name.length, may, (number) => found.add(number))
        return [...found].sort((a, b) => a - b)
      }
    }
    const [none, little, much] = [says(1e6, 0), says(2000, 10), says(1e6, 1000)]
    let some = 0
    for (const name of anything) {
      const found = none(name)
      if (found.length > 0) some++
      expect(little(name)).toEqual(found)
      expect(much(name)).toEqual(found)
    }
    expect(some).toBeGreaterThan(1000)
  })

  test('teach no more by a name than they may, and what there is room for', () => {
    const chains = hostile.flatMap((pattern, i) => chainsOf(pattern).map((chain) => ({ chain, owners: [i] })))
    const run = automaton(chains, 50_000)
    const work = anything.slice(0, 4000).map((name) => {
      const symbols = Uint8Array.from(name, (one) => symbolOf(one.charCodeAt(0)))
      return run(symbols, name.length, 10, () => {})
    })
    // The last of them may be the one that makes more room: half of it is filled then.
    expect(work.slice(0, 500).some((one) => one > 0)).toBe(true)
    expect(Math.max(...work)).toBeLessThan(10 + 1024)
    // From then on one of eight is looked at.
    expect(work.slice(-1000).filter((one) => one > 0).length).toBeLessThan(300)
  })

  test('are read from the end where that tells more', () => {
    const turned = (pattern: string): boolean[] => chainsOf(pattern).map((chain) => shapeOf(chain).turned)
    expect(turned('[a-z]{5}[0-9]')).toEqual([true])
    expect(turned('[0-9][a-z]{5}')).toEqual([false])
    expect(turned('^[a-z]{5}[0-9]')).toEqual([false])
    expect(turned('[a-z]{5}[0-9]x?$')).toEqual([false])
    expect(turned('[a-z]{5}[0-9]+$')).toEqual([true])
  })

  test.each([
    ['^[a-z0-9]+\\.[a-z]+$', true],
    ['^.{60,}$', true],
    ['(one|[a-z]+)\\.', true],
    ['^[0-9]{5}', false],
    ['^[a-z]+[0-9]', false],
    ['x', false],
  ])('%s may be found in most names: %s', (pattern, wide) => {
    expect(isWide(chainsOf(pattern))).toBe(wide)
  })

  test('need a text where one stands outside of groups, and only then', () => {
    expect(literalOf('^(www\\.)?doubleclick\\.(net|com)$')).toBe('doubleclick.')
    expect(literalOf('a+bbc?d')).toBe('bb')
    expect(literalOf('(one|two)')).toBeUndefined()
    expect(literalOf('one|two')).toBeUndefined()
  })
})
