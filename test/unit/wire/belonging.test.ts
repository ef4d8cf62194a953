// Which records of an upstream's message are passed on: those that belong to the question, and no other.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Asked, type Malformed, type Scanned, scanMessage } from '../../../src/wire/scan-message.ts'
import { opt, readPacket, responsePacket } from '../../support/packets.ts'

const question = { type: 'A', name: 'www.example.com' } as const
const a = (name: string, data: string, ttl = 60) => ({ type: 'A', name, ttl, data }) as const
const cname = (name: string, data: string) => ({ type: 'CNAME', name, ttl: 60, data }) as const
const soa = (name: string, minimum = 300) =>
  ({
    type: 'SOA',
    name,
    ttl: 900,
    data: { mname: 'ns.example', rname: 'h.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
  }) as const
const rrsig = (name: string, typeCovered: string, signersName: string) =>
  ({
    type: 'RRSIG',
    name,
    ttl: 60,
    data: {
      typeCovered,
      algorithm: 13,
      labels: 2,
      originalTTL: 60,
      expiration: 2_000_000_000,
      inception: 1_000_000_000,
      keyTag: 1,
      signersName,
      signature: Buffer.alloc(64, 7),
    },
  }) as never
const nsec = (name: string) =>
  ({ type: 'NSEC', name, ttl: 60, data: { nextDomain: 'z.example.com', rrtypes: ['A'] } }) as never

const DO: Asked = { dnssecOk: true, trustAd: false }
const NO_DO: Asked = { dnssecOk: false, trustAd: false }

function scan(packet: Uint8Array, asked: Asked = DO): Scanned {
  const got = scanMessage(packet, asked)
  if ('malformed' in got) throw new Error(got.malformed)
  return got
}
const faultOf = (packet: Uint8Array): string => (scanMessage(packet, DO) as Malformed).malformed
const kept = (scanned: Scanned) => {
  const { answers, authorities, additionals } = readPacket(scanned.message.bytes)
  const names = (records: typeof answers): string[] => (records ?? []).map(({ type, name }) => `${name} ${type}`)
  return { answers: names(answers), authority: names(authorities), additional: names(additionals), cut: scanned.cut }
}
const answer = (answers: readonly unknown[], more: object = {}): Buffer =>
  responsePacket({ questions: [question], answers: answers as never, ...more })

describe('in the answer', () => {
  test('a record of another name is cut out, and its address is handed to nobody', () => {
    const scanned = scan(answer([a('bank.example', '203.0.113.66'), a('www.example.com', '192.0.2.1')]))
    expect(kept(scanned)).toMatchObject({ answers: ['www.example.com A'], cut: 1 })
    expect(scanned.message.handOuts.map(({ address, ttl }) => ({ address, ttl }))).toEqual([
      { address: '192.0.2.1', ttl: 60 },
    ])
  })
  test('a record of another type than the asked one is cut out', () => {
    const txt = { type: 'TXT', name: 'www.example.com', ttl: 5, data: 'x' } as const
    const scanned = scan(answer([txt, a('www.example.com', '192.0.2.1')]))
    expect(kept(scanned)).toMatchObject({ answers: ['www.example.com A'], cut: 1 })
    expect(scanned.message.ttl).toBe(60)
  })
  test('an alias chain is kept, and what is not at its end is cut out', () => {
    const scanned = scan(
      answer([
        cname('www.example.com', 'a.example.net'),
        a('www.example.com', '203.0.113.66'),
        cname('a.example.net', 'b.example.org'),
        a('b.example.org', '192.0.2.1'),
      ]),
    )
    expect(kept(scanned).answers).toEqual(['www.example.com CNAME', 'a.example.net CNAME', 'b.example.org A'])
    expect(scanned.message.targets).toEqual(['a.example.net', 'b.example.org'])
  })
  test('an alias chain in disorder is put in order', () => {
    const scanned = scan(
      answer([
        a('b.example.org', '192.0.2.1'),
        cname('a.example.net', 'b.example.org'),
        cname('www.example.com', 'a.example.net'),
      ]),
    )
    expect(kept(scanned)).toMatchObject({
      answers: ['www.example.com CNAME', 'a.example.net CNAME', 'b.example.org A'],
      cut: 0,
    })
  })
  test('the second of two aliases of one name is cut out', () => {
    const scanned = scan(
      answer([
        cname('www.example.com', 'a.example.net'),
        cname('www.example.com', 'b.example.net'),
        a('a.example.net', '192.0.2.1'),
      ]),
    )
    expect(kept(scanned)).toMatchObject({ answers: ['www.example.com CNAME', 'a.example.net A'], cut: 1 })
  })
  test('aliases that go in a circle make the message malformed', () => {
    const fault = faultOf(
      answer([cname('www.example.com', 'a.example.net'), cname('a.example.net', 'WWW.example.com')]),
    )
    expect(fault).toBe('aliases that go in a circle')
    expect(faultOf(answer([cname('www.example.com', 'www.example.com')]))).toBe('aliases that go in a circle')
  })
  test('seventeen aliases make the message malformed, sixteen do not', () => {
    const chain = (length: number) =>
      Array.from({ length }, (_, i) => cname(i === 0 ? 'www.example.com' : `n${i}.example`, `n${i + 1}.example`))
    expect(faultOf(answer(chain(17)))).toBe('too many aliases')
    expect(scan(answer(chain(16))).cut).toBe(0)
  })
  test('a DNAME above the asked name and the alias that it makes are kept', () => {
    const dname = { type: 'DNAME', name: 'example.com', ttl: 60, data: 'example.net' } as never
    const scanned = scan(
      answer([dname, cname('www.example.com', 'www.example.net'), a('www.example.net', '192.0.2.1')]),
    )
    expect(kept(scanned)).toMatchObject({ cut: 0 })
    expect(kept(scanned).answers).toHaveLength(3)
    const other = { type: 'DNAME', name: 'example.org', ttl: 60, data: 'example.net' } as never
    expect(kept(scan(answer([other, a('www.example.com', '192.0.2.1')])))).toMatchObject({ cut: 1 })
  })
  test('names that were compressed into a cut record are whole again', () => {
    // An A record of evil.test, then the alias of the asked name to x.evil.test, written with a pointer into it.
    const head = Buffer.from('000181800001000200000000', 'hex')
    const asked = Buffer.from('03777777076578616d706c6503636f6d0000010001', 'hex')
    const evilAt = 12 + asked.length
    const evil = Buffer.from('046576696c047465737400000100010000003c0004cb007142', 'hex')
    const alias = Buffer.from(`c00c000500010000003c00040178c0${evilAt.toString(16)}`, 'hex')
    const scanned = scan(Buffer.concat([head, asked, evil, alias]))
    expect(kept(scanned)).toMatchObject({ answers: ['www.example.com CNAME'], cut: 1 })
    expect(readPacket(scanned.message.bytes).answers?.[0]).toMatchObject({ data: 'x.evil.test' })
    expect(scanned.message.targets).toEqual(['x.evil.test'])
  })
})

describe('in the authority section', () => {
  test('the SOA of a zone above the name is kept and says how long "no" holds', () => {
    const scanned = scan(answer([], { authorities: [soa('example.com')] }))
    expect(scanned).toMatchObject({ cut: 0, message: { negative: true, ttl: 300 } })
  })
  test('the SOA of another zone is cut out: such a "no" is not kept', () => {
    const scanned = scan(answer([], { authorities: [soa('example.org', 86_400)] }))
    expect(scanned).toMatchObject({ cut: 1, message: { negative: true, ttl: 0 } })
  })
  test('the SOA of a zone above an alias target counts, too', () => {
    const scanned = scan(answer([cname('www.example.com', 'a.example.net')], { authorities: [soa('example.net')] }))
    expect(scanned).toMatchObject({ cut: 0, message: { negative: true, ttl: 300 } })
  })
  test('name servers of another zone, and types that have no place there, are cut out', () => {
    const authorities = [
      { type: 'NS', name: 'bank.example', ttl: 60, data: 'ns.evil.test' },
      { type: 'TXT', name: 'example.com', ttl: 60, data: 'x' },
      { type: 'NS', name: 'com', ttl: 60, data: 'ns.example' },
    ] as never
    expect(kept(scan(answer([a('www.example.com', '192.0.2.1')], { authorities })))).toMatchObject({
      authority: ['com NS'],
      cut: 2,
    })
  })
})

describe('in the additional section', () => {
  const authorities = [{ type: 'NS', name: 'example.com', ttl: 60, data: 'ns.example.net' }] as never
  test('addresses of servers that were named are kept, all else is cut out', () => {
    const additionals = [a('ns.example.net', '192.0.2.53'), a('bank.example', '203.0.113.66'), opt(1232)] as never
    const scanned = scan(answer([a('www.example.com', '192.0.2.1')], { authorities, additionals }))
    expect(kept(scanned)).toMatchObject({ additional: ['ns.example.net A'], cut: 1 })
  })
  test('of a mail exchange as well', () => {
    const packet = responsePacket({
      questions: [{ type: 'MX', name: 'example.com' }],
      answers: [{ type: 'MX', name: 'example.com', ttl: 60, data: { preference: 1, exchange: 'mx.example.net' } }],
      additionals: [a('mx.example.net', '192.0.2.25'), a('mx.example.org', '192.0.2.26')],
    })
    expect(kept(scan(packet))).toMatchObject({ additional: ['mx.example.net A'], cut: 1 })
  })
})

describe("DNSSEC's own records", () => {
  const signed = answer([a('www.example.com', '192.0.2.1'), rrsig('www.example.com', 'A', 'example.com')])
  test('are kept for those who set DO', () => {
    expect(kept(scan(signed, DO)).answers).toEqual(['www.example.com A', 'www.example.com RRSIG'])
  })
  test('are cut out for all others (RFC 4035 §3.2.1)', () => {
    expect(kept(scan(signed, NO_DO))).toMatchObject({ answers: ['www.example.com A'], cut: 1 })
    const denied = answer([], {
      authorities: [soa('example.com'), rrsig('example.com', 'SOA', 'example.com'), nsec('example.com')],
    })
    expect(kept(scan(denied, NO_DO))).toMatchObject({ authority: ['example.com SOA'], cut: 2 })
  })
  test('are kept where one of them is what was asked for', () => {
    const packet = responsePacket({
      questions: [{ type: 'NSEC', name: 'example.com' } as never],
      answers: [nsec('example.com')],
    })
    expect(kept(scan(packet, NO_DO))).toMatchObject({ answers: ['example.com NSEC'], cut: 0 })
  })
  test('prove a "no" only from a zone that signs for the name', () => {
    const own = [soa('example.com'), rrsig('a.example.com', 'NSEC', 'example.com'), nsec('a.example.com')]
    expect(kept(scan(answer([], { authorities: own })))).toMatchObject({ cut: 0 })
    const other = [soa('example.com'), rrsig('a.example.org', 'NSEC', 'example.org'), nsec('a.example.org')]
    expect(kept(scan(answer([], { authorities: other })))).toMatchObject({ authority: ['example.com SOA'], cut: 2 })
  })
  test('of an alias are kept behind it', () => {
    const scanned = scan(
      answer([
        cname('www.example.com', 'a.example.net'),
        rrsig('www.example.com', 'CNAME', 'example.com'),
        a('a.example.net', '192.0.2.1'),
        rrsig('a.example.net', 'A', 'example.net'),
      ]),
    )
    expect(scanned.cut).toBe(0)
  })
})

describe('the AD bit', () => {
  const packet = answer([a('www.example.com', '192.0.2.1')], { flags: 0x01a0 })
  test('is cleared unless the upstream is trusted in it', () => {
    expect((scan(packet).message.bytes[3] as number) & 0x20).toBe(0)
    expect((scan(packet, { dnssecOk: true, trustAd: true }).message.bytes[3] as number) & 0x20).toBe(0x20)
  })
})

describe('the extended error of the upstream', () => {
  const withOption = (option: Buffer): Buffer => {
    const packet = answer([a('www.example.com', '192.0.2.1')], { additionals: [opt(1232)] })
    packet.writeUInt16BE(option.length, packet.length - 2)
    return Buffer.concat([packet, option])
  }
  test('is kept with the message, safe to show', () => {
    const option = Buffer.concat([Buffer.from('000f00080006', 'hex'), Buffer.from('bo\x1bgus')])
    option.writeUInt16BE(option.length - 4, 2)
    expect(scan(withOption(option)).message.error).toEqual({ code: 6, text: 'bo\\u001bgus' })
  })
  test('other options are passed over; a cut one makes the message malformed', () => {
    expect(scan(withOption(Buffer.from('000a00020102', 'hex'))).message.error).toBeUndefined()
    expect(faultOf(withOption(Buffer.from('000f00090006', 'hex')))).toBe('an EDNS option is cut')
  })
})

describe('what is malformed', () => {
  test('a pointer forward in the data of a mail exchange', () => {
    const head = Buffer.from('000181800001000100000000', 'hex')
    const asked = Buffer.from('076578616d706c6503636f6d00000f0001', 'hex')
    const record = Buffer.from('c00c000f00010000003c00040001c0ff', 'hex')
    expect(faultOf(Buffer.concat([head, asked, record]))).toBe('a name in record data is malformed')
  })
  test('more pointers than any honest message has', () => {
    const asked = Buffer.from('076578616d706c6503636f6d0000020001', 'hex')
    const record = Buffer.from('c00c000200010000003c0002c00c', 'hex')
    const packet = (count: number): Buffer => {
      const head = Buffer.from('000181800001000000000000', 'hex')
      head.writeUInt16BE(count, 6)
      return Buffer.concat([head, asked, ...Array<Buffer>(count).fill(record)])
    }
    expect(scan(packet(2048)).message.ttlOffsets).toHaveLength(2048)
    expect(faultOf(packet(2049))).toBe('a record in answer is cut')
  })
  test('a message with something to cut and more records than can be looked at one by one', () => {
    const many = Array.from({ length: 600 }, () => a('bank.example', '203.0.113.66'))
    expect(faultOf(answer(many))).toBe('too many records that do not belong to the question')
  })
})

test('whatever an upstream lies, what is passed on decodes elsewhere, and names of nothing but the chain are in its answer', () => {
  const name = fc.constantFrom(
    'www.example.com',
    'a.example.net',
    'b.example.org',
    'example.com',
    'bank.example',
    'com',
  )
  const record = fc.oneof(
    fc.record({ name }).map(({ name }) => a(name, '192.0.2.1')),
    fc.record({ name, data: name }).map(({ name, data }) => cname(name, data)),
    fc.record({ name }).map(({ name }) => rrsig(name, 'CNAME', 'example.com')),
    fc.record({ name }).map(({ name }) => nsec(name)),
    fc.record({ name }).map(({ name }) => soa(name)),
    fc.record({ name, data: name }).map(({ name, data }) => ({ type: 'DNAME', name, ttl: 1, data }) as never),
  )
  const section = fc.array(record as never, { maxLength: 6 })
  fc.assert(
    fc.property(section, section, section, fc.boolean(), (answers, authorities, additionals, dnssecOk) => {
      const packet = responsePacket({ questions: [question], answers, authorities, additionals } as never)
      const got = scanMessage(packet, { dnssecOk, trustAd: false })
      if ('malformed' in got) return
      const left = readPacket(got.message.bytes)
      let at = 'www.example.com'
      for (const record of left.answers ?? []) {
        if (record.type === 'A') expect(record.name).toBe(at)
        if (record.type !== 'CNAME') continue
        expect(record.name).toBe(at)
        at = record.data
      }
      expect(
        (left.additionals ?? []).every(({ type }) => type === 'A'),
        'only addresses are left in the additional section',
      ).toBe(true)
      const total = (left.answers?.length ?? 0) + (left.authorities?.length ?? 0) + (left.additionals?.length ?? 0)
      expect(total + got.cut).toBe(answers.length + authorities.length + additionals.length)
      // What has been sifted has nothing left to sift.
      expect(scan(got.message.bytes, { dnssecOk, trustAd: false }).cut).toBe(0)
    }),
    { numRuns: 3000 },
  )
})
