import { describe, expect, test } from 'vitest'
import { readEnvelope } from '../../../src/intake/envelope.ts'
import { utc } from '../../../src/intake/zone.ts'

const NEAR = Date.UTC(2026, 10, 22, 12)
const open = (line: string) => readEnvelope(line, utc, NEAR)
const at = (text: string): number => Date.parse(text)

describe('an envelope', () => {
  test.each([
    [
      'Nov 22 08:27:50 gw kernel: [ 1890.662879] [UFW ALLOW] IN= OUT=',
      { host: 'gw', tag: 'kernel', rest: '[UFW ALLOW] IN= OUT=' },
    ],
    ['<4>Nov 22 08:27:50 gw kernel: FW: IN=', { host: 'gw', tag: 'kernel', rest: 'FW: IN=' }],
    ['<134>Nov 22 08:27:50 filterlog[72237]: 176,,,', { tag: 'filterlog', pid: '72237', rest: '176,,,' }],
    ['Nov 22 08:27:50 DENY: IN=eth0', { rest: 'DENY: IN=eth0' }],
    ['Nov 22 08:27:50 gw Shorewall:net2fw:DROP:IN=eth1', { host: 'gw', rest: 'Shorewall:net2fw:DROP:IN=eth1' }],
    ['Nov 22 08:27:50 IN=eth0 OUT=', { rest: 'IN=eth0 OUT=' }],
    ['Nov 22 08:27:50 gw [UFW BLOCK]  IN=lo', { host: 'gw', rest: '[UFW BLOCK]  IN=lo' }],
    ['Nov 22 08:27:50 UDM UDM [WAN-D-1] DESCR="x" IN=', { host: 'UDM', rest: '[WAN-D-1] DESCR="x" IN=' }],
    ['Nov 22 08:27:50 192.168.1.1 kernel: x', { host: '192.168.1.1', tag: 'kernel', rest: 'x' }],
    ['Nov 22 08:27:50 fd00::1 kernel: x', { host: 'fd00::1', tag: 'kernel', rest: 'x' }],
    ['Nov 22 08:27:50 gw user.info kernel: L=126', { host: 'gw', tag: 'kernel', rest: 'L=126' }],
    ['Nov 22 08:27:50 gw ulogd[12]: fw: IN=', { host: 'gw', tag: 'ulogd', pid: '12', rest: 'fw: IN=' }],
    ['Nov 22 08:27:50 gw sshd[9]: IN=a', { host: 'gw', tag: 'sshd', pid: '9', rest: 'IN=a' }],
  ])('of BSD syslog: %s', (line, want) => {
    expect(open(line)).toEqual({
      host: undefined,
      tag: undefined,
      pid: undefined,
      ...want,
      time: at('2026-11-22T08:27:50Z'),
      precision: 1000,
    })
  })

  test('of ISO 8601 and of OpenWrt', () => {
    expect(open('2025-10-04T00:27:14.584978-04:00 nicod-PC kernel: [UFW ALLOW] IN=')).toMatchObject({
      time: at('2025-10-04T04:27:14.584Z'),
      precision: 1,
      host: 'nicod-PC',
      tag: 'kernel',
      rest: '[UFW ALLOW] IN=',
    })
    expect(open('Mon Mar 23 13:16:49 2026 kern.warn kernel: [311423.870453] reject wan in: IN=eth1')).toMatchObject({
      time: at('2026-03-23T13:16:49Z'),
      host: undefined,
      tag: 'kernel',
      rest: 'reject wan in: IN=eth1',
    })
  })

  test('of dmesg gives no wall time, unless it was asked for one', () => {
    expect(open('[ 1737.000005] Log-egress: IN= OUT=wan0')).toMatchObject({
      time: undefined,
      rest: 'Log-egress: IN= OUT=wan0',
    })
    expect(open('<4>[    5.123456] x')).toMatchObject({ time: undefined, rest: 'x' })
    expect(open('[Mon Mar 23 13:16:49 2026] Log: IN=')).toMatchObject({
      time: at('2026-03-23T13:16:49Z'),
      rest: 'Log: IN=',
    })
    expect(open('2026-03-23T13:16:49,123456+01:00 Log: IN=')).toMatchObject({
      time: at('2026-03-23T12:16:49.123Z'),
      rest: 'Log: IN=',
    })
  })

  test('of conntrack is its own stamp, which is finer than that of the syslog round it', () => {
    expect(open('[1757235600.250000]\t    [NEW] tcp      6')).toMatchObject({
      time: 1757235600250,
      precision: 1,
      rest: '[NEW] tcp      6',
    })
    expect(open('Sep  7 09:00:01 gw conntrack[7]: [1757235600.999999]\t[NEW] udp 17')).toMatchObject({
      time: 1757235600999,
      precision: 1,
      tag: 'conntrack',
      rest: '[NEW] udp 17',
    })
  })

  test('with a word before a bracketed time has that word as its tag; before anything else it may be a log prefix', () => {
    expect(open('Sep  7 09:00:01 gw conntrack: [1757235600.250000]#011    [NEW] tcp 6')).toMatchObject({
      time: 1757235600250,
      tag: 'conntrack',
      rest: '[NEW] tcp 6',
    })
    expect(open('Sep  7 09:00:01 gw DROP: [x] IN=')).toMatchObject({ tag: undefined, rest: 'DROP: [x] IN=' })
  })

  test('that names the program is believed, whatever the program says', () => {
    expect(open('<4>1 2022-06-09T14:44:11Z gw app 7 - - kernel: IN=')).toMatchObject({
      tag: 'app',
      pid: '7',
      rest: 'kernel: IN=',
    })
    const entry = { SYSLOG_IDENTIFIER: 'app', _PID: '7', MESSAGE: 'kernel: IN=' }
    expect(open(JSON.stringify(entry))).toMatchObject({ tag: 'app', pid: '7', rest: 'kernel: IN=' })
    expect(open('Sep  7 09:00:01 gw app[7]: kernel: IN=')).toMatchObject({ tag: 'app', pid: '7', rest: 'kernel: IN=' })
  })

  test('of RFC 5424, with and without structured data, byte order mark and values', () => {
    expect(
      open('<134>1 2022-06-09T14:44:11-06:00 OPNsense.example.com filterlog 76404 - [meta sequenceId="1"] 124,,,fae'),
    ).toEqual({
      time: at('2022-06-09T20:44:11Z'),
      precision: 1000,
      host: 'OPNsense.example.com',
      tag: 'filterlog',
      pid: '76404',
      rest: '124,,,fae',
    })
    expect(open('<4>1 2022-06-09T14:44:11.000003Z gw kernel - - - \ufeff[12.5] FW: IN=')).toMatchObject({
      tag: 'kernel',
      pid: undefined,
      rest: 'FW: IN=',
    })
    expect(open(String.raw`<4>1 - - - - - [a b="]\"] [c"][d e="\\"] [UFW BLOCK] IN=`)).toMatchObject({
      time: undefined,
      host: undefined,
      rest: '[UFW BLOCK] IN=',
    })
    expect(open('<4>1 2022-06-09T14:44:11Z gw kernel - -')).toMatchObject({
      rest: '<4>1 2022-06-09T14:44:11Z gw kernel - -'.slice(3),
    })
    expect(open('<4>1 2022-06-09T14:44:11Z gw kernel - - [never closed="')).toMatchObject({ host: undefined })
  })

  test('of journald is its JSON object', () => {
    const entry = {
      __REALTIME_TIMESTAMP: '1774271809123456',
      _HOSTNAME: 'gw',
      SYSLOG_IDENTIFIER: 'kernel',
      _TRANSPORT: 'kernel',
      MESSAGE: '[UFW BLOCK] IN=eth0 OUT=',
    }
    const want = {
      time: 1774271809123,
      precision: 1,
      host: 'gw',
      tag: 'kernel',
      pid: undefined,
      rest: '[UFW BLOCK] IN=eth0 OUT=',
    }
    expect(open(JSON.stringify(entry))).toEqual(want)
    expect(open(JSON.stringify({ ...entry, MESSAGE: [...Buffer.from(entry.MESSAGE)] }))).toEqual(want)
    expect(open(JSON.stringify({ ...entry, SYSLOG_IDENTIFIER: 'sshd', _PID: '7' }))).toMatchObject({
      tag: 'sshd',
      pid: '7',
    })
    expect(open(JSON.stringify({ ...entry, __REALTIME_TIMESTAMP: 'soon' }))).toMatchObject({ time: undefined })
  })

  test.each([
    '{"MESSAGE":null}',
    '{"MESSAGE":["x"]}',
    '{"MESSAGE":"cut',
    '{"src_ip":"1.2.3.4"}',
    '{}',
    'plain text',
    '<1234>x',
    '<x>y',
    '<>',
    '[12.5 x',
    '[12.5.3] x',
    '[] x',
    '',
  ])('%j has none and is all rest', (line) => {
    expect(open(line)).toEqual({
      time: undefined,
      precision: 0,
      host: undefined,
      tag: undefined,
      pid: undefined,
      rest: line,
    })
  })
})
