import { describe, expect, test } from 'vitest'
import { EDE, type Query, RCODE, type TransportKind } from '../../../src/base/question.ts'
import { type Body, EMPTY_BODY, type OwnRecord, type Reply } from '../../../src/base/reply.ts'
import { readQuery } from '../../../src/wire/read-query.ts'
import { scanMessage } from '../../../src/wire/scan-message.ts'
import { MESSAGE_MAX, replyLimit, writeReply } from '../../../src/wire/write-reply.ts'
import { type AskOptions, extendedErrorOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

/** The clock of these tests, ms. */
const NOW = 5_000_000
const OUT = new Uint8Array(MESSAGE_MAX + 1024)

function write(
  name: string,
  reply: Partial<Reply>,
  options: AskOptions & { transport?: TransportKind } = {},
): Uint8Array {
  const packet = queryPacket(name, options)
  const { transport = 'udp' } = options
  const read = readQuery(packet, 0, packet.length, { client: '192.0.2.1', transport, group: 0, received: 0 })
  if (read.kind !== 'query') throw new Error('the test asks nonsense')
  const whole: Reply = { rcode: 0, body: EMPTY_BODY, outcome: { kind: 'special' }, reusable: 0, ...reply }
  OUT.fill(0xee)
  const { length } = writeReply(read.query, whole, packet, OUT, replyLimit(read.query, 1232), 1232, NOW)
  return OUT.slice(0, length)
}

const own = (answers: OwnRecord[], authority: OwnRecord[] = []): Body => ({
  kind: 'own',
  answers,
  authority,
  authoritative: false,
})

function upstream(answers: number, authentic = false): Body {
  const packet = responsePacket({
    flags: authentic ? 0x01a0 : 0x0180,
    questions: [{ type: 'A', name: 'www.example.com' }],
    answers: Array.from({ length: answers }, (_, i) => ({
      type: 'A' as const,
      name: 'www.example.com',
      ttl: 300,
      data: `192.0.2.${i}`,
    })),
  })
  const scanned = scanMessage(packet, { dnssecOk: true, trustAd: authentic })
  if ('malformed' in scanned) throw new Error(scanned.malformed)
  return { kind: 'wire', message: scanned.message, since: NOW }
}

test('ID, RD and the letter case are the asker’s; RA is ours', () => {
  const reply = readPacket(write('wWw.ExAmPlE.cOm', { body: upstream(1) }, { id: 99 }))
  expect(reply.id).toBe(99)
  expect(reply.questions?.[0]?.name).toBe('wWw.ExAmPlE.cOm')
  expect(reply).toMatchObject({
    type: 'response',
    flag_rd: true,
    flag_ra: true,
    flag_aa: false,
    flag_ad: false,
    flag_tc: false,
  })
})

test('an upstream’s TTLs are given less its age, and never below zero', () => {
  const body = upstream(1)
  const aged = (age: number) =>
    readPacket(write('www.example.com', { body: { ...body, since: NOW - age * 1000 } as Body })).answers?.[0]
  expect(aged(100)).toMatchObject({ ttl: 200 })
  expect(aged(1000)).toMatchObject({ ttl: 0 })
})

test('AD is for those who set AD or DO (RFC 6840 §5.8), where a trusted upstream set it', () => {
  const ad = (authentic: boolean, options: AskOptions): boolean =>
    readPacket(write('www.example.com', { body: upstream(1, authentic) }, options)).flag_ad
  expect(ad(true, { authenticData: true })).toBe(true)
  expect(ad(true, { edns: 1232, dnssecOk: true })).toBe(true)
  expect(ad(true, { edns: 1232 })).toBe(false)
  expect(ad(false, { edns: 1232, dnssecOk: true, authenticData: true })).toBe(false)
})

test('the upstream’s extended error is passed on to those who speak EDNS; our own word comes first', () => {
  const body = upstream(1)
  if (body.kind !== 'wire') throw new Error('not from upstream')
  const told: Body = { ...body, message: { ...body.message, error: { code: 10, text: 'no signature' } } }
  expect(extendedErrorOf(write('www.example.com', { body: told }, { edns: 1232 }))).toEqual({
    code: 10,
    text: 'no signature',
  })
  const error = { code: EDE.STALE_ANSWER, text: 'stale' }
  expect(extendedErrorOf(write('www.example.com', { body: told, error }, { edns: 1232 }))).toEqual(error)
  expect(readPacket(write('www.example.com', { body: told })).additionals).toEqual([])
})

test('every kind of own record reads elsewhere as what it says', () => {
  const name = 'a.example'
  const reply = readPacket(
    write(name, {
      body: own(
        [
          { kind: 'A', name, ttl: 5, address: '127.0.0.1' },
          { kind: 'AAAA', name, ttl: 5, address: '::1' },
          { kind: 'AAAA', name, ttl: 5, address: '2001:db8::ff00:42:8329' },
          { kind: 'CNAME', name, ttl: 5, target: 'b.example' },
          { kind: 'PTR', name: 'other.example', ttl: 5, target: 'localhost' },
          { kind: 'NS', name, ttl: 5, target: 'ns.example' },
          { kind: 'TXT', name, ttl: 5, texts: ['one', 'two'] },
          { kind: 'HINFO', name, ttl: 5, cpu: 'RFC8482', os: '' },
        ],
        [{ kind: 'SOA', name, ttl: 60, minimum: 30 }],
      ),
    }),
  )
  expect(reply.answers?.map((record) => [record.name, record.type, (record as { data: unknown }).data])).toEqual([
    [name, 'A', '127.0.0.1'],
    [name, 'AAAA', '::1'],
    [name, 'AAAA', '2001:db8::ff00:42:8329'],
    [name, 'CNAME', 'b.example'],
    ['other.example', 'PTR', 'localhost'],
    [name, 'NS', 'ns.example'],
    [name, 'TXT', [Buffer.from('one'), Buffer.from('two')]],
    [name, 'HINFO', { cpu: 'RFC8482', os: '' }],
  ])
  expect(reply.authorities?.[0]).toMatchObject({
    type: 'SOA',
    ttl: 60,
    data: { minimum: 30, mname: 'askfirst.invalid' },
  })
})

describe('EDNS', () => {
  test('an OPT record answers an OPT record, and only that', () => {
    expect(readPacket(write('a.example', {})).additionals).toEqual([])
    const [opt] = readPacket(write('a.example', {}, { edns: 4096, dnssecOk: true })).additionals ?? []
    expect(opt).toMatchObject({ type: 'OPT', udpPayloadSize: 1232, flag_do: true })
  })
  test('the extended error goes in it', () => {
    const error = { code: EDE.BLOCKED, text: 'blocked by a list' }
    expect(extendedErrorOf(write('a.example', { error }, { edns: 1232 }))).toEqual(error)
    expect(extendedErrorOf(write('a.example', { error }))).toBeUndefined()
  })
  test('the upper bits of a code like BADVERS do too', () => {
    const reply = write('a.example', { rcode: RCODE.BADVERS }, { edns: 1232 })
    const [opt] = readPacket(reply).additionals ?? []
    expect((reply[3] as number) & 15).toBe(0)
    expect(opt).toMatchObject({ extendedRcode: 1 })
  })
})

describe('a reply that is too long for its way', () => {
  const cases: [string, AskOptions & { transport?: TransportKind }, number, boolean][] = [
    ['is cut at 512 bytes without EDNS', {}, 40, true],
    ['is cut at what the client takes', { edns: 700 }, 40, true],
    ['is cut at what we send at most', { edns: 65_535 }, 90, true],
    ['is cut at 512 bytes if the client says less (RFC 6891 §6.2.3)', { edns: 100 }, 15, false],
    ['is not cut over TCP', { transport: 'tcp' }, 200, false],
    ['fits', { edns: 1232 }, 30, false],
  ]
  test.each(cases)('%s', (_what, options, answers, cut) => {
    const packet = write('www.example.com', { body: upstream(answers) }, options)
    const reply = readPacket(packet)
    expect(reply.flag_tc).toBe(cut)
    expect(reply.answers).toHaveLength(cut ? 0 : answers)
    expect(reply.questions?.[0]?.name).toBe('www.example.com')
    expect(reply.additionals).toHaveLength(options.edns === undefined ? 0 : 1)
    if (options.transport !== 'tcp')
      expect(packet.length).toBeLessThanOrEqual(Math.max(512, Math.min(options.edns ?? 512, 1232, NOW)))
  })
})

test('a query whose question could not be read gets a bare header', () => {
  const packet = Buffer.from('123401000001000000000000c00c00010001', 'hex')
  const read = readQuery(packet, 0, packet.length, { client: '192.0.2.1', transport: 'udp', group: 0, received: 0 })
  if (read.kind !== 'reject') throw new Error('not rejected')
  const query: Query = read.query
  const reply: Reply = {
    rcode: read.rcode,
    body: EMPTY_BODY,
    outcome: { kind: 'refused', reason: 'malformed' },
    reusable: 0,
  }
  const { length } = writeReply(query, reply, packet, OUT, 512, 1232, NOW)
  expect(Buffer.from(OUT.subarray(0, length)).toString('hex')).toBe('123481810000000000000000')
})
