import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WireMessage } from '../../../src/base/reply.ts'
import { type Malformed, type Scanned, scanMessage } from '../../../src/wire/scan-message.ts'
import { opt, readPacket, responsePacket } from '../../support/packets.ts'

const question = { type: 'A', name: 'www.example.com' } as const
const scan = (packet: Uint8Array): Scanned => {
  const got = scanMessage(packet)
  if ('malformed' in got) throw new Error(got.malformed)
  return got
}
const faultOf = (packet: Uint8Array): string => (scanMessage(packet) as Malformed).malformed

const full = responsePacket({
  id: 7,
  questions: [question],
  answers: [
    { type: 'CNAME', name: 'www.example.com', ttl: 300, data: 'CDN.example.net' },
    { type: 'A', name: 'cdn.example.net', ttl: 60, data: '192.0.2.1' },
    { type: 'A', name: 'cdn.example.net', ttl: 60, data: '192.0.2.2' },
  ],
  authorities: [{ type: 'NS', name: 'example.net', ttl: 3600, data: 'ns.example.net' }],
  additionals: [{ type: 'AAAA', name: 'ns.example.net', ttl: 3600, data: '2001:db8::53' }, opt(1232)],
})

test('a message is kept as it came, without its OPT record', () => {
  const { message, rcode, truncated } = scan(full)
  expect({ rcode, truncated }).toEqual({ rcode: 0, truncated: false })
  const kept = readPacket(message.bytes)
  expect(kept.answers).toHaveLength(3)
  expect(kept.additionals).toHaveLength(1)
  expect(message.bytes).toHaveLength(full.length - 11)
})

/** What a message hands out, as text. */
const addressesOf = ({ handOuts }: WireMessage) => handOuts.map(({ address, ttl }) => ({ address, ttl }))

test('every address in every section is a hand-out, with its TTL', () => {
  expect(addressesOf(scan(full).message)).toEqual([
    { address: '192.0.2.1', ttl: 60 },
    { address: '192.0.2.2', ttl: 60 },
    { address: '2001:db8::53', ttl: 3600 },
  ])
})

test('alias targets are read through compression, lower-cased', () => {
  expect(scan(full).message.targets).toEqual(['cdn.example.net'])
})

test('the smallest TTL rules, and each TTL is found where it stands', () => {
  const { message } = scan(full)
  expect(message.ttl).toBe(60)
  const view = new DataView(message.bytes.buffer, message.bytes.byteOffset)
  expect(message.ttlOffsets.map((at) => view.getUint32(at))).toEqual([300, 60, 60, 3600, 3600])
})

describe('how long "no" holds (RFC 2308)', () => {
  const soa = (ttl: number, minimum: number) =>
    ({
      type: 'SOA',
      name: 'example.com',
      ttl,
      data: { mname: 'ns.example.com', rname: 'h.example.com', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
    }) as const
  test('is the lesser of the SOA record and its minimum', () => {
    expect(
      scan(responsePacket({ flags: 0x0183, questions: [question], authorities: [soa(900, 300)] })).message.ttl,
    ).toBe(300)
    expect(scan(responsePacket({ questions: [question], authorities: [soa(120, 300)] })).message.ttl).toBe(120)
  })
  test('is no time at all without an SOA', () => {
    expect(scan(responsePacket({ flags: 0x0183, questions: [question] })).message).toMatchObject({
      ttl: 0,
      negative: true,
    })
  })
  test('counts for an alias that leads to nothing, too', () => {
    const answers = [{ type: 'CNAME', name: 'www.example.com', ttl: 5, data: 'x.example.com' }] as const
    const packet = responsePacket({ questions: [question], answers: [...answers], authorities: [soa(60, 60)] })
    expect(scan(packet).message).toMatchObject({ ttl: 60, negative: true })
  })
})

test('address hints of HTTPS records are hand-outs, their target is an alias', () => {
  // 1 svc.example. alpn=h2 ipv4hint=192.0.2.9 ipv6hint=2001:db8::9
  const rdata = Buffer.from(
    '0001' +
      '03737663076578616d706c6500' +
      '00010003026832' +
      '00040004c0000209' +
      '0006001020010db8000000000000000000000009',
    'hex',
  )
  const packet = responsePacket({
    questions: [{ type: 'HTTPS', name: 'a.example' } as never],
    answers: [{ type: 'UNKNOWN_65', name: 'a.example', ttl: 30, data: rdata } as never],
  })
  // dns-packet writes the type of an unknown record as 0; the bytes are put right here.
  const at = packet.lastIndexOf(rdata) - 10
  packet.writeUInt16BE(65, at)
  packet.writeUInt16BE(65, 12 + 11)
  expect(scan(packet).message).toMatchObject({
    targets: ['svc.example'],
    handOuts: [
      { address: '192.0.2.9', ttl: 30 },
      { address: '2001:db8::9', ttl: 30 },
    ],
  })
})

test('a TTL with its highest bit set counts as zero (RFC 2181 §8)', () => {
  const packet = responsePacket({
    questions: [question],
    answers: [{ type: 'A', name: 'www.example.com', ttl: 5, data: '192.0.2.1' }],
  })
  packet.writeUInt32BE(0x8000_0001, packet.length - 10)
  const { message } = scan(packet)
  expect(message.ttl).toBe(0)
  expect(addressesOf(message)).toEqual([{ address: '192.0.2.1', ttl: 0 }])
})

describe('what is malformed', () => {
  test('a pointer forward, to itself or into the header', () => {
    for (const to of [40, 50, 3]) {
      const packet = Buffer.concat([full.subarray(0, 33), Buffer.of(0xc0, to), full.subarray(35)])
      expect(faultOf(packet)).toBeDefined()
    }
  })
  test('counts that promise more than there is', () => {
    const packet = Buffer.from(full)
    packet.writeUInt16BE(0xffff, 6)
    expect(faultOf(packet)).toBeDefined()
  })
  test('every cut of a good message', () => {
    for (let length = 0; length < full.length; length++)
      expect(faultOf(full.subarray(0, length)), `${length} of ${full.length}`).toBeDefined()
  })
  test('an A record of five bytes', () => {
    const packet = responsePacket({
      questions: [question],
      answers: [{ type: 'A', name: 'a.example', ttl: 5, data: '192.0.2.1' }],
    })
    const five = Buffer.concat([packet, Buffer.of(1)])
    five.writeUInt16BE(5, packet.length - 6)
    expect(faultOf(five)).toBe('an address record of the wrong size')
  })
  test('a query in place of a response', () => {
    const packet = Buffer.from(full)
    packet[2] = 0x01
    expect(faultOf(packet)).toBe('not a response to a standard query')
  })
})

test('mutated messages never make it throw, and what passes decodes elsewhere too', () => {
  const changes = fc.array(fc.tuple(fc.nat(full.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(changes, (list) => {
      const packet = Buffer.from(full)
      for (const [at, byte] of list) packet[at] = byte
      const got = scanMessage(packet)
      if (!('malformed' in got)) expect(got.message.bytes.length).toBeLessThanOrEqual(packet.length)
    }),
    { numRuns: 5000 },
  )
})

const CAPTURES = [
  'pcap-ndpi.jsonl.gz',
  'pcap-tcpdump-tests.jsonl',
  'pcap-wireshark-tests.jsonl',
  'real-records-systemd-resolve.jsonl',
]
const DNS = '../shared/data/dns'

interface Sample {
  readonly name: string
  readonly hex: string
  readonly header: { readonly qr: number; readonly opcode: number; readonly tc: number; readonly qdcount: number }
  readonly dnspython: { readonly ok: boolean }
}

describe.skipIf(!existsSync(DNS))('captured responses', () => {
  test.each(CAPTURES)('of %s that another decoder reads are scanned, and the addresses are its addresses', (file) => {
    let scanned = 0
    for (const line of text(`${DNS}/${file}`).split('\n').filter(Boolean)) {
      const sample = JSON.parse(line) as Sample
      const packet = Buffer.from(sample.hex, 'hex')
      const got = scanMessage(packet)
      if ('malformed' in got) continue
      const theirs = addresses(packet)
      if (theirs === undefined) continue
      scanned++
      expect(got.message.handOuts.map(({ address }) => address).sort(), sample.name).toEqual(theirs)
    }
    expect(scanned).toBeGreaterThanOrEqual(file.startsWith('real-records') ? 0 : 5)
  })
})

const text = (file: string): string => {
  const bytes = readFileSync(file)
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
}

/** A and AAAA addresses by the independent decoder; undefined where it gives up or there are service records. */
function addresses(packet: Buffer): string[] | undefined {
  try {
    const { answers, authorities, additionals } = readPacket(packet)
    const records = [...(answers ?? []), ...(authorities ?? []), ...(additionals ?? [])]
    if (records.some(({ type }) => String(type).startsWith('UNKNOWN') || String(type) === 'HTTPS')) return undefined
    return records.flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.data] : [])).sort()
  } catch {
    return undefined
  }
}

test('a name that lies on a TTL is malformed: it would be another one when that has counted down', () => {
  const message = responsePacket({
    questions: [{ type: 'A', name: 'www.example' }],
    answers: [
      { type: 'A', name: 'www.example', ttl: 0x01610000, data: '192.0.2.1' },
      { type: 'CNAME', name: 'www.example', ttl: 60, data: 'x' },
    ],
  })
  // The CNAME's target becomes a pointer to the first TTL, which reads as the name "a".
  const ttl = message.indexOf(Buffer.from('01610000', 'hex'))
  const data = message.length - 3
  message.writeUInt16BE(2, data - 2)
  message.writeUInt16BE(0xc000 | ttl, data)
  expect(scanMessage(message.subarray(0, data + 2))).toMatchObject({ malformed: expect.any(String) })
})
