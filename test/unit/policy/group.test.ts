import { describe, expect, test } from 'vitest'
import { addressBytes, parsePrefix } from '../../../src/base/address.ts'
import { groupsOf, type Member, type Who } from '../../../src/policy/group.ts'
import { nameMatches } from '../../../src/policy/name-pattern.ts'
import { groupOf } from '../../support/group.ts'

const who = (change: Partial<Who> = {}): Who => ({
  address: addressBytes('192.168.1.20') as Uint8Array,
  door: 'plain',
  listener: '',
  id: undefined,
  mac: undefined,
  name: undefined,
  ...change,
})
const range = (text: string): Member => ({ kind: 'range', prefix: parsePrefix(text) as never })

describe('a device is in a group', () => {
  test.each<[string, Member, Partial<Who>, Partial<Who>]>([
    ['by its MAC', { kind: 'mac', mac: '02:00:00:00:00:01' }, { mac: '02:00:00:00:00:01' }, {}],
    ['by its address', range('192.168.1.20'), {}, { address: addressBytes('192.168.1.21') as Uint8Array }],
    ['by a range', range('192.168.1.0/24'), {}, { address: addressBytes('fd00::1') as Uint8Array }],
    ['by its name', { kind: 'name', pattern: 'tablet-*' }, { name: 'tablet-anna' }, { name: 'a-tablet-anna' }],
    ['by what it calls itself', { kind: 'id', pattern: 'kid' }, { id: 'kid' }, { id: 'kids' }],
    [
      'by where it asks',
      { kind: 'listener', at: '192.0.2.1:53' },
      { listener: '192.0.2.1:53' },
      { listener: '192.0.2.1:5353' },
    ],
    [
      'by where it asks, at any port',
      { kind: 'listener', at: '192.0.2.1:' },
      { listener: '192.0.2.1:5353' },
      { listener: '192.0.2.10:53' },
    ],
    [
      'by where it asks, by IPv6',
      { kind: 'listener', at: '[fd00::1]:' },
      { listener: '[fd00::1]:53' },
      { listener: '' },
    ],
    ['by the door that it came in by', { kind: 'door', door: 'tls' }, { door: 'tls' }, { door: 'https' }],
  ])('%s', (_, member, yes, no) => {
    const groups = [groupOf('g', [member])]
    expect(groupsOf(groups, who(yes))).toEqual(['g', 'default'])
    expect(groupsOf(groups, who(no))).toEqual(['default'])
  })
})

test('the order of the configuration is the order of the groups; default stands last, or is left out if one says so', () => {
  const everyone = range('0.0.0.0/0')
  const groups = [groupOf('b', [everyone]), groupOf('a', [everyone])]
  expect(groupsOf(groups, who())).toEqual(['b', 'a', 'default'])
  expect(groupsOf([...groups, groupOf('c', [everyone], { withDefault: false })], who())).toEqual(['b', 'a', 'c'])
})

test.each([
  ['*', '', true],
  ['a*', 'a', true],
  ['a*a', 'a', false],
  ['a*b*c', 'axxbxxc', true],
  ['a*b*c', 'axxcxxb', false],
  ['*ab*ab*', 'xabxx', false],
  ['*ab*ab*', 'xabab', true],
  ['abc', 'abcd', false],
])('%s is %s: %s', (pattern, text, expected) => {
  expect(nameMatches(pattern, text)).toBe(expected)
})
