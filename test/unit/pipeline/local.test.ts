import { describe, expect, test } from 'vitest'
import { RCODE } from '../../../src/base/question.ts'
import type { OwnRecord } from '../../../src/base/reply.ts'
import { changesBetween } from '../../../src/names/change.ts'
import type { NamesSnapshot, Rewrite } from '../../../src/names/snapshot.ts'
import { SPECIAL_ZONES } from '../../../src/names/special-zones.ts'
import { inMemory, noSuchName, SETTINGS } from '../../support/in-memory.ts'
import { extendedErrorOf, queryPacket, readPacket } from '../../support/packets.ts'

const rcodeOf = (packet: Uint8Array): number => (packet[3] as number) & 15
const answersOf = (packet: Uint8Array) =>
  (readPacket(packet).answers ?? []).map((record) => {
    const { type, name, data } = record as { type: string; name: string; data: unknown }
    return [type, name, data]
  })

const RECORDS: readonly OwnRecord[] = [
  { kind: 'A', name: 'nas.lan', ttl: 60, address: '192.168.1.10' },
  { kind: 'A', name: 'nas.lan', ttl: 60, address: '192.168.1.11' },
  { kind: 'TXT', name: 'nas.lan', ttl: 60, texts: ['hello', 'x'.repeat(255)] },
  { kind: 'MX', name: 'lan', ttl: 60, preference: 10, exchange: 'nas.lan' },
  { kind: 'CAA', name: 'lan', ttl: 60, flags: 128, tag: 'issue', value: 'ca.example' },
  { kind: 'SRV', name: '_http._tcp.lan', ttl: 60, priority: 1, weight: 2, port: 80, target: 'nas.lan' },
  { kind: 'PTR', name: '10.1.168.192.in-addr.arpa', ttl: 60, target: 'nas.lan' },
  { kind: 'AAAA', name: 'six.lan', ttl: 60, address: 'fd00::6' },
  { kind: 'CNAME', name: 'media.lan', ttl: 60, target: 'nas.lan' },
  { kind: 'CNAME', name: 'out.lan', ttl: 60, target: 'www.example' },
  { kind: 'CNAME', name: 'ads.lan', ttl: 60, target: 'ads.example' },
  { kind: 'CNAME', name: 'gone.lan', ttl: 60, target: 'missing.lan' },
  { kind: 'CNAME', name: 'a.lan', ttl: 60, target: 'b.lan' },
  { kind: 'CNAME', name: 'b.lan', ttl: 60, target: 'a.lan' },
  { kind: 'CNAME', name: 'self.lan', ttl: 60, target: 'localhost' },
  { kind: 'A', name: '*.apps.lan', ttl: 60, address: '192.168.1.20' },
]
const REWRITES: readonly (readonly [string, Rewrite])[] = [
  ['shop.example', { kind: 'addresses', addresses: ['192.168.1.30'] }],
  ['*.dev.example', { kind: 'addresses', addresses: ['192.168.1.31', 'fd00::31'] }],
  ['old.example', { kind: 'name', target: 'new.example' }],
  ['gone.example', { kind: 'nxdomain' }],
]
const NAMES: NamesSnapshot = {
  records: Map.groupBy(RECORDS, ({ name }) => name),
  zones: ['lan'],
  rewrites: new Map(REWRITES),
  ttl: 60,
}
const house = (options: Parameters<typeof inMemory>[0] = {}) => inMemory({ names: NAMES, ...options })

describe('a name of the house', () => {
  test.each([
    ['nas.lan', 'A', ['192.168.1.10', '192.168.1.11']],
    ['NAS.Lan', 'TXT', [[Buffer.from('hello'), Buffer.alloc(255, 'x')]]],
    ['lan', 'MX', [{ preference: 10, exchange: 'nas.lan' }]],
    ['lan', 'CAA', [{ flags: 128, tag: 'issue', value: 'ca.example', issuerCritical: true }]],
    ['_http._tcp.lan', 'SRV', [{ priority: 1, weight: 2, port: 80, target: 'nas.lan' }]],
    ['10.1.168.192.in-addr.arpa', 'PTR', ['nas.lan']],
    ['six.lan', 'AAAA', ['fd00::6']],
    ['media.lan', 'CNAME', ['nas.lan']],
    ['x.y.apps.lan', 'A', ['192.168.1.20']],
  ])('%s %s is answered with authority, as an independent decoder reads it', async (name, type, expected) => {
    const { ask, forwarded, entries } = house()
    const reply = readPacket(await ask(name, { type }))
    expect(reply.answers?.map((record) => (record as { data: unknown }).data)).toEqual(expected)
    expect(reply.answers?.every((record) => record.name.toLowerCase() === name.toLowerCase())).toBe(true)
    expect(reply.flag_aa).toBe(true)
    expect(forwarded).toEqual([])
    expect(entries()).toMatchObject([{ outcome: { kind: 'local' } }])
  })

  test('that exists without such a record is NODATA, one that does not is NXDOMAIN, each with an SOA', async () => {
    const { ask, forwarded } = house()
    for (const [name, rcode] of [
      ['nas.lan', RCODE.NOERROR],
      ['_tcp.lan', RCODE.NOERROR],
      ['nowhere.lan', RCODE.NXDOMAIN],
    ] as const) {
      const reply = await ask(name, { type: 'AAAA' })
      expect(rcodeOf(reply)).toBe(rcode)
      expect(readPacket(reply)).toMatchObject({ answers: [], authorities: [{ type: 'SOA', ttl: 60 }] })
    }
    expect(forwarded).toEqual([])
  })

  test('is not taken back by a list', async () => {
    const { ask } = house({ rules: { block: ['*.lan'] } })
    expect(answersOf(await ask('nas.lan'))).toHaveLength(2)
  })

  test('hands its addresses out: they are evidence', async () => {
    const { ask, entries } = house()
    await ask('media.lan')
    expect(entries()[0]?.handOuts).toEqual([
      { address: '192.168.1.10', ttl: 60 },
      { address: '192.168.1.11', ttl: 60 },
    ])
  })

  test('I10: is repeated by the fast lane byte for byte, and not after the names have changed', async () => {
    const { slow, quick, resolver, ask } = house()
    const packet = queryPacket('media.lan', { edns: 1232 })
    const first = await slow(packet)
    expect(quick(packet)).toEqual(Uint8Array.from(first as Uint8Array))
    for (const change of changesBetween(NAMES, { ...NAMES, records: new Map() }))
      resolver.obey({ kind: 'names', change })
    expect(quick(packet)).toBeUndefined()
    expect(rcodeOf(await ask('media.lan'))).toBe(RCODE.NXDOMAIN)
  })

  test('in a zone with an upstream of its own goes there where the house does not know it', async () => {
    const { ask, forwarded } = house({ settings: { names: { ...SETTINGS.names, forwarded: ['lan'] } } })
    await ask('nas.lan')
    await ask('nowhere.lan')
    expect(forwarded).toEqual(['A nowhere.lan'])
  })
})

describe('an alias of the house', () => {
  test('to a name of ours brings its records along', async () => {
    expect(answersOf(await house().ask('media.lan'))).toEqual([
      ['CNAME', 'media.lan', 'nas.lan'],
      ['A', 'nas.lan', '192.168.1.10'],
      ['A', 'nas.lan', '192.168.1.11'],
    ])
  })

  test('to a name outside is followed through cache and upstream, and its TTLs count down', async () => {
    const { ask, quick, forwarded, clock, entries } = house()
    const expected = [
      ['CNAME', 'out.lan', 'www.example'],
      ['A', 'www.example', '192.0.2.11'],
    ]
    expect(answersOf(await ask('out.lan'))).toEqual(expected)
    clock.advance(40_000)
    const again = await ask('out.lan')
    expect(answersOf(again)).toEqual(expected)
    expect(readPacket(again).answers).toMatchObject([{ ttl: 60 }, { ttl: 260 }])
    clock.advance(10_000)
    const lane = quick(queryPacket('out.lan')) as Uint8Array
    expect(readPacket(lane).answers).toMatchObject([{ ttl: 50 }, { ttl: 250 }])
    clock.advance(51_000)
    expect(quick(queryPacket('out.lan'))).toBeUndefined()
    expect(forwarded).toEqual(['A www.example'])
    expect(entries()[0]).toMatchObject({
      name: 'out.lan',
      outcome: { kind: 'forwarded' },
      handOuts: [{ address: '192.0.2.11', ttl: 300 }],
    })
  })

  test('to a name outside keeps every record whole, whatever names are compressed in it', async () => {
    const { ask } = house({
      upstream: () =>
        // www.example MX 10 m.www.example, with the exchange compressed by a pointer to the question.
        Buffer.from(
          '000081800001000100000000' +
            '0377777707' +
            Buffer.from('example').toString('hex') +
            '00000f0001' +
            'c00c000f00010000012c0006' +
            '000a016dc00c',
          'hex',
        ),
    })
    expect(answersOf(await ask('out.lan', { type: 'MX' }))).toEqual([
      ['CNAME', 'out.lan', 'www.example'],
      ['MX', 'www.example', { preference: 10, exchange: 'm.www.example' }],
    ])
  })

  test('to a name that does not exist says so (RFC 2308 §2.1), inside and outside', async () => {
    const { ask } = house({ upstream: noSuchName })
    for (const name of ['gone.lan', 'out.lan']) {
      const reply = await ask(name)
      expect(rcodeOf(reply)).toBe(RCODE.NXDOMAIN)
      expect(readPacket(reply)).toMatchObject({ answers: [{ type: 'CNAME' }], authorities: [{ type: 'SOA' }] })
    }
  })

  test('I7: to a blocked name is blocked: the name judged is the one that is forwarded', async () => {
    const { ask, forwarded, entries } = house({ rules: { block: ['ads.example'] } })
    expect(answersOf(await ask('ads.lan'))).toEqual([
      ['CNAME', 'ads.lan', 'ads.example'],
      ['A', 'ads.example', '127.0.0.1'],
    ])
    expect(forwarded).toEqual([])
    expect(entries()).toMatchObject([{ outcome: { kind: 'blocked' }, handOuts: [] }])
  })

  test('to a special name does not leave the house', async () => {
    const { ask, forwarded } = house()
    expect(answersOf(await ask('self.lan'))[1]).toEqual(['A', 'localhost', '127.0.0.1'])
    expect(forwarded).toEqual([])
  })

  test('that goes in a circle fails and says why', async () => {
    const reply = await house().ask('a.lan', { edns: 1232 })
    expect(rcodeOf(reply)).toBe(RCODE.SERVFAIL)
    expect(extendedErrorOf(reply)?.text).toContain('circle')
  })
})

describe('a rewrite', () => {
  test('to addresses takes over both families: the one without an address is NODATA', async () => {
    const { ask, forwarded } = house()
    expect(answersOf(await ask('shop.example'))).toEqual([['A', 'shop.example', '192.168.1.30']])
    for (const type of ['AAAA', 'UNKNOWN_65', 'UNKNOWN_64']) {
      expect(readPacket(await ask('shop.example', { type }))).toMatchObject({ rcode: 'NOERROR', answers: [] })
    }
    expect(forwarded).toEqual([])
    await ask('shop.example', { type: 'MX' })
    expect(forwarded).toEqual(['MX shop.example'])
  })

  test('of all under a name is not for the name itself', async () => {
    const { ask, forwarded } = house()
    expect(answersOf(await ask('a.b.dev.example', { type: 'AAAA' }))).toEqual([['AAAA', 'a.b.dev.example', 'fd00::31']])
    await ask('dev.example')
    expect(forwarded).toEqual(['A dev.example'])
  })

  test('to a name is an alias that is followed; to nxdomain it is no such name', async () => {
    const { ask } = house()
    expect(answersOf(await ask('old.example'))).toEqual([
      ['CNAME', 'old.example', 'new.example'],
      ['A', 'new.example', '192.0.2.11'],
    ])
    expect(rcodeOf(await ask('gone.example', { type: 'TXT' }))).toBe(RCODE.NXDOMAIN)
  })
})

describe('special names', () => {
  const { ask, forwarded, entries } = house()
  test.each(SPECIAL_ZONES.map(({ zone, answer, because }) => [zone, answer, because] as const))(
    '%s: %s (%s)',
    async (zone, answer) => {
      const below = await ask(`x.${zone}`)
      const apex = await ask(zone, { type: 'SOA' })
      expect(rcodeOf(below)).toBe(answer === 'empty' ? RCODE.NXDOMAIN : RCODE.NOERROR)
      expect(readPacket(apex)).toMatchObject({ rcode: 'NOERROR', answers: [{ type: 'SOA', name: zone }] })
      expect(forwarded).toEqual([])
      expect(entries().every(({ outcome }) => outcome.kind === 'special')).toBe(true)
    },
  )

  test('give way to a record of the house, and to a zone that is forwarded', async () => {
    const { ask, forwarded } = house({
      settings: { names: { ...SETTINGS.names, forwarded: ['1.168.192.in-addr.arpa', 'test'] } },
    })
    expect(answersOf(await ask('10.1.168.192.in-addr.arpa', { type: 'PTR' }))).toHaveLength(1)
    await ask('11.1.168.192.in-addr.arpa', { type: 'PTR' })
    await ask('www.test')
    expect(rcodeOf(await ask('11.2.168.192.in-addr.arpa', { type: 'PTR' }))).toBe(RCODE.NXDOMAIN)
    expect(forwarded).toEqual(['PTR 11.1.168.192.in-addr.arpa', 'A www.test'])
  })

  test('pass on a question for the DS of their apex, which is their parent’s, and no other (RFC 4035 §3.1.4.1)', async () => {
    const { ask, forwarded } = inMemory({ names: { ...NAMES, zones: ['home.arpa'] } })
    for (const name of ['home.arpa', '10.in-addr.arpa', 'x.home.arpa', 'test', 'local']) await ask(name, { type: 'DS' })
    expect(forwarded).toEqual(['DS home.arpa', 'DS 10.in-addr.arpa'])
  })

  test('canaries are no such name, with all under them, and can be let through', async () => {
    const { ask, forwarded } = house()
    for (const name of ['use-application-dns.net', 'mask.icloud.com', 'mask-h2.icloud.com', 'x.mask.icloud.com']) {
      expect(rcodeOf(await ask(name))).toBe(RCODE.NXDOMAIN)
    }
    await ask('icloud.com')
    expect(forwarded).toEqual(['A icloud.com'])
    const without = house({ settings: { names: { ...SETTINGS.names, canaries: [] } } })
    await without.ask('mask.icloud.com')
    expect(without.forwarded).toEqual(['A mask.icloud.com'])
  })
})
