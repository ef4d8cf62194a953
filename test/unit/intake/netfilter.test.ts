// The traps of the format, one by one. Lines in full are in netfilter-corpus.test.ts.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { parseNetfilter } from '../../../src/intake/formats/netfilter.ts'
import { netfilterReport } from '../../../src/intake/formats/netfilter-report.ts'

const TAIL = 'SRC=192.168.0.55 DST=203.0.113.9 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=29618 DF'
const TCP = `${TAIL} PROTO=TCP SPT=41572 DPT=443 WINDOW=5840 RES=0x00 SYN URGP=0`
const UDP = `${TAIL} PROTO=UDP SPT=46304 DPT=53 LEN=36`

const MOMENT = { time: 1_000, precision: 7, source: 'test' }
const report = (rest: string) => {
  const fields = parseNetfilter(rest)
  if (fields === 'not-ours') return fields
  const made = 'reject' in fields ? fields : netfilterReport(fields, MOMENT)
  return 'reject' in made ? made.reject : made
}

describe('a report', () => {
  test('has all that the line says', () => {
    const mac = 'MAC=9C:05:d6:65:39:06:0a:33:2a:4f:f6:54:08:00'
    expect(report(`[LAN-A-1] IN=br0 OUT=eth10 ${mac} ${TCP} MARK=0x1`)).toEqual({
      time: 1_000,
      precision: 7,
      src: '192.168.0.55',
      dst: '203.0.113.9',
      proto: 'tcp',
      sport: 41572,
      dport: 443,
      mac: '0a:33:2a:4f:f6:54',
      inside: 'br0',
      outside: 'eth10',
      rule: '[LAN-A-1]',
      action: 'accepted',
      begins: true,
      source: 'test',
    })
  })

  test('has empty interfaces where the machine itself is an end, and no rule without a prefix', () => {
    expect(report(`IN= OUT=wan0 ${UDP}`)).toMatchObject({
      inside: '',
      outside: 'wan0',
      rule: undefined,
      action: 'unknown',
    })
    expect(report(`IN=eth0 OUT= ${UDP}`)).toMatchObject({ inside: 'eth0', outside: '' })
  })

  test.each([
    ['', undefined],
    ['aa:bb:cc:dd:ee:ff:00:11:22:33:44:55', undefined],
    ['45:00:00:3c:00:00:40:00:40:06', undefined],
    ['00:00:00:00:00:00:00:00:00:00:00:00:08:00', undefined],
    ['ff:ff:ff:ff:ff:ff:00:16:3e:00:00:01:86:dd', '00:16:3e:00:00:01'],
    ['ff:ff:ff:ff:ff:ff:zz:16:3e:00:00:01:86:dd', undefined],
  ])('of MAC=%s has the sender %s', (mac, sender) => {
    expect(report(`x IN=eth0 OUT=eth1 MAC=${mac} ${TCP}`)).toMatchObject({ mac: sender, dport: 443 })
  })

  test('has the sender of a decoded MAC header too', () => {
    const macs = 'MACSRC=00:16:3e:00:00:01 MACDST=00:16:3e:00:00:02 MACPROTO=0800'
    expect(report(`x IN=eth0 OUT=eth1 ${macs} ${TCP}`)).toMatchObject({ mac: '00:16:3e:00:00:01' })
  })

  test('passes over bridge ports and whatever else it does not know', () => {
    const line = `[FW_ADT]D=O CD=O IN=br0 OUT=eth0 PHYSIN=eth1.999 PHYSOUT=eth2 TUNNEL=1.1.1.1->2.2.2.2 ${TCP} UID=0 GID=0`
    expect(report(line)).toMatchObject({ inside: 'br0', outside: 'eth0', src: '192.168.0.55', dport: 443 })
  })

  test('has canonical IPv6 addresses, and IPv4 ones where they are mapped', () => {
    const six = 'TC=0 HOPLIMIT=64 FLOWLBL=868225 PROTO=UDP SPT=5353 DPT=53 LEN=40'
    expect(
      report(
        `x IN=a OUT=b SRC=2a02:0db8:0000:0000:0000:0000:0000:0001 DST=fe80:0000:0000:0000:0213:46ff:fe3a:4136 LEN=104 ${six}`,
      ),
    ).toMatchObject({ src: '2a02:db8::1', dst: 'fe80::213:46ff:fe3a:4136' })
    expect(report(`x IN=a OUT=b SRC=::ffff:192.0.2.1 DST=::1 LEN=104 ${six}`)).toMatchObject({
      src: '192.0.2.1',
      dst: '::1',
    })
  })

  test('takes the first of a key that comes twice', () => {
    const fields = parseNetfilter(`IN=a OUT=b ${UDP} SRC=9.9.9.9 SPT=1 DPT=2 PROTO=TCP`)
    expect(fields).toMatchObject({ len: 60, ttl: 63, src: '192.168.0.55', sport: 46304, dport: 53, proto: 'UDP' })
  })

  test('that is kept does not keep its line in memory', () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const lines = 3000
    const kept: unknown[] = []
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < lines; i++) {
      const n = 1000 + i
      const addresses = `SRC=192.168.100.100 DST=203.113.${100 + (i % 100)}.${100 + (i % 99)}`
      const core = `IN=a-bridge-${n} OUT=b ${addresses} OPT (${'0'.repeat(600)}) PROTO=UDP SPT=1 DPT=2 LEN=9`
      kept.push(report(Buffer.from(`a-long-prefix-${n} ${core}`).toString()))
    }
    collectGarbage()
    expect(kept.at(-1)).toMatchObject({ inside: 'a-bridge-3999', dst: '203.113.199.129', rule: 'a-long-prefix-3999' })
    // A line is 750 bytes; a report with its strings is half of that.
    expect((process.memoryUsage().heapUsed - before) / lines).toBeLessThan(700)
  })
})

describe('a connection', () => {
  const tcp = (flags: string): unknown =>
    report(`IN=a OUT=b ${TAIL} PROTO=TCP SPT=1 DPT=2 WINDOW=1 RES=0x00 ${flags}URGP=0`)
  const icmp = (type: number): unknown => report(`IN=a OUT=b ${TAIL} PROTO=ICMP TYPE=${type} CODE=0 ID=1 SEQ=1`)
  const icmp6 = (type: number): unknown =>
    report(`IN=a OUT=b SRC=fe80::1 DST=fe80::2 LEN=72 TC=0 HOPLIMIT=255 FLOWLBL=0 PROTO=ICMPv6 TYPE=${type} CODE=0 `)

  test.each(['SYN ', 'CWR ECE SYN ', 'SYN PSH ', '', 'URG '])('begins with the TCP flags "%s"', (flags) => {
    expect(tcp(flags)).toMatchObject({ begins: true })
  })
  test.each(['ACK ', 'ACK SYN ', 'RST ', 'ACK RST ', 'ACK FIN ', 'FIN '])(
    'does not begin with the TCP flags "%s"',
    (flags) => {
      expect(tcp(flags)).toMatchObject({ begins: false })
    },
  )
  test("of ulogd's ACK= number begins all the same", () => {
    expect(report(`IN=a OUT=b ${TAIL} PROTO=TCP SPT=1 DPT=2 SEQ=3 ACK=0 WINDOW=4 SYN URGP=0 `)).toMatchObject({
      begins: true,
    })
  })
  test.each([8, 13, 17])('begins with an ICMP request (%i)', (type) => {
    expect(icmp(type)).toMatchObject({ begins: true, proto: 'icmp', sport: undefined, dport: undefined })
  })
  test.each([0, 3, 5, 11, 12, 14])('does not begin with an ICMP reply or error (%i)', (type) => {
    expect(icmp(type)).toMatchObject({ begins: false })
  })
  test('over IPv6 begins with an echo request and a neighbour solicitation, not with replies and errors', () => {
    expect([1, 2, 3, 4, 128, 129, 135].map((type) => (icmp6(type) as { begins: boolean }).begins)).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      true,
    ])
  })
  test('does not begin with a later fragment, which has no ports', () => {
    expect(report(`IN=a OUT=b ${TAIL} MF FRAG:185 PROTO=UDP `)).toMatchObject({
      proto: 'udp',
      begins: false,
      dport: undefined,
    })
  })
  test('begins with a first fragment of IPv6, which has', () => {
    const line =
      'IN=a OUT=b SRC=fe80::1 DST=fe80::2 LEN=72 TC=0 HOPLIMIT=255 FLOWLBL=0 OPT ( FRAG:0 ID:0000abcd ) PROTO=UDP SPT=1 DPT=2 LEN=9'
    expect(report(line)).toMatchObject({ begins: true, dport: 2 })
  })
  test('does not begin with a packet too short for its header', () => {
    expect(report(`IN=a OUT=b ${TAIL} PROTO=TCP INCOMPLETE [8 bytes] `)).toMatchObject({ begins: false, proto: 'tcp' })
  })
  test('of a protocol without ports begins, whether it is written as a number or a name', () => {
    expect(report(`IN=a OUT=b ${TAIL} PROTO=47 `)).toMatchObject({ proto: '47', begins: true })
    expect(report(`IN=a OUT=b ${TAIL} PROTO=ESP SPI=0x1 `)).toMatchObject({ proto: '50', begins: true })
    expect(report(`IN=a OUT=b ${TAIL} PROTO=132 `)).toMatchObject({ proto: '132', begins: true })
  })
})

describe('the packet that an ICMP error quotes', () => {
  const quoted =
    '[SRC=192.0.2.7 DST=8.8.8.8 LEN=60 TOS=0x00 PREC=0x00 TTL=54 ID=0 DF PROTO=UDP SPT=21458 DPT=62936 LEN=40 ]'

  test('is not taken for the one that was logged', () => {
    expect(report(`DENY: IN=a OUT=b ${TAIL} PROTO=ICMP TYPE=3 CODE=3 ${quoted} MTU=0 `)).toMatchObject({
      src: '192.168.0.55',
      dst: '203.0.113.9',
      proto: 'icmp',
      sport: undefined,
      dport: undefined,
      begins: false,
    })
  })
  test('does not fill in what the outer one lacks', () => {
    expect(report(`DENY: IN=a OUT=b ${quoted}`)).toBe('cut: no SRC= and DST=')
  })
})

describe('a prefix that somebody else wrote', () => {
  test.each([
    'evil SRC=1.2.3.4 DST=5.6.7.8 PROTO=UDP ',
    'evil IN=x OUT=y SRC=1.2.3.4 DST=5.6.7.8 PROTO=UDP SPT=1 DPT=2 LEN=9 ',
    'IN=x OUT=y SRC=1.2.3.4 ',
    'IN= IN=IN= OUT=OUT= ',
    'OUT= ',
    ' OUT=z ',
    '[NEW] tcp 6 120 SYN_SENT src=1.2.3.4 dst=5.6.7.8 sport=1 dport=2 src=5.6.7.8 ',
    'DESCR="say IN=x OUT=y SRC=1.2.3.4" ',
  ])('does not win with %j', (prefix) => {
    expect(report(`${prefix}IN=eth1 OUT=eth0 ${TCP}`)).toMatchObject({
      src: '192.168.0.55',
      dst: '203.0.113.9',
      sport: 41572,
      dport: 443,
      inside: 'eth1',
      outside: 'eth0',
      rule: prefix.trim(),
    })
  })

  test('may hold anything that is no control of ours: what is shown of it is escaped by who shows it', () => {
    expect(report(`\u001b[2J\u202e IN=eth1 OUT=eth0 ${UDP}`)).toMatchObject({ rule: '\u001b[2J\u202e' })
  })

  test('longer than any firewall writes is refused', () => {
    expect(report(`${'x'.repeat(600)} IN=eth1 OUT=eth0 ${UDP}`)).toBe(
      'the text before IN= is longer than any firewall writes',
    )
  })

  test('that is a whole line of its own makes two lines of one, which are refused', () => {
    expect(report(`IN=eth1 OUT=eth0 ${TCP} May 28 17:23:25 gw kernel: IN=eth1 OUT=eth0 ${UDP}`)).toBe(
      'two lines run into one',
    )
    expect(report(`IN=eth1 OUT=eth0 ${TCP} IN=eth7`)).toBe('two lines run into one')
  })

  test('with an open quotation is a quotation of one of our lines', () => {
    const log = '192.0.2.1 - - [22/Nov/2026] "GET / HTTP/1.1" 200 "-" "'
    expect(report(`${log}IN=eth1 OUT=eth0 ${UDP}"`)).toBe('IN= stands inside a quotation')
  })
})

describe('a line that lost a part', () => {
  test.each([
    'L=126 ID=8698 DF PROTO=TCP SPT=88 DPT=51179 WINDOW=2053 RES=0x00 ACK URGP=0',
    'PROTO=UDP SPT=88 DPT=51179 LEN=9',
    'SPT=88 DPT=51179 LEN=9',
    `N=eth0 OUT=eth1 ${TCP}`,
    `OUT=eth1 ${TCP}`,
    `XX=enp1s0 OUT= ${TCP}`,
  ])('at its beginning is rejected: %s', (rest) => {
    expect(report(rest)).toBe('the beginning is lost: no IN= before OUT=')
  })

  test('at its end is rejected at whatever place it was cut, until nothing that counts is missing', () => {
    const line = `Shorewall:loc2net:REJECT:IN=eth1 OUT=eth0 ${TCP}`
    const whole = report(line)
    const enough = line.indexOf('URGP=') + 'URGP='.length
    for (let end = line.indexOf(' SRC='); end < line.length; end++) {
      const cut = report(line.slice(0, end))
      if (end < enough) expect(cut).toBeTypeOf('string')
      else expect(cut).toEqual(whole)
    }
  })

  test('of UDP is rejected until a field follows DPT=', () => {
    const line = `IN=eth1 OUT=eth0 ${UDP}`
    const enough = line.indexOf('DPT=53') + 'DPT=53 L'.length
    for (let end = line.indexOf(' SRC='); end < line.length; end++) {
      const cut = report(line.slice(0, end))
      if (end < enough) expect(cut).toBeTypeOf('string')
      else expect(cut).toEqual(report(line))
    }
  })

  test('cannot be told where the firewall writes short lines without LEN=: they are taken as they stand', () => {
    expect(
      report('reject wan in: IN=eth1 OUT= SRC=118.123.1.39 DST=10.0.0.1 PROTO=TCP SPT=12345 DPT=22'),
    ).toMatchObject({
      dport: 22,
      action: 'rejected',
      begins: true,
    })
  })
})

describe('a field that contradicts itself is rejected', () => {
  test.each([
    [TCP.replace('SRC=192.168.0.55', 'SRC=192.168.0.555'), 'SRC= is not an address'],
    [TCP.replace('SRC=192.168.0.55', 'SRC='), 'SRC= is not an address'],
    [TCP.replace('DST=203.0.113.9', 'DST=203.0.113'), 'DST= is not an address'],
    [TCP.replace('DST=203.0.113.9', 'DST=example.com'), 'DST= is not an address'],
    [TCP.replace('SPT=41572', 'SPT=65536'), 'SPT= is not a port'],
    [TCP.replace('DPT=443', 'DPT=4x3'), 'DPT= is not a port'],
    [TCP.replace('DPT=443', 'DPT=-1'), 'DPT= is not a port'],
    [TCP.replace('DPT=443', 'DPT=00000000443'), 'DPT= is not a port'],
    [TCP.replace('PROTO=TCP', 'PROTO=TC'), 'PROTO= is not a protocol'],
    [TCP.replace('PROTO=TCP', 'PROTO=256'), 'PROTO= is not a protocol'],
    [TCP.replace('DPT=443 ', ''), 'cut: a port is missing'],
    [TCP.replace('PROTO=TCP ', ''), 'cut: no PROTO='],
  ])('%s', (tail, reason) => {
    expect(report(`x IN=eth1 OUT=eth0 ${tail}`)).toBe(reason)
  })
})

describe('not ours', () => {
  test.each([
    '',
    'IN=eth0',
    'said IN= and OUT= of it',
    'OUT= IN=',
    'IN=eth0 OUT= ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=00:16:3e:00:00:01 IPSRC=10.0.0.1 MACDST=00:00:00:00:00:00 IPDST=10.0.0.2',
    'martian source 192.0.2.1 from 192.0.2.2, on dev eth0',
  ])('is %j', (rest) => {
    expect(report(rest)).toBe('not-ours')
  })
})
