import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a regular expression', () => {
  test.each([
    ['/^ads?[0-9]/', 'block /^ads?[0-9]/'],
    ['^ads?[0-9]', 'block /^ads?[0-9]/'],
    ['(^|\\.)ads\\.', 'block /(^|\\.)ads\\./'],
  ])('in slashes, or starting as no name does, is a rule: %s', (line, rule) => {
    expect(rulesOf(line)).toEqual([rule])
    expect(readText(line).formats).toEqual(['regex'])
  })

  test('is any line of a file that is said to have such', () => {
    expect(rulesOf('ads[0-9]+\\.example$', 'regex')).toEqual(['block /ads[0-9]+\\.example$/'])
  })

  test('leaves lines with dots at their start names', () => {
    expect(readText('/^ads/\n.tracker.example').rules).toEqual(['block /^ads/', 'block *.tracker.example'])
  })

  test.each([
    ['/^https?:\\/\\/ads/', 'url'],
    ['/(?!x)ads/', /^a pattern that cannot be used/],
    ['/.*/', /^a pattern that matches every name/],
    [`/${'a{1,999}'.repeat(100)}/`, /^a pattern that repeats too much/],
  ])('that is about URLs, or costs too much, is no rule: %s', (line, end) => {
    expect(endOf(line)).toMatch(end)
  })
})
