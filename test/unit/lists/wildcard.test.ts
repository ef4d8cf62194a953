import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a wildcard line', () => {
  test('blocks the name and everything under it', () => {
    expect(rulesOf('*.ads.example')).toEqual(['block *.ads.example'])
    expect(rulesOf('.ads.example')).toEqual(['block *.ads.example'])
    expect(readText('*.ads.example # why\n.b.example').formats).toEqual(['wildcard'])
  })

  test('may name a whole top-level domain', () => {
    expect(rulesOf('*.zip')).toEqual(['block *.zip'])
  })

  test('without star or dot at its start is that name only, as everywhere', () => {
    expect(rulesOf('ads.example', 'wildcard')).toEqual(['block ads.example'])
  })

  test.each([
    ['ads*.example', 'block /^ads.*\\.example$/'],
    ['*ads*', 'block /^.*ads.*$/'],
    ['*.ads.*.EXAMPLE', 'block /^.*\\.ads\\..*\\.example$/'],
  ])('with a star elsewhere is a pattern: %s', (line, rule) => {
    expect(rulesOf(line)).toEqual([rule])
  })

  test('that is the pattern of a shell, or would match everything, is skipped', () => {
    for (const line of ['ad[0-9].example*', '*.*', 'ad?.example*']) expect(endOf(line), line).toBe('pattern')
  })

  test('that would block everything, or the machine itself, blocks nothing', () => {
    expect(endOf('*')).toBe('pattern')
    expect(endOf('*.')).toBe('pattern')
    expect(endOf('.')).not.toMatch(/^rules/)
    expect(endOf('*.localhost')).toBe('own')
    expect(endOf('*.1.2.3.4')).toBe('address')
  })

  test('is rejected where what follows is no name', () => {
    expect(endOf('*.a..b')).not.toMatch(/^rules/)
    expect(endOf('..b.example')).not.toMatch(/^rules/)
  })
})
