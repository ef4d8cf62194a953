import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RCODE } from '../../../src/base/question.ts'
import { type ReadQuery, readQuery } from '../../../src/wire/read-query.ts'
import { queryPacket } from '../../support/packets.ts'

const SENDER = { client: '192.0.2.1', transport: 'udp', group: 0, received: 0 } as const
const read = (packet: Uint8Array): ReadQuery => readQuery(packet, 0, packet.length, SENDER)
const changed = (packet: Buffer, at: number, ...bytes: number[]): Buffer => {
  packet.set(bytes, at)
  return packet
}

test('a query reads as what it asks', () => {
  const got = read(queryPacket('WWW.Example.com', { type: 'AAAA', edns: 1232, dnssecOk: true, checkingDisabled: true }))
  expect(got).toMatchObject({
    kind: 'query',
    query: {
      id: 4711,
      name: 'www.example.com',
      type: 28,
      class: 1,
      recursionDesired: true,
      checkingDisabled: true,
      edns: { size: 1232, version: 0, dnssecOk: true },
    },
  })
})

test('it is read where it stands in a larger buffer, and nothing around it', () => {
  const packet = queryPacket('a.example')
  const around = Buffer.concat([Buffer.alloc(7, 0xff), packet, Buffer.alloc(9, 0xff)])
  expect(readQuery(around, 7, packet.length, SENDER)).toMatchObject({ kind: 'query', query: { name: 'a.example' } })
})

describe('what gets no answer at all', () => {
  test('a datagram shorter than a header', () => {
    expect(read(Buffer.alloc(11)).kind).toBe('drop')
    expect(read(Buffer.alloc(0)).kind).toBe('drop')
  })
  test('a response, since answering it could loop', () => {
    expect(read(changed(queryPacket('a.example'), 2, 0x81)).kind).toBe('drop')
  })
})

describe('what is refused with a code of its own', () => {
  const rcodeOf = (packet: Uint8Array) => (read(packet) as { rcode?: number }).rcode
  test('another opcode: NOTIMP', () => {
    for (const opcode of [1, 2, 4, 5, 6]) {
      expect(rcodeOf(changed(queryPacket('a.example'), 2, (opcode << 3) | 1))).toBe(RCODE.NOTIMP)
    }
  })
  test('no question, or two of them: FORMERR', () => {
    expect(rcodeOf(changed(queryPacket('a.example'), 5, 0))).toBe(RCODE.FORMERR)
    expect(rcodeOf(changed(queryPacket('a.example'), 5, 2))).toBe(RCODE.FORMERR)
    expect(rcodeOf(changed(queryPacket('a.example'), 4, 0xff, 0xff))).toBe(RCODE.FORMERR)
  })
  test('an answer section in a query: FORMERR', () => {
    expect(rcodeOf(changed(queryPacket('a.example'), 7, 1))).toBe(RCODE.FORMERR)
  })
  test('a compressed name in the question: FORMERR', () => {
    expect(rcodeOf(changed(queryPacket('abcdefgh'), 12, 0xc0, 0x0c))).toBe(RCODE.FORMERR)
  })
  test('a cut question, and bytes that no count accounts for: FORMERR', () => {
    const packet = queryPacket('a.example')
    for (let length = 12; length < packet.length; length++)
      expect(rcodeOf(packet.subarray(0, length))).toBe(RCODE.FORMERR)
    expect(rcodeOf(Buffer.concat([packet, Buffer.of(0)]))).toBe(RCODE.FORMERR)
  })
  test('an EDNS version that is not 0: BADVERS', () => {
    const packet = queryPacket('a.example', { edns: 1232 })
    expect(rcodeOf(changed(packet, packet.length - 5, 1))).toBe(RCODE.BADVERS)
  })
  test('two OPT records, or one with a cut option: FORMERR', () => {
    const packet = queryPacket('a.example', { edns: 1232 })
    const second = Buffer.concat([packet, packet.subarray(packet.length - 11)])
    expect(rcodeOf(changed(second, 11, 2))).toBe(RCODE.FORMERR)
    const cut = Buffer.concat([packet, Buffer.of(0, 10, 0, 8, 1, 2)])
    expect(rcodeOf(changed(cut, packet.length - 1, 6))).toBe(RCODE.FORMERR)
  })
})

test('unknown EDNS options are passed over', () => {
  const packet = queryPacket('a.example', { edns: 1232 })
  const cookie = Buffer.concat([packet, Buffer.of(0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8)])
  expect(read(changed(cookie, packet.length - 1, 12)).kind).toBe('query')
})

test('no bytes whatever make it throw or read a name with a control character', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const mutated = fc
    .tuple(fc.domain(), fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }))
    .map(([name, changes]) => {
      const packet = queryPacket(name, { edns: 1232 })
      for (const [at, byte] of changes) packet[at % packet.length] = byte
      return packet
    })
  fc.assert(
    fc.property(fc.oneof(bytes, mutated), (packet) => {
      const got = read(packet)
      if (got.kind !== 'drop') expect(got.query.name).toMatch(/^[\x21-\x7e]+$/)
    }),
    { numRuns: 5000 },
  )
})
