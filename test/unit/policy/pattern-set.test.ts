import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { atOnce } from '../../../src/base/turns.ts'
import { literalOf } from '../../../src/policy/literal.ts'
import { readPattern } from '../../../src/policy/pattern.ts'
import { chainsOf, isWide } from '../../../src/policy/pattern-chains.ts'
import { patternSet } from '../../../src/policy/pattern-set.ts'
import { sieve, symbolsInto, TEXT_MAX } from '../../../src/policy/sieve.ts'

/** The patterns that are found in a name, each looked for by itself. */
const oneByOne = (patterns: readonly string[], name: string): number[] =>
  patterns.flatMap((pattern, i) => {
    const read = readPattern(pattern)
    return typeof read !== 'string' && read(name) ? [i] : []
  })

function together(patterns: readonly string[], name: string): number[] {
  const found: number[] = []
  atOnce(patternSet(patterns))(name, (number) => found.push(number))
  return found.sort((a, b) => a - b)
}

function sifted(patterns: readonly string[], name: string): number[] {
  const symbols = new Uint8Array(TEXT_MAX)
  const found: number[] = []
  sieve(patterns.map((pattern, i) => [i, chainsOf(pattern)]))(symbols, symbolsInto(symbols, name), (number) =>
    found.push(number),
  )
  return found.sort((a, b) => a - b)
}

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
    expect(together([pattern], name).length === 1).toBe(expected)
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
        for (const one of names) expect(together(patterns, one)).toEqual(oneByOne(patterns, one))
      }),
      { numRuns: 60 },
    )
  })

  test('are never kept back by the sieve where they are found', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(name, { maxLength: 10 }), (patterns, names) => {
        for (const one of names) expect(sifted(patterns, one)).toEqual(expect.arrayContaining(oneByOne(patterns, one)))
      }),
      { numRuns: 150 },
    )
  })

  test('pass the sieve only where something like them is there', () => {
    const patterns = Array.from({ length: 300 }, (_, i) => `^[a-f]{${2 + (i % 5)}}[0-9]{3}\\.`)
    expect(sifted(patterns, 'www.example.com')).toEqual([])
    expect(sifted(patterns, 'abc123.example')).toHaveLength(60)
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
