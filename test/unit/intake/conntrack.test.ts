import { describe, expect, test } from 'vitest'
import { parseLine } from '../../../src/intake/formats/formats.ts'
import { utc } from '../../../src/intake/zone.ts'
import { collectedLines, hasCollection } from './corpus.ts'

const RECEIVED = Date.UTC(2026, 10, 22)
const read = (line: string) => {
  const parsed = parseLine(line, { zone: utc, received: RECEIVED, source: 'test' })
  return parsed.kind === 'report' ? parsed.report : parsed.kind === 'reject' ? parsed.reason : parsed.kind
}
const NEW =
  '    [NEW] tcp      6 120 SYN_SENT src=10.8.0.11 dst=203.0.113.9 sport=51234 dport=443 [UNREPLIED] src=203.0.113.9 dst=198.51.100.7 sport=443 dport=61000'

describe('a conntrack event', () => {
  test('that is new begins a connection from the address before NAT', () => {
    expect(read(NEW)).toEqual({
      time: RECEIVED,
      precision: 0,
      src: '10.8.0.11',
      dst: '203.0.113.9',
      proto: 'tcp',
      sport: 51234,
      dport: 443,
      mac: undefined,
      inside: undefined,
      outside: undefined,
      rule: undefined,
      action: 'unknown',
      begins: true,
      source: 'test',
    })
  })

  test('has its own exact time with -o timestamp, and may be wrapped in syslog', () => {
    const stamped = { time: 1757235600250, precision: 1, dport: 443, begins: true }
    expect(read(`[1757235600.250000]\t${NEW}`)).toMatchObject(stamped)
    expect(read(`<14>Sep  7 09:00:01 gw conntrack[77]: [1757235600.250000]\t${NEW}`)).toMatchObject(stamped)
    expect(read(`Sep  7 09:00:01 gw conntrack: [1757235600.250000]#011${NEW}`)).toMatchObject(stamped)
    expect(read(`Nov 21 23:59:59 gw conntrack: ${NEW}`)).toMatchObject({ dport: 443, time: RECEIVED - 1000 })
    expect(read(`Nov 21 23:59:59 gw conntrack[77]: ${NEW}`)).toMatchObject({ time: RECEIVED - 1000, precision: 1000 })
  })

  test.each([
    '    [NEW] ipv4     2 tcp      6 120 SYN_SENT src=10.8.0.11 dst=203.0.113.9 sport=51234 dport=443 [UNREPLIED] src=203.0.113.9 dst=10.8.0.11 sport=443 dport=51234 mark=0 secctx=null zone=3 use=1 id=1595499776',
    '[NEW] tcp 6 120 SYN_SENT src=10.8.0.11 dst=203.0.113.9 sport=51234 dport=443 zone-orig=1 packets=1 bytes=60 [UNREPLIED] src=203.0.113.9 dst=10.8.0.11 sport=443 dport=51234 packets=0 bytes=0 [OFFLOAD] mark=7',
  ])('may carry layer 3, counters, mark, zone, id and the like: %s', (line) => {
    expect(read(line)).toMatchObject({
      proto: 'tcp',
      src: '10.8.0.11',
      dst: '203.0.113.9',
      sport: 51234,
      dport: 443,
      begins: true,
    })
  })

  test('that updates or destroys is read, but begins nothing', () => {
    const tuples =
      'src=10.8.0.11 dst=203.0.113.9 sport=5 dport=443 src=203.0.113.9 dst=10.8.0.11 sport=443 dport=5 [ASSURED]'
    expect(read(` [UPDATE] tcp      6 432000 ESTABLISHED ${tuples}`)).toMatchObject({ dport: 443, begins: false })
    expect(
      read(
        `[DESTROY] udp      17 ${tuples} delta-time=31 [start=Tue May 29 09:40:13 2018] [stop=Tue May 29 09:40:44 2018]`,
      ),
    ).toMatchObject({
      proto: 'udp',
      begins: false,
    })
  })

  test('of a protocol without ports has none', () => {
    expect(
      read(
        '    [NEW] icmp     1 30 src=10.0.0.5 dst=203.0.113.9 type=8 code=0 id=7 [UNREPLIED] src=203.0.113.9 dst=10.0.0.5 type=0 code=0 id=7',
      ),
    ).toMatchObject({
      proto: 'icmp',
      sport: undefined,
      dport: undefined,
      begins: true,
    })
    expect(
      read(
        '[NEW] icmpv6 58 30 src=fe80::1 dst=ff02::1 type=128 code=0 id=1 [UNREPLIED] src=ff02::1 dst=fe80::1 type=129 code=0 id=1',
      ),
    ).toMatchObject({ proto: 'icmpv6' })
    expect(
      read(
        '[NEW] gre 47 30 src=10.0.0.5 dst=203.0.113.9 srckey=0x0 dstkey=0x1 [UNREPLIED] src=203.0.113.9 dst=10.0.0.5 srckey=0x1 dstkey=0x0',
      ),
    ).toMatchObject({ proto: '47', dport: undefined })
    expect(
      read('[NEW] unknown 2 600 src=10.0.0.5 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=10.0.0.5'),
    ).toMatchObject({ proto: '2' })
  })

  test('that is cut is rejected at whatever place, until nothing that counts is missing', () => {
    const enough = NEW.lastIndexOf('dport=') + 'dport='.length
    for (let end = NEW.indexOf('src='); end < NEW.length; end++) {
      const cut = read(NEW.slice(0, end))
      if (end < enough) expect(cut).toBeTypeOf('string')
      else expect(cut).toEqual(read(NEW))
    }
  })

  test.each([
    [NEW.replace('src=10.8.0.11', 'src=10.8.0.1111'), 'src= or dst= is not an address'],
    [NEW.replace('dport=443', 'dport=70000'), 'sport= or dport= is not a port'],
    [NEW.replace('sport=51234 ', ''), 'sport= or dport= is not a port'],
  ])('that contradicts itself is rejected: %s', (line, reason) => {
    expect(read(line)).toBe(reason)
  })

  test.each([
    'conntrack v1.4.7 (conntrack-tools): 24 flow events have been shown.',
    '    [NEW] 300 proto=6 src=10.0.0.5 dst=203.0.113.9 sport=0 dport=3000',
    'tcp      6 431999 ESTABLISHED src=10.0.0.5 dst=203.0.113.9 sport=5 dport=443 src=203.0.113.9 dst=10.0.0.5 sport=443 dport=5 [ASSURED] mark=0 use=1',
    '[NEW] IN=eth0 of something else',
    '[NEW] tcp 999 120 src=10.0.0.5 dst=203.0.113.9',
    '[NEW]',
  ])('is not %s', (line) => {
    expect(read(line)).toBe('not-ours')
  })
})

describe.skipIf(!hasCollection)('in the collection', () => {
  test('every event says what the XML output says of the same one', () => {
    const flows = collectedLines('firewall/conntrack/loopback-conntrack-E.xml').flatMap((line) => {
      const original = /^<flow type="(\w+)"><meta direction="original">(.*?)<\/meta>/.exec(line)
      if (original === null) return []
      const [, type, meta = ''] = original
      const value = (pattern: RegExp): string => pattern.exec(meta)?.[1] ?? ''
      return {
        src: value(/<src>(.*?)<\/src>/),
        dst: value(/<dst>(.*?)<\/dst>/),
        proto: value(/protoname="(tcp|udp)"/),
        sport: Number(value(/<sport>(\d+)/)),
        dport: Number(value(/<dport>(\d+)/)),
        begins: type === 'new',
      }
    })
    const lines = collectedLines('firewall/conntrack/loopback-conntrack-E.log')
    expect(flows).toHaveLength(530)
    expect(lines).toHaveLength(530)
    lines.forEach((line, i) => {
      expect(read(line)).toMatchObject(flows[i] as object)
    })
  })

  test('every event of the public sample is read', () => {
    const reports = collectedLines('firewall/conntrack/public-conntrack-E.log').map(read)
    expect(reports).toHaveLength(24)
    for (const report of reports)
      expect(report).toMatchObject({ src: expect.stringMatching(/^\d/), dport: expect.any(Number) })
    expect(reports.filter((report) => typeof report === 'object' && report.begins)).toHaveLength(5)
  })

  test('every event of a published test is read; that test expects the reply tuple, we give the original', () => {
    for (const text of collectedLines('firewall/conntrack/fluent-nfct-parser-tests.jsonl')) {
      const { line, expected } = JSON.parse(text) as { line: string; expected: Record<string, unknown> }
      expect(read(line)).toMatchObject({
        src: expected['dst'],
        dst: expected['src'],
        sport: expected['dport'],
        dport: expected['sport'],
        proto: expected['protocol'],
        begins: expected['msg_type'] === 'NEW',
      })
    }
  })
})
