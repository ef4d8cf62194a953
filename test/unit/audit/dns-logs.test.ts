import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dnsLogReader } from '../../../src/intake/dns-logs/dns-log.ts'
import type { LoggedAnswer } from '../../../src/intake/dns-logs/logged.ts'
import { zeekConnReader } from '../../../src/intake/formats/zeek-conn.ts'
import { utc } from '../../../src/intake/zone.ts'

const NEAR = Date.UTC(2026, 10, 22, 12)
const DATA = new URL('../../data/dns-logs/', import.meta.url).pathname

function answersOf(lines: readonly string[]): LoggedAnswer[] {
  const read = dnsLogReader(utc, NEAR)
  return lines.flatMap((line) => {
    const logged = read(line)
    return logged.kind === 'answers' ? logged.answers : []
  })
}

/** `client name address` of each hand-out, sorted. */
const handOutsOf = (answers: readonly LoggedAnswer[]): string[] =>
  answers.flatMap(({ client, name, handOuts }) => handOuts.map(({ address }) => `${client} ${name} ${address}`)).sort()

const stamped = (...texts: string[]): string[] => texts.map((text) => `Nov 22 11:53:44 dnsmasq[7]: ${text}`)

describe('the query log of dnsmasq', () => {
  const expected = [
    '192.168.1.11 shop.example.org 203.0.113.20',
    '192.168.1.11 shop.example.org 203.0.113.21',
    '192.168.1.11 www.example.org 2001:db8::7',
    '192.168.1.11 www.example.org 203.0.113.7',
    '192.168.1.12 ads.example 0.0.0.0',
    '192.168.1.12 nas.lan 192.168.1.2',
    '192.168.1.12 shop.example.org 203.0.113.20',
    '192.168.1.12 shop.example.org 203.0.113.21',
    '192.168.1.12 www.example.org 2001:db8::7',
    '192.168.1.12 www.example.org 203.0.113.7',
    '192.168.1.13 edge.cdn.example.net 203.0.113.20',
    '192.168.1.13 edge.cdn.example.net 203.0.113.21',
    '192.168.1.14 edge.cdn.example.net 203.0.113.20',
    '192.168.1.14 edge.cdn.example.net 203.0.113.21',
  ]

  test.each(['dnsmasq.log', 'dnsmasq-extra.log'])(
    '%s tells which client was given what, under the name it asked',
    (file) => {
      const answers = answersOf(readFileSync(`${DATA}${file}`, 'utf8').split('\n'))
      expect([...new Set(handOutsOf(answers))]).toEqual(expected)
      expect(answers[0]?.time).toBeGreaterThan(Date.UTC(2026, 10, 22, 11, 53))
    },
  )

  test('an answer that is written once goes to everybody who waits for the name', () => {
    const asked = stamped(
      'query[A] slow.example.org from 192.168.1.11',
      'forwarded slow.example.org to 198.51.100.53',
      'query[A] slow.example.org from 192.168.1.12',
      'query[A] other.example.org from 192.168.1.13',
      'reply slow.example.org is 203.0.113.99',
    )
    const expectedOfBoth = ['192.168.1.11 slow.example.org 203.0.113.99', '192.168.1.12 slow.example.org 203.0.113.99']
    expect(handOutsOf(answersOf(asked))).toEqual(expectedOfBoth)
    const extra = stamped(
      '1 192.168.1.11/58064 query[A] slow.example.org from 192.168.1.11',
      '1 192.168.1.11/58064 forwarded slow.example.org to 198.51.100.53',
      '2 192.168.1.12/59217 query[A] slow.example.org from 192.168.1.12',
      '1 192.168.1.11/58064 reply slow.example.org is 203.0.113.99',
      '2 192.168.1.12/59217 reply query is duplicate',
    )
    expect(handOutsOf(answersOf(extra))).toEqual(expectedOfBoth)
  })

  test('a client that has its answer is not given the next one for the same name', () => {
    const lines = stamped(
      'query[A] www.example.org from 192.168.1.11',
      'reply www.example.org is 203.0.113.1',
      'query[A] www.example.org from 192.168.1.12',
      'reply www.example.org is 203.0.113.2',
    )
    expect(handOutsOf(answersOf(lines))).toEqual([
      '192.168.1.11 www.example.org 203.0.113.1',
      '192.168.1.12 www.example.org 203.0.113.2',
    ])
  })

  test('a client that asks for both families is given both', () => {
    const lines = stamped(
      'query[A] www.example.org from 192.168.1.11',
      'query[AAAA] www.example.org from 192.168.1.11',
      'reply www.example.org is 203.0.113.1',
      'query[A] x.example from 192.168.1.12',
      'reply www.example.org is 2001:db8::1',
    )
    expect(handOutsOf(answersOf(lines))).toEqual([
      '192.168.1.11 www.example.org 2001:db8::1',
      '192.168.1.11 www.example.org 203.0.113.1',
    ])
  })

  test('an alias that leads to a name somebody else asked for gives both of them the address', () => {
    const lines = stamped(
      'query[A] edge.example.net from 192.168.1.12',
      'query[A] www.example.org from 192.168.1.11',
      'reply www.example.org is <CNAME>',
      'reply edge.example.net is 203.0.113.1',
    )
    expect(handOutsOf(answersOf(lines))).toEqual([
      '192.168.1.11 www.example.org 203.0.113.1',
      '192.168.1.12 edge.example.net 203.0.113.1',
    ])
  })

  test('a name or a reverse answer that imitates another line gives nothing to anybody', () => {
    const lines = stamped(
      'query[A] victim.example from 192.168.1.11',
      'query[A] x is 203.0.113.66 from 192.168.1.66',
      'reply x is 203.0.113.66 is NXDOMAIN',
      'reply reply victim.example is 203.0.113.66',
      'query[PTR] 66.113.0.203.in-addr.arpa from 192.168.1.66',
      'reply 203.0.113.66 is 203.0.113.67',
      'forwarded victim.example is 203.0.113.66 to 198.51.100.53',
    )
    expect(handOutsOf(answersOf(lines))).toEqual([])
  })

  test("an answer that nobody in the log asked for, or that comes a minute late, is nobody's", () => {
    expect(handOutsOf(answersOf(stamped('reply www.example.org is 203.0.113.1')))).toEqual([])
    const late = [
      'Nov 22 11:50:00 dnsmasq[7]: query[A] www.example.org from 192.168.1.11',
      'Nov 22 11:51:30 dnsmasq[7]: reply www.example.org is 203.0.113.1',
    ]
    expect(handOutsOf(answersOf(late))).toEqual([])
  })

  test('other programs of the same syslog are passed over', () => {
    const read = dnsLogReader(utc, NEAR)
    expect(read('Nov 22 11:53:44 host sshd[7]: reply www.example.org is 203.0.113.1').kind).toBe('not-ours')
    expect(read('Nov 22 11:53:44 host dnsmasq-dhcp[7]: DHCPACK(lan0) 192.168.1.11 02:00:00:00:00:11 phone').kind).toBe(
      'not-ours',
    )
  })

  test('ten thousand names that are never answered do not make it grow, and the last ones are still served', () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `query[A] n${i}.example from 192.168.1.11`)
    const answers = answersOf(
      stamped(...lines, 'reply n29999.example is 203.0.113.1', 'reply n1.example is 203.0.113.1'),
    )
    expect(handOutsOf(answers)).toEqual(['192.168.1.11 n29999.example 203.0.113.1'])
  })
})

const HEADER = ['#separator \\x09', '#set_separator\t,', '#empty_field\t(empty)', '#unset_field\t-', '#path\tdns']
const FIELDS = '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tanswers\tTTLs'
const row = (...values: string[]): string => values.join('\t')

describe('dns.log of Zeek', () => {
  test('tells answers with their TTLs; aliases among them are passed over', () => {
    const line = row(
      ...['1379288667.696869', 'C1', '192.168.33.10', '1030', '4.2.2.3', '53', 'udp', 'WWW.guyspy.com'],
      ...['guyspy.com,54.245.228.191,2001:db8::1', '1000.000000,36.000000,37.000000'],
    )
    expect(answersOf([...HEADER, FIELDS, line])).toEqual([
      {
        time: 1379288667696.869,
        client: '192.168.33.10',
        name: 'www.guyspy.com',
        server: '4.2.2.3',
        handOuts: [
          { address: '54.245.228.191', ttl: 36 },
          { address: '2001:db8::1', ttl: 37 },
        ],
      },
    ])
  })

  test('columns may stand in any order and change in the middle, as after a rotation', () => {
    const lines = [
      ...HEADER,
      '#fields\tquery\tanswers\tid.orig_h\tts',
      row('a.example', '203.0.113.1', '192.168.1.1', '1'),
      '#close\t2024',
      ...HEADER,
      '#fields\tts\tid.orig_h\tanswers\tquery',
      row('2', '192.168.1.2', '203.0.113.2', 'b.example'),
    ]
    expect(handOutsOf(answersOf(lines))).toEqual([
      '192.168.1.1 a.example 203.0.113.1',
      '192.168.1.2 b.example 203.0.113.2',
    ])
  })

  test('unset and empty answers hand out nothing, cut rows are rejected', () => {
    const read = dnsLogReader(utc, NEAR)
    for (const line of [...HEADER, '#fields\tts\tid.orig_h\tquery\tanswers']) read(line)
    expect(read(row('1', '192.168.1.1', 'a.example', '-'))).toMatchObject({ answers: [{ handOuts: [] }] })
    expect(read(row('1', '192.168.1.1', 'a.example', '(empty)'))).toMatchObject({ answers: [{ handOuts: [] }] })
    expect(read(row('1', '192.168.1.1', '-', '203.0.113.1'))).toEqual({ kind: 'answers', answers: [] })
    expect(read(row('1', '192.168.1.1', 'a.exa'))).toMatchObject({ kind: 'reject' })
    expect(read(row('x', '192.168.1.1', 'a.example', '203.0.113.1'))).toMatchObject({
      kind: 'reject',
      reason: 'no time',
    })
  })

  test('its JSON form says the same, with seconds or ISO 8601 stamps', () => {
    const entry = {
      ts: 1379288667.5,
      'id.orig_h': '192.168.1.1',
      query: 'a.example',
      answers: ['203.0.113.1'],
      TTLs: [60],
    }
    for (const ts of [1379288667.5, '2013-09-15T23:44:27.500000Z']) {
      expect(answersOf([JSON.stringify({ ...entry, ts })])).toMatchObject([
        { time: 1379288667500, handOuts: [{ address: '203.0.113.1', ttl: 60 }] },
      ])
    }
  })
})

describe('plain JSON lines', () => {
  const line = { ts: 1790000000.25, client: '192.168.1.10', qname: 'www.example.org', a: ['203.0.113.7'], ttl: 60 }

  test('give what docs/audit.md says', () => {
    expect(answersOf([JSON.stringify(line)])).toMatchObject([
      { time: 1790000000250, client: '192.168.1.10', handOuts: [{ address: '203.0.113.7', ttl: 60 }] },
    ])
    const more = { ...line, aaaa: ['2001:db8::7', 'nonsense'], ttl: [300, 20] }
    expect(answersOf([JSON.stringify(more)])[0]?.handOuts).toEqual([
      { address: '203.0.113.7', ttl: 20 },
      { address: '2001:db8::7', ttl: 20 },
    ])
    expect(answersOf([JSON.stringify({ ...line, kind: 'query' })])).toEqual([])
  })

  test.each([
    ['{"ts": 1', 'not a JSON object'],
    [JSON.stringify({ ...line, ts: 1e300 }), 'no time'],
    [JSON.stringify({ ...line, client: 'me' }), 'no client address'],
  ])('%s is rejected: %s', (text, reason) => {
    expect(dnsLogReader(utc, NEAR)(text)).toEqual({ kind: 'reject', reason })
  })
})

describe('conn.log of Zeek', () => {
  const fields = '#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\thistory'
  const read = (...values: string[]) => {
    const reader = zeekConnReader('conn.log')
    for (const line of ['#separator \\x09', '#unset_field\t-', '#path\tconn', fields]) reader(line)
    return reader(row(...values))
  }

  test('gives a report of each connection, exact to the microsecond', () => {
    expect(read('1.000001', '192.168.1.1', '50000', '203.0.113.7', '443', 'tcp', 'ShADad')).toEqual({
      kind: 'report',
      report: expect.objectContaining({
        time: 1000.001,
        precision: 0,
        dst: '203.0.113.7',
        dport: 443,
        proto: 'tcp',
        begins: true,
        inside: undefined,
        source: 'conn.log',
      }),
    })
  })

  test('what Zeek saw only in the middle does not begin', () => {
    const begins = (proto: string, history: string) => {
      const parsed = read('1', '192.168.1.1', '50000', '203.0.113.7', '443', proto, history)
      return parsed.kind === 'report' && parsed.report.begins
    }
    expect([begins('tcp', 'DdA'), begins('tcp', 'ADad'), begins('tcp', '^dA')]).toEqual([false, false, false])
    expect([begins('tcp', 'S'), begins('tcp', '^hADd'), begins('udp', 'Dd'), begins('tcp', '-')]).toEqual([
      ...[true, true, true, true],
    ])
  })

  test('type and code of ICMP are not ports', () => {
    expect(read('1', 'fe80::1', '128', '2001:db8::1', '0', 'icmp', '-')).toMatchObject({
      report: { proto: 'icmpv6', sport: undefined, dport: undefined },
    })
  })

  test('JSON of another log is not taken for it', () => {
    const reader = zeekConnReader('x')
    const entry = { ts: 1, 'id.orig_h': '192.168.1.1', 'id.resp_h': '203.0.113.7', 'id.resp_p': 443, proto: 'tcp' }
    expect(reader(JSON.stringify(entry)).kind).toBe('report')
    expect(reader(JSON.stringify({ ...entry, query: 'a.example' })).kind).toBe('not-ours')
    expect(reader(JSON.stringify({ src_ip: '192.168.1.1' })).kind).toBe('not-ours')
    expect(reader('{').kind).toBe('reject')
  })
})

test('no line, however mangled, makes a reader throw or give out something that is no address', () => {
  const seeds = [
    ...readFileSync(`${DATA}dnsmasq-extra.log`, 'utf8').split('\n'),
    ...HEADER,
    FIELDS,
    row('1.5', 'C', '192.168.1.1', '1', '8.8.8.8', '53', 'udp', 'a.example', '203.0.113.1', '60.0'),
    '{"ts": 1790000000.25, "client": "192.168.1.10", "qname": "www.example.org", "a": ["203.0.113.7"], "ttl": [null]}',
    '{"ts": 1, "id.orig_h": "192.168.1.1", "query": "a.example", "answers": [1, "203.0.113.1"], "TTLs": "x"}',
  ]
  const mangled = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(300), fc.string({ unit: 'binary' }), fc.nat(20))
    .map(([line, at, text, skip]) => line.slice(0, at) + text + line.slice(at + skip))
  fc.assert(
    fc.property(fc.array(mangled, { maxLength: 20 }), (lines) => {
      const connections = zeekConnReader('x')
      for (const { client, handOuts, time } of answersOf(lines)) {
        for (const address of [client, ...handOuts.map((out) => out.address)]) expect(address).toMatch(/^[0-9a-f.:]+$/)
        expect(Number.isFinite(time)).toBe(true)
      }
      for (const line of lines) expect(connections(line).kind).toMatch(/report|not-ours|reject/)
    }),
    { numRuns: 300 },
  )
})
