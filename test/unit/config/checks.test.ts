import { describe, expect, test } from 'vitest'
import { configOf, problemsOf } from './problems.ts'

const VALUE = '[ASKFIRST_E_CONFIG_VALUE]'

describe('blocking', () => {
  test('"answer: addresses" needs addresses', () => {
    expect(problemsOf('blocking: {answer: addresses}')[0]).toContain(
      `1:20 blocking.answer: "addresses" needs addresses to answer with, and blocking.addresses has none ${VALUE}\n  Write for example`,
    )
    configOf('blocking: {answer: addresses, addresses: [192.168.1.2]}')
  })
})

describe('the HTTP API', () => {
  test.each(['0.0.0.0', '192.168.1.2:80', "'[::]:8053'", "'fe80::1'"])('%s needs a token', (address) => {
    const [problem] = problemsOf(`http: {listen: [127.0.0.1, ${address}]}`)
    expect(problem).toContain('http.listen[1]: ')
    expect(problem).toContain('can be reached from other machines, and http.token is not set')
    expect(problem).toContain('openssl rand -hex 24')
    configOf(`http: {listen: [${address}], token: 0123456789abcdef0123456789abcdef0123456789abcdef}`)
  })

  test.each(["'::1'", '127.8.9.10', '[]'])('%s needs none', (address) => {
    configOf(`http: {listen: [${address.replace(/^\[\]$/, '')}]}`)
  })
})

describe('an upstream that is askfirst itself', () => {
  test.each([
    ['the same address and port', 'listen: [127.0.0.2]', '127.0.0.2'],
    ['a loopback address under a wildcard', 'listen: [0.0.0.0]', '127.0.0.1'],
    ['an address of this machine under a wildcard', 'listen: [0.0.0.0]', '192.168.1.2:53'],
    ['the same over IPv6', "listen: ['::']", 'fd00::2'],
    ['the default listeners', '', '::1'],
    ['another port on both sides', 'listen: [0.0.0.0:5353]', '192.168.1.2:5353'],
  ])('%s is a circle', (_, listen, server) => {
    const [problem, ...others] = problemsOf(`${listen}\nupstreams: {servers: [9.9.9.9, '${server}']}`)
    expect(problem).toContain('2:32 upstreams.servers[1]: ')
    expect(problem).toContain('is askfirst itself')
    expect(others).toEqual([])
  })

  test.each([
    ['another port of this machine', '', '127.0.0.1:5335'],
    ['another loopback address, such as the one of systemd-resolved', '', '127.0.0.53'],
    ['another machine of the network', '', '192.168.1.1'],
    ['the other family under a wildcard', 'listen: [0.0.0.0]', 'fd00::2'],
    ['an address of this machine that is not listened on', 'listen: [127.0.0.1]', '192.168.1.2'],
  ])('%s is none', (_, listen, server) => {
    configOf(`${listen}\nupstreams: {servers: ['${server}']}`)
  })
})

describe('listeners that want one port', () => {
  test.each([
    [
      'the same twice',
      'listen: [127.0.0.1, 127.0.0.1:53]',
      'listen[1]: 127.0.0.1:53 is taken for UDP and TCP by 127.0.0.1:53 in listen',
    ],
    [
      'an address under a wildcard',
      'listen: [127.0.0.1, 0.0.0.0]',
      'listen[1]: 0.0.0.0:53 is taken for UDP and TCP by 127.0.0.1:53',
    ],
    ['the same in two spellings', "listen: ['fd00::2', '[FD00:0::2]:53']", 'listen[1]: [fd00::2]:53 is taken'],
    [
      'DNS and HTTP',
      'http: {listen: [127.0.0.1:53]}',
      'http.listen[0]: 127.0.0.1:53 is taken for TCP by 0.0.0.0:53 in listen',
    ],
    [
      'DNS and syslog over UDP',
      'reports: {syslog: {udp: [127.0.0.1:53]}}',
      'reports.syslog.udp[0]: 127.0.0.1:53 is taken for UDP by',
    ],
    [
      'syslog over TCP and HTTP',
      'http: {listen: [127.0.0.1:5514]}',
      'is taken for TCP by 0.0.0.0:5514 in reports.syslog.tcp',
    ],
  ])('%s is a problem', (_, text, expected) => {
    const problems = problemsOf(text)
    expect(problems[0]).toContain(expected)
    expect(problems).toHaveLength(1)
  })

  test.each([
    ['syslog over UDP and over TCP', 'reports: {syslog: {udp: [127.0.0.1:514], tcp: [127.0.0.1:514]}}'],
    ['syslog over UDP and HTTP', 'reports: {syslog: {udp: [127.0.0.1:8053]}}'],
    ['the two wildcards', "listen: [0.0.0.0, '::']"],
    ['ports that the system chooses', 'listen: [127.0.0.1:0, 127.0.0.1:0]\nhttp: {listen: [127.0.0.1:0]}'],
  ])('%s go together', (_, text) => {
    configOf(text)
  })
})

test('the shortest lifetime in the cache must not be longer than the longest', () => {
  expect(problemsOf('cache: {minTtl: 10m, maxTtl: 5m}')[0]).toContain(
    '1:17 cache.minTtl: must not be longer than cache.maxTtl',
  )
  configOf('cache: {minTtl: 5m, maxTtl: 5m}')
})
