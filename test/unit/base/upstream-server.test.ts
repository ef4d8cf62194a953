import { describe, expect, test } from 'vitest'
import { isAuthenticated, parseUpstream, upstreamText } from '../../../src/base/upstream-server.ts'

const round = (text: string): string => {
  const place = parseUpstream(text)
  return 'problem' in place ? `! ${place.problem}` : upstreamText(place)
}

describe('an upstream is read from its text and written canonically', () => {
  test.each([
    ['9.9.9.9', '9.9.9.9:53'],
    ['9.9.9.9:5353', '9.9.9.9:5353'],
    ['udp://9.9.9.9', '9.9.9.9:53'],
    ['2620:FE::fe', '[2620:fe::fe]:53'],
    ['[2620:fe::fe]:53', '[2620:fe::fe]:53'],
    ['tcp://9.9.9.9:53', 'tcp://9.9.9.9'],
    ['tcp://[2620:fe::fe]', 'tcp://[2620:fe::fe]'],
    ['tls://DNS.quad9.net', 'tls://dns.quad9.net'],
    ['tls://dns.quad9.net:8853', 'tls://dns.quad9.net:8853'],
    ['tls://9.9.9.9#dns.quad9.net', 'tls://9.9.9.9#dns.quad9.net'],
    ['tls://[2620:fe::fe]:8853', 'tls://[2620:fe::fe]:8853'],
    ['https://dns.quad9.net', 'https://dns.quad9.net/dns-query'],
    ['https://dns.quad9.net/', 'https://dns.quad9.net/dns-query'],
    ['https://dns.nextdns.io/abc123', 'https://dns.nextdns.io/abc123'],
    ['https://9.9.9.9:8443/dns-query', 'https://9.9.9.9:8443/dns-query'],
  ])('%s', (text, canonical) => {
    expect(round(text)).toBe(canonical)
    expect(round(canonical)).toBe(canonical)
  })
})

test.each([
  '',
  'dns.quad9.net',
  'udp://dns.quad9.net',
  'tcp://dns.quad9.net',
  'quic://dns.quad9.net',
  'h3://dns.quad9.net/dns-query',
  'tls://',
  'tls://9.9.9.9/path',
  'tls://1.2.3',
  'tls://300.1.1.1',
  'tls://a_b.example',
  'tls://dns.quad9.net:0',
  'tls://dns.quad9.net:70000',
  'tls://user@dns.quad9.net',
  '9.9.9.9#dns.quad9.net',
  'tls://224.0.0.1',
  '0.0.0.0',
  'https://dns.quad9.net/a b',
  'fe80::1%eth0',
])('"%s" is no upstream', (text) => {
  expect(round(text)).toMatch(/^!/)
})

test('the way to an upstream is authenticated over TLS, in HTTPS, and on this machine', () => {
  const of = (text: string): boolean => {
    const place = parseUpstream(text)
    if ('problem' in place) throw new Error(place.problem)
    return isAuthenticated(place)
  }
  expect(['tls://9.9.9.9', 'https://dns.quad9.net', '127.0.0.1:5335', '[::1]:5335'].map(of)).toEqual(
    Array(4).fill(true),
  )
  expect(['9.9.9.9', 'tcp://192.168.1.1'].map(of)).toEqual([false, false])
})
