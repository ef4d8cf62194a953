import { describe, expect, test } from 'vitest'
import { endOf, readText, rulesOf } from './reading.ts'

describe('a line of unbound', () => {
  test.each([
    ...['always_null', 'always_nxdomain', 'static', 'redirect', 'refuse', 'always_refuse', 'deny', 'inform_deny'].map(
      (type): [string, string] => [`local-zone: "ads.example." ${type}`, 'block *.ads.example'],
    ),
    ['local-zone: ads.example always_nodata', 'block *.ads.example'],
    ["local-zone:'ads.example' static # why", 'block *.ads.example'],
    ['local-zone: "good.example" always_transparent', 'allow *.good.example'],
    ['local-zone: "x.example" block_a', 'nodata *.x.example if type A'],
    ['local-data: "ads.example A 0.0.0.0"', 'block ads.example'],
    ['local-data: "ads.example. 3600 IN AAAA ::"', 'block ads.example'],
    ['local-data: "nas.example A 192.168.1.5"', 'records(A 192.168.1.5) nas.example'],
    [`local-data: 'x.example TXT "two words"'`, 'records(TXT two words) x.example'],
  ])('%s is %s', (line, rule) => {
    expect(rulesOf(line)).toEqual([rule])
    expect(rulesOf(line, 'unbound')).toEqual([rule])
    expect(readText(line).formats).toEqual(['unbound'])
  })

  test('gives the data of a redirected zone to all names in it', () => {
    const text = 'server:\nlocal-zone: "ads.example" redirect\nlocal-data: "ads.example A 192.0.2.7"\n'
    expect(readText(text).rules).toEqual(['block *.ads.example', 'records(A 192.0.2.7) *.ads.example'])
  })

  test.each([
    ['server:', 'blank'],
    ['include: /etc/unbound/x.conf', 'option'],
    ['local-zone: "x.example" nodefault', 'option'],
    ['local-data-ptr: "192.0.2.1 x.example"', 'record'],
    ['local-data: "x.example CAA 0 issue x"', 'record'],
    ['local-zone: "localhost" static', 'own'],
    ['local-zone: "x.example" sometimes', /^an unknown type/],
    ['local-zone: "x.example static', /^a quote that does not end/],
    ['local-data: "x.example A 1.2.3"', /^data that do not fit/],
  ])('%s is no rule: %s', (line, end) => {
    expect(endOf(line)).toMatch(end)
  })
})
