import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PATTERN_MAX, readPattern, weightOf } from '../../../src/policy/pattern.ts'

const finds = (pattern: string, name: string): boolean => {
  const read = readPattern(pattern)
  if (typeof read === 'string') throw new TypeError(read)
  return read(name)
}

describe('a pattern', () => {
  test('is found anywhere in a name unless it is anchored, in any letter case', () => {
    expect(finds('ads?[0-9]+\\.', 'x.AD7.example')).toBe(true)
    expect(finds('^ads', 'x.ads.example')).toBe(false)
    expect(finds('(^|\\.)ADS\\.example$', 'x.ads.example')).toBe(true)
  })

  test.each([
    ['(?=x)', /cannot be used: .*\(\?=/],
    ['(a', /cannot be used/],
    ['a'.repeat(PATTERN_MAX + 1), /longer than/],
    ['x{0,999}'.repeat(100), /repeats too much/],
    ['((x{30}){30}){1,3}', /repeats too much|invalid repeat/],
    ['('.repeat(1020), /cannot be used/],
    ['^', /every name/],
    ['.', /every name/],
    ['(ads)?', /every name/],
  ])('that cannot be used is refused with the reason: %s', (pattern, why) => {
    expect(readPattern(pattern)).toMatch(why)
  })

  test('weighs as much as it has characters and classes, times the numbers by which they are repeated', () => {
    expect(weightOf('abc')).toBe(3)
    expect(weightOf('[a-z0-9]{2,10}\\.x')).toBe(12)
    expect(weightOf('(ab){5}')).toBe(20)
    expect(weightOf('a{2,}')).toBe(2)
  })

  test('never takes long, whatever it is', () => {
    const part = fc.constantFrom(
      'a',
      '.',
      '(',
      ')',
      '*',
      '+',
      '?',
      '{1,9}',
      '{50}',
      '[a-z]',
      '\\w',
      '|',
      '^',
      '$',
      'x{99}',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200 }), (parts) => {
        const started = performance.now()
        const read = readPattern(parts.join(''))
        if (typeof read !== 'string') read('a'.repeat(250))
        expect(performance.now() - started).toBeLessThan(500)
      }),
    )
  })
})
