import { describe, expect, test } from 'vitest'
import { prefixText } from '../../../src/base/address.ts'
import { durationText, sizeText } from '../../../src/config/values.ts'
import { configOf, problemsOf } from './problems.ts'

describe('lengths of time', () => {
  test.each([
    ['1500ms', 1500],
    ['2s', 2000],
    ['0030s', 30_000],
  ])('%s is read in milliseconds where the bound counts them', (text, ms) => {
    expect(configOf(`upstreams: {timeout: ${text}}`).upstreams.timeout).toBe(ms)
  })

  test.each([
    ['90s', 90],
    ['5m', 300],
    ['24h', 86_400],
    ['7d', 604_800],
  ])('%s is read in seconds where the bound counts them', (text, seconds) => {
    expect(configOf(`cache: {maxTtl: ${text}}`).cache.maxTtl).toBe(seconds)
  })

  test('the bounds themselves are allowed, one step beyond is not', () => {
    expect(configOf('evidence: {window: 1m}').evidence.window).toBe(60_000)
    expect(configOf('evidence: {window: 30d}').evidence.window).toBe(30 * 86_400_000)
    expect(problemsOf('evidence: {window: 59s}')).toEqual([
      '1:20 evidence.window: must lie between 1m and 30d [ASKFIRST_E_CONFIG_VALUE]',
    ])
    expect(problemsOf('evidence: {window: 31d}')).toHaveLength(1)
  })

  test.each(['5', '"5"', '5 s', '-5s', '1e3s', '5S', '1h30m', '""', '1234567890s', '[5s]', 'true'])(
    '%s is refused and the message shows how to write one',
    (text) => {
      const [problem, ...others] = problemsOf(`evidence: {holdBack: ${text}}`)
      expect(problem).toContain('must be a length of time such as 30s, 5m, 24h or 7d, found ')
      expect(others).toEqual([])
    },
  )

  test.each([
    [0, '0s'],
    [100, '100ms'],
    [1500, '1500ms'],
    [60_000, '1m'],
    [90_000, '90s'],
    [86_400_000, '24h'],
    [172_800_000, '2d'],
  ])('%i ms is written as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
})

describe('sizes', () => {
  test.each([
    ['65536', 65_536],
    ['65536B', 65_536],
    ['64KiB', 65_536],
    ['32MiB', 33_554_432],
    ['4GiB', 4_294_967_296],
  ])('%s is read in bytes', (text, bytes) => {
    expect(configOf(`cache: {size: '${text}'}`).cache.size).toBe(bytes)
  })

  test.each(['32MB', '1TiB', '-1KiB', '1.5MiB', '32 MiB'])('%s is refused', (text) => {
    expect(problemsOf(`cache: {size: '${text}'}`)[0]).toContain('must be a size such as 512KiB, 32MiB or 1GiB')
  })

  test.each([
    [0, '0B'],
    [1000, '1000B'],
    [65_536, '64KiB'],
    [33_554_432, '32MiB'],
    [1024 ** 3, '1GiB'],
  ])('%i bytes are written as %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text)
  })
})

describe('addresses', () => {
  test('a listener takes the port of its service where it names none', () => {
    const { listen } = configOf(
      `listen: [192.168.1.2, '192.168.1.2:5353', '::1', '[::1]:5353', '[fd00::2]', 127.0.0.1:0]`,
    )
    expect(listen).toEqual([
      { address: '192.168.1.2', port: 53 },
      { address: '192.168.1.2', port: 5353 },
      { address: '::1', port: 53 },
      { address: '::1', port: 5353 },
      { address: 'fd00::2', port: 53 },
      { address: '127.0.0.1', port: 0 },
    ])
  })

  test('addresses become canonical', () => {
    const config = configOf(`
upstreams: {servers: ['2620:00FE::00fe', '::ffff:9.9.9.9']}
blocking: {answer: addresses, addresses: ['FD00::0:2']}
allowFrom: [10.1.2.3/8, 'FD00::1/8', 192.168.7.7]`)
    expect(config.upstreams.servers.map((server) => server.host)).toEqual(['2620:fe::fe', '9.9.9.9'])
    expect(config.blocking.addresses).toEqual(['fd00::2'])
    expect(config.allowFrom.map(prefixText)).toEqual(['10.0.0.0/8', 'fd00::/8', '192.168.7.7/32'])
  })

  test.each(['0.0.0.0', '::', '224.0.0.1', 'ff02::fb', '255.255.255.255', '9.9.9.9:0', '9.9.9.9:65536', '9.9.9', ''])(
    '"%s" is no upstream',
    (text) => {
      expect(problemsOf(`upstreams: {servers: ['${text}']}`)[0]).toContain('must be the address or URL of a resolver')
    },
  )

  test('a name instead of an address says why names need TLS', () => {
    expect(problemsOf('upstreams: {servers: [dns.quad9.net]}')).toEqual([
      '1:23 upstreams.servers[0]: must be the address or URL of a resolver, such as 9.9.9.9, tls://dns.quad9.net or ' +
        'https://dns.quad9.net/dns-query, found "dns.quad9.net" [ASKFIRST_E_CONFIG_VALUE]\n' +
        '  It must be an address: only tls and https can prove that a name leads to the right one.',
    ])
  })

  test('an address with a zone is refused, because the zone would be lost', () => {
    for (const text of [
      `listen: ['[fe80::1%eth0]:53']`,
      `upstreams: {servers: ['fe80::1%eth0']}`,
      `allowFrom: ['fe80::1%eth0/64']`,
      `blocking: {addresses: ['fe80::1%eth0']}`,
    ]) {
      const [problem, ...others] = problemsOf(text)
      expect(problem).toContain('An address with a zone (%eth0) cannot be used here')
      expect(others).toEqual([])
    }
  })

  test.each(['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0/8', 'fd00::/129', 'lan'])('"%s" is no range', (text) => {
    expect(problemsOf(`allowFrom: ['${text}']`)[0]).toContain('must be an address or a range')
  })
})

describe('MACs', () => {
  test('names are kept by canonical MAC', () => {
    expect(configOf('devices: {names: {AA-BB-CC-DD-EE-FF: television}}').devices.names).toEqual({
      'aa:bb:cc:dd:ee:ff': 'television',
    })
    expect(configOf('exempt: [{mac: [AA-BB-CC-DD-EE-FF], because: x}]').exempt[0]?.mac).toEqual(['aa:bb:cc:dd:ee:ff'])
  })

  test('one MAC in two spellings is a problem at the second one', () => {
    expect(problemsOf('devices:\n  names:\n    AA-BB-CC-DD-EE-FF: a\n    aa:bb:cc:dd:ee:ff: b\n')).toEqual([
      '4:5 devices.names["aa:bb:cc:dd:ee:ff"]: aa:bb:cc:dd:ee:ff stands twice [ASKFIRST_E_CONFIG_VALUE]',
    ])
  })

  test.each(['tv', '01:00:5e:00:00:fb', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00', 'aa:bb:cc:dd:ee'])(
    '"%s" is nobody\'s MAC',
    (text) => {
      expect(problemsOf(`devices: {names: {'${text}': x}}`)[0]).toContain(
        'the key must be the MAC address of one device',
      )
      expect(problemsOf(`exempt: [{mac: ['${text}'], because: x}]`)[0]).toContain(
        'must be the MAC address of one device',
      )
    },
  )
})

describe('the rest', () => {
  test.each(['Europe/Berlin', 'UTC', 'local', 'America/Argentina/Ushuaia'])('%s is a time zone', (zone) => {
    expect(configOf(`reports: {timeZone: ${zone}}`).reports.timeZone).toBe(zone)
  })

  test('a time zone with a typing error names the nearest one', () => {
    expect(problemsOf('reports: {timeZone: Europe/Berlen}')[0]).toContain('\n  Did you mean Europe/Berlin?')
  })

  test('a token is never repeated in a message', () => {
    for (const token of ['hunter2', '"hunter2hunter2 hunter2"', '12345678901234567890', `"${'hunter2'.repeat(40)}"`]) {
      const [problem] = problemsOf(`http: {token: ${token}}`)
      expect(problem).toMatch(/^1:15 http\.token: must /)
      expect(problem).not.toMatch(/hunter|12345/)
    }
    expect(configOf('http: {token: abcdefghijklmnop}').http.token).toBe('abcdefghijklmnop')
  })

  test('a path with a NUL character and a rule of two lines are refused', () => {
    expect(problemsOf('state: "a\\0b"')[0]).toContain('must not have a NUL character in it')
    expect(problemsOf('lists: {block: ["a.example\\nb.example"]}')[0]).toContain('must be one rule')
  })

  test('an exemption needs a reason and at least one condition', () => {
    expect(problemsOf('exempt: [{port: 123}]')).toEqual([
      '1:10 exempt[0].because: is missing [ASKFIRST_E_CONFIG_VALUE]',
    ])
    expect(problemsOf('exempt: [{because: all}]')[0]).toContain('would exempt every connection')
  })

  test('lists in the configuration are bounded', () => {
    const problem = problemsOf(`allowFrom: [${'10.0.0.1, '.repeat(257)}]`)
    expect(problem).toEqual(['1:12 allowFrom: must have at most 256 items [ASKFIRST_E_CONFIG_VALUE]'])
    const names = Array.from({ length: 8193 }, (_, i) => `    02:00:00:00:${hex(i >> 8)}:${hex(i & 255)}: x\n`).join('')
    expect(problemsOf(`devices:\n  names:\n${names}`)[0]).toContain('must have at most 8192 keys')
  })
})

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')
