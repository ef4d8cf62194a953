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
    ['local-data: "x.example IN CNAME y.example."', 'alias(y.example) x.example'],
    ['server: local-zone: "ads.example" "static"', 'block *.ads.example'],
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

  test('gives the alias of a redirected zone to all names in it', () => {
    const text = 'local-zone: "www.google.example" redirect\nlocal-data: "www.google.example CNAME safe.example"\n'
    expect(readText(text).rules).toEqual(['block *.www.google.example', 'alias(safe.example) *.www.google.example'])
  })

  test('may have several options, such as an open zone that is there for its data', () => {
    const line = 'local-zone: "ads.example" "transparent" local-data: "ads.example 60 IN A 0.0.0.0"'
    expect(rulesOf(line)).toEqual(['block ads.example'])
    expect(rulesOf(line.replace('transparent', 'redirect'))).toEqual(['block *.ads.example', 'block ads.example'])
    expect(endOf(`${line} local-data: "x.example A 1.2"`)).toMatch(/^rules/)
    expect(readText(`${line} local-data: "x.example A 1.2"`).rejected).toBe(1)
    expect(readText('server: '.repeat(12)).rejected).toBe(1)
  })

  test('in an open zone has its data for names before what is open', () => {
    const text =
      'local-zone: "x.example" transparent\nlocal-data: "a.x.example A 0.0.0.0"\nlocal-data: "b.example AAAA ::1"'
    expect(readText(text).rules).toEqual(['allow *.x.example', 'block a.x.example if important', 'block b.example'])
  })

  test.each([
    ['server:', 'blank'],
    ['hide-version: yes', 'option'],
    ['tls-cert-bundle: "/etc/ssl/certs/ca-certificates.crt"', 'option'],
    ['msg-cache-size: 50m # enough', 'option'],
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
