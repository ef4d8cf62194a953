// Every netfilter line that we have, against what an independent reader or another output of the same firewall says.
import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../../src/base/address.ts'
import { readEnvelope } from '../../../src/intake/envelope.ts'
import { parseLine } from '../../../src/intake/formats/formats.ts'
import { type NetfilterFields, parseNetfilter } from '../../../src/intake/formats/netfilter.ts'
import { utc } from '../../../src/intake/zone.ts'
import type { Report } from '../../../src/ledger/report.ts'
import { collected, collectedLines, hasCollection, records } from './corpus.ts'
import { asExpected, type ExpectedFields, normal } from './netfilter-expected.ts'

const NOW = Date.UTC(2026, 10, 22)

const fieldsOf = (line: string): ReturnType<typeof parseNetfilter> => parseNetfilter(readEnvelope(line, utc, NOW).rest)

const reportOf = (line: string, received = NOW): Report | string => {
  const parsed = parseLine(line, { zone: utc, received, source: 'test' })
  return parsed.kind === 'report' ? parsed.report : parsed.kind === 'reject' ? parsed.reason : parsed.kind
}

test.each(records<{ line: string; expected: ExpectedFields }>('netfilter.jsonl'))(
  'the fields of $line come out as expected',
  ({ line, expected }) => {
    const fields = fieldsOf(line)
    expect(fields).toBeTypeOf('object')
    expect(asExpected(fields as NetfilterFields)).toEqual(normal(expected))
    expect(reportOf(line)).toMatchObject({ src: parseAddress(expected.src), dport: expected.dport ?? undefined })
  },
)

/** Where we differ from the expected output of the collection: file, line from 1, what we say instead, and why. */
const DIFFERENCES = [
  {
    file: 'logstash-shorewall.log',
    line: 2,
    ours: { prefix: 'Shorewall:net2fw:DROP:' },
    because: 'expected null, as its reader takes prefixes only after "kernel:"; the line has one',
  },
  {
    file: 'snippets-shorewall-firewalld-openwrt-ufw.log',
    line: 1,
    ours: { prefix: 'Shorewall:loc2net:REJECT:' },
    because: 'the same',
  },
  {
    file: 'crowdsec-iptables-logs.log',
    line: 3,
    ours: { reject: 'the beginning is lost: no IN= before OUT=' },
    because: 'XX= for IN=: a damaged line; the collection says of it that either reading is right',
  },
]

/** Lines whose fields are as expected, but that are cut, so that no report is made of what is left. */
const CUT = [
  {
    file: 'snippets-shorewall-firewalld-openwrt-ufw.log',
    line: 1,
    reason: 'cut: ends before the TCP flags do',
    because: 'it ends in DPT=8, which was DPT=80 in the document it comes from',
  },
  {
    file: 'snippets-shorewall-firewalld-openwrt-ufw.log',
    line: 4,
    reason: 'cut: no PROTO=',
    because: 'it ends after DST=',
  },
]

describe.skipIf(!hasCollection)('in the collection', () => {
  const files = hasCollection ? collected('firewall/netfilter/*.log') : []

  test.each(files)('every line of %s comes out as expected', (path) => {
    const lines = collectedLines(path)
    const expected = collectedLines(`${path}.expected.jsonl`).map((text) => JSON.parse(text) as ExpectedFields)
    expect(lines).toHaveLength(expected.length)
    const file = path.slice(path.lastIndexOf('/') + 1)
    lines.forEach((line, i) => {
      const fields = fieldsOf(line)
      const difference = DIFFERENCES.find((entry) => entry.file === file && entry.line === i + 1)
      const want = normal(expected[i] as ExpectedFields)
      if (difference !== undefined && 'reject' in difference.ours) expect(fields).toEqual(difference.ours)
      else expect(asExpected(fields as NetfilterFields)).toEqual({ ...want, ...difference?.ours })
      if (difference !== undefined && 'reject' in difference.ours) return
      const cut = CUT.find((entry) => entry.file === file && entry.line === i + 1)
      if (cut !== undefined) expect(reportOf(line)).toBe(cut.reason)
      else {
        expect(reportOf(line)).toMatchObject({
          src: want.src,
          dst: want.dst,
          sport: want.sport ?? undefined,
          dport: want.dport ?? undefined,
        })
      }
    })
  })

  test('LOGEMU lines say what ulogd wrote of the same packets as JSON', () => {
    const pairs = [
      ['firewall/ulogd2/loopback-logemu.log', 'firewall/ulogd2/loopback-nflog.json'],
      ...collected('end-to-end/*/fw.ulogd2-logemu.log').map((path) => [path, path.replace('-logemu.log', '.json')]),
    ] as [string, string][]
    let lines = 0
    for (const [log, json] of pairs) {
      const packets = collectedLines(json).map((text) => JSON.parse(text) as UlogdPacket)
      const reports = collectedLines(log).map((line) => reportOf(line))
      expect(reports).toHaveLength(packets.length)
      reports.forEach((report, i) => {
        const packet = packets[i] as UlogdPacket
        lines++
        expect(report).toMatchObject({
          src: parseAddress(packet.src_ip),
          dst: parseAddress(packet.dest_ip),
          sport: packet.src_port,
          dport: packet.dest_port,
          proto: packet['ip.protocol'] === 6 ? 'tcp' : 'udp',
          inside: packet['oob.in'],
          outside: packet['oob.out'] ?? '',
          rule: packet['oob.prefix'].trim(),
          begins: true,
        })
      })
    }
    expect(lines).toBe(80 + 516)
  })

  test('stamps without a year lie within their second of the true time, in the year near the reference', () => {
    for (const path of collected('end-to-end/*/fw.ulogd2-logemu.log')) {
      const truth = collectedLines(path.replace('fw.ulogd2-logemu.log', 'truth.jsonl')).map(
        (text) => JSON.parse(text) as Truth,
      )
      collectedLines(path).forEach((line, i) => {
        const { ts, client, dst, proto, sport, dport } = truth[i] as Truth
        const report = reportOf(line, ts * 1000 + 86_400_000) as Report
        expect(report).toMatchObject({ src: client, dst: parseAddress(dst), proto, sport, dport, precision: 1000 })
        expect(ts * 1000 - report.time).toBeGreaterThanOrEqual(0)
        expect(ts * 1000 - report.time).toBeLessThan(1000)
      })
    }
  })

  test('UniFi lines carry the action of their letter, not that of their description', () => {
    const reports = collectedLines('firewall/unifi/crowdsec-unifi-logs.log').map((line) => reportOf(line))
    expect(reports.map((report) => (typeof report === 'string' ? report : report.action))).toEqual([
      'dropped',
      'dropped',
      'accepted',
      'not-ours',
    ])
  })
})

interface UlogdPacket {
  src_ip: string
  dest_ip: string
  src_port: number
  dest_port: number
  'ip.protocol': number
  'oob.in': string
  'oob.out'?: string
  'oob.prefix': string
}

interface Truth {
  ts: number
  client: string
  dst: string
  proto: string
  sport: number
  dport: number
}
