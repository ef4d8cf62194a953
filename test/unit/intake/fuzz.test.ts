// Whatever happens to a line on its way, it never throws, never hangs, and never becomes a false report.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress, parseMac } from '../../../src/base/address.ts'
import { parseLine } from '../../../src/intake/formats/formats.ts'
import { Intake } from '../../../src/intake/intake.ts'
import { MAX_LINE } from '../../../src/intake/lines.ts'
import { SyslogFrames } from '../../../src/intake/sources/syslog-frames.ts'
import { utc, zoneNamed } from '../../../src/intake/zone.ts'
import type { Report } from '../../../src/ledger/report.ts'
import { collected, collectedLines, hasCollection, records } from './corpus.ts'

const NOW = Date.UTC(2026, 10, 22)
const ZONE = zoneNamed('Europe/Berlin') ?? utc
const read = (line: string): Report | undefined => {
  const parsed = parseLine(line, { zone: ZONE, received: NOW, source: 'test' })
  return parsed.kind === 'report' ? parsed.report : undefined
}

function expectSound(report: Report): void {
  expect(parseAddress(report.src)).toBe(report.src)
  expect(parseAddress(report.dst)).toBe(report.dst)
  expect(report.proto).toMatch(/^(tcp|udp|icmp|icmpv6|\d{1,3})$/)
  for (const port of [report.sport, report.dport]) {
    if (port !== undefined) expect(Number.isInteger(port) && port >= 0 && port <= 65_535).toBe(true)
  }
  if (report.begins && (report.proto === 'tcp' || report.proto === 'udp')) expect(report.dport).toBeDefined()
  if (report.mac !== undefined) expect(parseMac(report.mac)).toBe(report.mac)
  expect(Number.isSafeInteger(report.time)).toBe(true)
  expect(report.precision).toBeGreaterThanOrEqual(0)
  expect(report.rule?.length ?? 0).toBeLessThanOrEqual(128)
}

const ENVELOPES = [
  '<4>1 2026-11-22T08:27:50.123456+01:00 gw kernel - - [meta sequenceId="1"] FW: IN=a OUT=b SRC=192.168.0.55 DST=203.0.113.9 LEN=60 PROTO=TCP SPT=41572 DPT=443 WINDOW=1 RES=0x00 SYN URGP=0',
  'Mon Mar 23 13:16:49 2026 kern.warn kernel: [311423.870453] reject wan in: IN=eth1 OUT= SRC=fd00::1 DST=fd00::2 LEN=60 PROTO=UDP SPT=12345 DPT=22 LEN=40',
  '{"MESSAGE":"[UFW BLOCK] IN=a OUT=b SRC=192.168.0.55 DST=203.0.113.9 LEN=60 PROTO=UDP SPT=41572 DPT=443 LEN=40","SYSLOG_IDENTIFIER":"kernel","__REALTIME_TIMESTAMP":"1774271809123456"}',
  '[1757235600.250000]\t    [NEW] ipv4     2 tcp      6 120 SYN_SENT src=10.8.0.11 dst=203.0.113.9 sport=51234 dport=443 [UNREPLIED] src=203.0.113.9 dst=10.8.0.11 sport=443 dport=51234 mark=0 id=1595499776',
  '[DESTROY] udp      17 src=::1 dst=fe80::2 sport=5 dport=53 src=fe80::2 dst=::1 sport=53 dport=5',
]
const LINES = [...records<{ line: string }>('netfilter.jsonl').map(({ line }) => line), ...ENVELOPES]
const line = fc.constantFrom(...LINES)

/** Pieces that mean something to some reader, and characters that mean something to a terminal. */
const piece = fc.oneof(
  fc.constantFrom(
    'IN=',
    ' OUT=',
    'SRC=',
    'DST=1.2.3.4',
    'PROTO=',
    'DPT=',
    '[',
    ']',
    '"',
    '\\',
    '{',
    '<',
    ' ',
    '\t',
    ':',
    '=',
    '\u0000',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
)
const mutated = fc
  .tuple(line, fc.array(fc.tuple(fc.nat(400), fc.nat(20), piece), { minLength: 1, maxLength: 4 }))
  .map(([text, changes]) => {
    for (const [at, removed, added] of changes) text = text.slice(0, at) + added + text.slice(at + removed)
    return text
  })

describe('a line', () => {
  test('that was changed anywhere gives a sound report or none', () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const report = read(text)
        if (report !== undefined) expectSound(report)
      }),
      { numRuns: 5000 },
    )
  })

  test('of random text gives no report', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(read(text)).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  const expectNeverHalf = (text: string): void => {
    const whole = read(text)
    if (whole === undefined || !(whole.proto === 'tcp' || whole.proto === 'udp')) return
    const { src, dst, proto, sport, dport, begins } = whole
    for (let at = 1; at < text.length; at++) {
      const tail = read(text.slice(at))
      if (tail !== undefined) expect(tail).toMatchObject({ src, dst, proto, sport, dport, begins })
      const head = read(text.slice(0, at))
      if (head !== undefined) expect(head).toMatchObject({ src, dst, proto, sport, dport, begins })
    }
  }

  test.each(LINES)('cut anywhere, at its head or tail, gives the same connection or none: %s', expectNeverHalf)

  test.skipIf(!hasCollection)('of the collection does so too', () => {
    const paths = collected('{firewall/{netfilter,ulogd2,unifi,conntrack}/*.log,end-to-end/*/*.log}')
    const sample = paths.flatMap((path) => collectedLines(path).filter((_, i) => i % 40 === 0))
    expect(sample.length).toBeGreaterThan(100)
    // A line without LEN= may be cut inside its last number without a trace: the stated limit of short lines.
    for (const text of sample) if (!text.includes('reject wan in:')) expectNeverHalf(text)
  })
})

describe('hostile input', () => {
  const hostile = [
    ' OUT='.repeat(1600),
    `IN=${' OUT='.repeat(1600)}`,
    'IN= '.repeat(2000),
    'IN= OUT= '.repeat(900),
    '"'.repeat(8000),
    `IN=a OUT=b ${'SRC=1.1.1.1 '.repeat(600)}`,
    `[NEW] tcp 6 ${'src= '.repeat(1600)}`,
    `<4>1 - - - - - ${'[a b="'.repeat(1300)}`,
    `{"MESSAGE":${'['.repeat(8000)}`,
    `{"MESSAGE":"${'IN= OUT= '.repeat(800)}"}`,
    '1:'.repeat(4000),
    `[${'1'.repeat(8000)}.5]`,
    `Nov 22 08:27:50.${'9'.repeat(8000)} x`,
    `[${'-A'.repeat(4000)}] IN=a OUT=b`,
  ]

  test.each(hostile.map((text) => [text.slice(0, 30), text]))(
    '%s… is taken two hundred times without hanging',
    (_, text) => {
      expect(text.length).toBeLessThanOrEqual(MAX_LINE)
      const intake = new Intake({
        clock: { now: () => NOW, ticks: () => 0 },
        zone: ZONE,
        onReport: () => undefined,
        live: true,
      })
      // Two hundred lines with work that grows with the square of their length would take minutes, not the test's limit.
      for (let i = 0; i < 200; i++) intake.take(text, 'test')
      expect(intake.health[0]).toMatchObject({ lines: 200, reports: 0 })
    },
  )

  test('in a TCP stream never throws and never makes a line longer than allowed', () => {
    const part = fc.oneof(
      fc.constantFrom('1', '12 ', '999999 <', '5 <4>ab', '\n', '<4>', '0', ' ', '\u0000'),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constant('x'.repeat(MAX_LINE)),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const frames = new SyslogFrames({
          line: (text) => expect(Buffer.byteLength(text)).toBeLessThanOrEqual(3 * MAX_LINE),
          overlong: (text) => expect(text.length).toBeLessThanOrEqual(256),
        })
        for (const chunk of parts) frames.push(Buffer.from(chunk))
        frames.end()
      }),
    )
  })
})
