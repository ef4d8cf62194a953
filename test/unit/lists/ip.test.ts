import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a line with an address', () => {
  test.each([
    ['192.0.2.1', 'block 192.0.2.1/32'],
    ['192.0.2.1             # one.example, two.example', 'block 192.0.2.1/32'],
    ['198.51.100.0/24 ; SBL1', 'block 198.51.100.0/24'],
    ['2001:db8::1', 'block 2001:db8::1/128'],
    ['2001:DB8::/32 # net', 'block 2001:db8::/32'],
  ])('is a rule for answers: %s', (line, rule) => {
    expect(rulesOf(line)).toEqual([rule])
    expect(rulesOf(line, 'ip')).toEqual([rule])
    expect(readText(line).formats).toEqual(['ip'])
  })

  test('that holds much of the Internet is rejected', () => {
    for (const line of ['0.0.0.0/0', '128.0.0.0/7', '::/0', '2000::/3'])
      expect(endOf(line), line).toMatch(/^a range wider/)
  })

  test('stays an address among hosts lines, where its name was lost', () => {
    expect(readText('0.0.0.0 ads.example\n198.51.100.7\n').rules).toEqual(['block ads.example'])
  })
})
