// The keys under `upstreams`: what they mean, and what does not go together.
import { describe, expect, test } from 'vitest'
import { upstreamText } from '../../../src/base/upstream-server.ts'
import { resolverSettings } from '../../../src/server/settings.ts'
import { configOf, problemsOf } from './problems.ts'

const settingsOf = (text: string) => resolverSettings(configOf(text), [])

test('options say more about a server, in whatever list it stands', () => {
  const { upstreams } = settingsOf(`
upstreams:
  servers: [tls://dns.quad9.net, 9.9.9.9]
  fallback: [https://dns.quad9.net]
  options:
    - {server: 'tls://dns.quad9.net:853', addresses: [9.9.9.9], trustAd: true, weight: 3}
    - {server: https://dns.quad9.net/dns-query, pins: [sha256/${'A'.repeat(43)}=]}`)
  expect(upstreams.servers).toMatchObject([
    { transport: 'tls', host: 'dns.quad9.net', addresses: ['9.9.9.9'], trustAd: true, weight: 3 },
    { transport: 'udp', host: '9.9.9.9', addresses: [], trustAd: false, weight: 1 },
  ])
  expect(upstreams.fallback).toMatchObject([{ transport: 'https', pins: [`${'A'.repeat(43)}=`] }])
})

test('a zone is a domain, or a range that stands for its reverse names', () => {
  const { zones } = settingsOf(
    `upstreams: {zones: [{names: [Fritz.box, 192.168.178.0/24, 10.0.0.0/8, 'fd00:1::/32'], servers: [192.168.178.1]}]}`,
  ).upstreams
  expect(zones[0]?.names).toEqual([
    'fritz.box',
    '178.168.192.in-addr.arpa',
    '10.in-addr.arpa',
    '1.0.0.0.0.0.d.f.ip6.arpa',
  ])
  expect(zones[0]?.servers.map(upstreamText)).toEqual(['192.168.178.1:53'])
})

test('a zone with servers of its own is neither answered as a special name nor refused for its private addresses', () => {
  const { names } = settingsOf(`upstreams: {zones: [{names: [home.arpa, 192.168.1.0/24], servers: [192.168.1.1]}]}`)
  expect(names.forwarded).toEqual(['home.arpa', '1.168.192.in-addr.arpa'])
})

describe('what is told', () => {
  test.each([
    [
      'a range whose reverse names are no zone',
      `zones: [{names: [192.168.0.0/20], servers: [192.168.1.1]}]`,
      'must be a domain',
    ],
    ['the root as a zone', `zones: [{names: ['.'], servers: [192.168.1.1]}]`, 'must be a domain'],
    [
      'a zone that stands twice',
      `zones: [{names: [a.example, a.example], servers: [192.168.1.1]}]`,
      'a.example stands twice',
    ],
    ['a zone without servers', `zones: [{names: [a.example], servers: []}]`, 'zones[0].servers'],
    [
      'options of a server that stands nowhere',
      `options: [{server: 'tls://dns.example'}]`,
      'stands in no list of servers',
    ],
    [
      'trust in what anybody on the way can change',
      `servers: [9.9.9.9]\n  options: [{server: 9.9.9.9, trustAd: true}]`,
      'is asked in the open',
    ],
    [
      'options that stand twice',
      `servers: [9.9.9.9]\n  options: [{server: 9.9.9.9}, {server: '9.9.9.9:53'}]`,
      'has options already',
    ],
    [
      'a pin that is none',
      `servers: ['tls://9.9.9.9']\n  options: [{server: 'tls://9.9.9.9', pins: [abc]}]`,
      'must be a pin',
    ],
    ['askfirst as its own fallback', `fallback: ['127.0.0.1:53']`, 'questions would go in a circle'],
    [
      'askfirst as the server of a zone',
      `zones: [{names: [a.example], servers: [127.0.0.1]}]`,
      'questions would go in a circle',
    ],
  ])('%s', (_, text, words) => {
    const [problem, ...others] = problemsOf(`upstreams:\n  ${text}`)
    expect(problem).toContain(words)
    expect(others).toEqual([])
  })
})
