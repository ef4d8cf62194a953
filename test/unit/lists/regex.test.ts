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

  test('stands bare where it has a dot with a backslash, and may have a remark', () => {
    expect(rulesOf('ads[0-9]+\\.example # why')).toEqual(['block /ads[0-9]+\\.example/'])
    expect(rulesOf('.*\\.ads\\.example')).toEqual(['block /.*\\.ads\\.example/'])
    expect(readText('two \\.words').rejected).toBe(1)
    expect(rulesOf('@@/^ads7\\./')).toEqual(['allow /^ads7\\./'])
    expect(endOf('x.example##.a\\.b')).toBe('cosmetic')
  })

  test.each([
    ['^ads;querytype=AAAA', 'block /^ads/ if type AAAA'],
    ['^ads;querytype=!A', 'block /^ads/ if type ~A'],
    ['^ads;querytype=A,HTTPS', 'block /^ads/ if type A HTTPS'],
    ['^ads;reply=NODATA', 'nodata /^ads/'],
    ['^ads;reply=nxdomain;querytype=A', 'nxdomain /^ads/ if type A'],
    ['^ads;reply=REFUSED', 'refused /^ads/'],
    ['^ads;reply=NONE', 'drop /^ads/'],
    ['^ads;reply=IP', 'block /^ads/'],
    ['^ads;reply=192.0.2.7,2001:db8::7', 'records(A 192.0.2.7, AAAA 2001:db8::7) /^ads/'],
  ])('has the options of Pi-hole: %s is %s', (line, rule) => {
    expect(rulesOf(line)).toEqual([rule])
  })

  test.each([
    ['^ads;invert', 'pattern'],
    ['^ads;querytype=SOMETHING', /^a querytype that there is not/],
    ['^ads;reply=elsewhere', /^a reply that there is not/],
  ])('with an option that cannot be had is no rule: %s', (line, end) => {
    expect(endOf(line)).toMatch(end)
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
