// What must never be mistaken for a report.
import { describe, expect, test } from 'vitest'
import { parseLine } from '../../../src/intake/formats/formats.ts'
import { utc } from '../../../src/intake/zone.ts'
import { collected, collectedLines, hasCollection, records } from './corpus.ts'

const RECEIVED = Date.UTC(2026, 10, 22)
const read = (line: string) => parseLine(line, { zone: utc, received: RECEIVED, source: 'test' })
const PACKET =
  'IN=eth1 OUT=eth0 SRC=192.168.0.55 DST=203.0.113.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=UDP SPT=41572 DPT=53 LEN=36'

test('a line tells which format knew it and whether its time is its own', () => {
  expect(read(`Nov 21 12:00:00 gw kernel: ${PACKET}`)).toMatchObject({
    kind: 'report',
    format: 'netfilter',
    stamped: true,
  })
  expect(read(PACKET)).toMatchObject({
    kind: 'report',
    format: 'netfilter',
    stamped: false,
    report: { time: RECEIVED },
  })
  expect(read(`${PACKET} IN=eth1`)).toMatchObject({ kind: 'reject', format: 'netfilter' })
  expect(read('[NEW] tcp 6 120 SYN_SENT src=10.0.0.1')).toMatchObject({ kind: 'reject', format: 'conntrack' })
  expect(read('nothing')).toEqual({ kind: 'not-ours' })
})

describe('a packet line inside something else is not ours', () => {
  test.each([
    `Nov 21 12:00:00 gw sshd[454008]: Failed password for invalid user ${PACKET} from 192.0.2.1 port 5454 ssh2`,
    `<38>1 2026-11-21T12:00:00Z gw sshd 77 - - Invalid user ${PACKET} from 192.0.2.1`,
    `<38>1 2026-11-21T12:00:00Z gw app 77 - - kernel: ${PACKET}`,
    JSON.stringify({ log: `${PACKET}\n`, stream: 'stdout' }),
    JSON.stringify({ SYSLOG_IDENTIFIER: 'sshd', _PID: '77', MESSAGE: `Invalid user ${PACKET} ` }),
    `{ "payload_printable": "${PACKET}" }`,
    `<flow>${PACKET}</flow>`,
    `<?xml version="1.0"?> ${PACKET}`,
  ])('%s', (line) => {
    expect(read(line)).toEqual({ kind: 'not-ours' })
  })

  test('but it is, where the kernel or ulogd wrote it', () => {
    for (const tag of ['kernel:', 'ulogd[812]:', '']) {
      expect(read(`Nov 21 12:00:00 gw ${tag} ${PACKET}`)).toMatchObject({ kind: 'report' })
    }
    expect(read(JSON.stringify({ SYSLOG_IDENTIFIER: 'kernel', MESSAGE: PACKET }))).toMatchObject({ kind: 'report' })
  })
})

test.each(records<{ format: string; line: string }>('other-formats.jsonl'))(
  'a line of $format is not ours: $line',
  ({ line }) => {
    expect(read(line)).toEqual({ kind: 'not-ours' })
  },
)

describe.skipIf(!hasCollection)('in the collection', () => {
  const others = hasCollection
    ? collected('firewall/{mikrotik,pf,squid,suricata,windows,zeek}/**/*')
        .concat(collected('firewall/**/*.{json,jsonl,xml}'), collected('end-to-end/*/*.{json,jsonl}'))
        .filter((path) => /\.(log|json|jsonl|xml)(\.gz)?$/.test(path))
    : []

  test('there are files of the other formats', () => {
    expect(others.length).toBeGreaterThan(40)
  })

  test.each(others)('no line of %s is mistaken', (path) => {
    for (const line of collectedLines(path)) expect(read(line)).toEqual({ kind: 'not-ours' })
  })
})
