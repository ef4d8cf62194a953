import { describe, expect, test } from 'vitest'
import { configOf, problemsOf } from './problems.ts'

const recordsOf = (text: string) => configOf(`records:\n${text}`).records

describe('records', () => {
  test('have a short form: an address, a list, a name, or a type with its data', () => {
    expect(
      recordsOf(`
  NAS.lan.: [192.168.1.10, 'fd00::10']
  www.lan: nas.lan
  lan: [MX 10 mail.lan, TXT "v=spf1 -all", CAA 128 issue ca.example]
  _ipp._tcp.lan: SRV 0 5 631 printer.lan
  10.1.168.192.in-addr.arpa: PTR nas.lan
  '*.apps.lan': A 192.168.1.20
`),
    ).toMatchObject([
      { kind: 'A', name: 'nas.lan', address: '192.168.1.10', ttlGiven: false },
      { kind: 'AAAA', name: 'nas.lan', address: 'fd00::10' },
      { kind: 'CNAME', name: 'www.lan', target: 'nas.lan' },
      { kind: 'MX', name: 'lan', preference: 10, exchange: 'mail.lan' },
      { kind: 'TXT', name: 'lan', texts: ['v=spf1 -all'] },
      { kind: 'CAA', name: 'lan', flags: 128, tag: 'issue', value: 'ca.example' },
      { kind: 'SRV', name: '_ipp._tcp.lan', priority: 0, weight: 5, port: 631, target: 'printer.lan' },
      { kind: 'PTR', name: '10.1.168.192.in-addr.arpa', target: 'nas.lan' },
      { kind: 'A', name: '*.apps.lan', address: '192.168.1.20' },
    ])
  })

  test('have a long form, with a time to keep of their own', () => {
    expect(
      recordsOf(`
  nas.lan: { type: A, address: 192.168.1.10, ttl: 5m }
  _http._tcp.lan: [{ type: SRV, port: 80, target: nas.lan }, { type: TXT, text: [a, b] }]
`),
    ).toMatchObject([
      { kind: 'A', ttl: 300, ttlGiven: true },
      { kind: 'SRV', priority: 0, weight: 0, port: 80 },
      { kind: 'TXT', texts: ['a', 'b'] },
    ])
  })

  test('a long text is cut into parts of 255 bytes, none inside a letter', () => {
    const [record] = recordsOf(`  lan: { type: TXT, text: ${'ü'.repeat(200)} }`)
    expect(record).toMatchObject({ texts: ['ü'.repeat(127), 'ü'.repeat(73)] })
  })

  test.each([
    ['nas.lan: 300.1.2.3', 'nas.lan'],
    ['nas.lan: MX mail.lan', 'nas.lan'],
    ['nas.lan: AAAA 192.168.1.1', 'nas.lan'],
    ['192.168.1.1: nas.lan', 'the key must be a name'],
    ['a.*.lan: 192.168.1.1', 'the key must be a name'],
    ['nas.lan: PTR x.lan', 'reverse names'],
    ['nas.lan: [x.lan, 192.168.1.1]', 'only record'],
    ['nas.lan: { type: SRV, target: x.lan }', 'port'],
    ['nas.lan: { type: A, adress: 192.168.1.1 }', 'adress'],
    [`nas.lan: { type: TXT, text: ${'x'.repeat(1025)} }`, '1024 bytes'],
    ['nas.lan: { type: A, address: 192.168.1.1, ttl: 2d }', 'ttl'],
  ])('%s is refused with a reason', (text, reason) => {
    const problems = problemsOf(`records:\n  ${text}\n`)
    expect(problems.join('\n')).toContain(reason)
    expect(problems[0]).toContain('ASKFIRST_E_CONFIG_')
  })
})

describe('rewrites', () => {
  test('lead to addresses, a name or nowhere', () => {
    const { rewrites } = configOf(`rewrites:
  www.example.com: 192.168.1.1
  '*.Dev.example.com': [192.168.1.2, 'fd00::2']
  old.example.com: new.example.com
  gone.example.com: nxdomain
`)
    expect([...rewrites]).toEqual([
      ['www.example.com', { kind: 'addresses', addresses: ['192.168.1.1'] }],
      ['*.dev.example.com', { kind: 'addresses', addresses: ['192.168.1.2', 'fd00::2'] }],
      ['old.example.com', { kind: 'name', target: 'new.example.com' }],
      ['gone.example.com', { kind: 'nxdomain' }],
    ])
  })

  test.each([
    'x.example: [a.example, b.example]',
    'x.example: 1.2.3',
    'x..y: 192.168.1.1',
    'X.example: nxdomain\n  x.example: nxdomain',
  ])('%s is refused', (text) => expect(problemsOf(`rewrites:\n  ${text}\n`)).toHaveLength(1))
})
