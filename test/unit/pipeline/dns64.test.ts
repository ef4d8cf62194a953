import { describe, expect, test } from 'vitest'
import { type Prefix, parsePrefix } from '../../../src/base/address.ts'
import { type Query, RCODE, TYPE } from '../../../src/base/question.ts'
import { embed, extract } from '../../../src/names/nat64.ts'
import { NO_NAMES } from '../../../src/names/snapshot.ts'
import type { Dns64Settings } from '../../../src/pipeline/stages/dns64.ts'
import { inMemory, noSuchName, SETTINGS } from '../../support/in-memory.ts'
import { queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

const prefix = (text: string): Prefix => parsePrefix(text) as Prefix
const rcodeOf = (packet: Uint8Array): number => (packet[3] as number) & 15
const answersOf = (packet: Uint8Array) =>
  (readPacket(packet).answers ?? []).map((record) => [record.type, (record as { data: unknown }).data])

const SOA = {
  type: 'SOA',
  name: 'example',
  ttl: 120,
  data: { mname: 'ns.example', rname: 'h.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
} as const

/** Only IPv4 outside: `a` are the addresses of every name. */
const ipv4World =
  (...a: string[]) =>
  ({ name, type }: Query) =>
    responsePacket({
      questions: [{ type: type === TYPE.A ? 'A' : 'AAAA', name }],
      ...(type === TYPE.A
        ? { answers: a.map((data) => ({ type: 'A', name, ttl: 300, data }) as const) }
        : { authorities: [SOA] }),
    })

const nat64 = (
  options: Partial<Dns64Settings> & Pick<Parameters<typeof inMemory>[0], 'upstream' | 'rules' | 'names'> = {},
) => {
  const { upstream = ipv4World('198.51.100.7'), rules = {}, names = NO_NAMES, ...settings } = options
  const dns64 = { prefix: prefix('64:ff9b::/96'), exceptClients: [], exceptNames: [], ...settings }
  return inMemory({ upstream, rules, names, settings: { names: { ...SETTINGS.names, dns64 } } })
}

// The table of RFC 6052 §2.4.
describe('an IPv4 address in an IPv6 one', () => {
  test.each([
    ['2001:db8::/32', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
  ])('behind %s is %s', (text, expected) => {
    expect(embed(prefix(text), '192.0.2.33')).toBe(expected)
    expect(extract(prefix(text), expected)).toBe('192.0.2.33')
  })

  test('behind the well-known prefix is a global one only (RFC 6052 §3.1)', () => {
    expect(embed(prefix('64:ff9b::/96'), '198.51.100.1')).toBe('64:ff9b::c633:6401')
    expect(embed(prefix('64:ff9b::/96'), '192.168.1.1')).toBeUndefined()
    expect(embed(prefix('2001:db8::/96'), '192.168.1.1')).toBe('2001:db8::c0a8:101')
  })
})

describe('DNS64', () => {
  test('gives a name without IPv6 an address through NAT64, which is evidence, no longer than "no AAAA" holds', async () => {
    const { ask, entries, forwarded } = nat64()
    const reply = await ask('four.example', { type: 'AAAA' })
    expect(answersOf(reply)).toEqual([['AAAA', '64:ff9b::c633:6407']])
    expect(readPacket(reply).answers?.[0]).toMatchObject({ ttl: 60 })
    expect(forwarded).toEqual(['AAAA four.example', 'A four.example'])
    expect(entries()).toMatchObject([
      { type: TYPE.AAAA, outcome: { kind: 'forwarded' }, handOuts: [{ address: '64:ff9b::c633:6407', ttl: 60 }] },
    ])
  })

  test('I10: the fast lane repeats it byte for byte, and its TTL counts down', async () => {
    const { ask, slow, quick, clock } = nat64()
    const packet = queryPacket('four.example', { type: 'AAAA' })
    await ask('four.example', { type: 'AAAA' })
    clock.advance(10_000)
    const second = (await slow(packet)) as Uint8Array
    expect(readPacket(second).answers?.[0]).toMatchObject({ ttl: 50 })
    expect(quick(packet)).toEqual(Uint8Array.from(second))
    clock.advance(20_000)
    expect(readPacket(quick(packet) as Uint8Array).answers?.[0]).toMatchObject({ ttl: 30 })
  })

  test('leaves a name that has IPv6 alone, and one that does not exist', async () => {
    const dual = nat64({
      upstream: ({ name, type }) =>
        responsePacket({
          questions: [{ type: 'AAAA', name }],
          answers: type === TYPE.AAAA ? [{ type: 'AAAA', name, ttl: 9, data: '2001:db8::1' }] : [],
        }),
    })
    expect(answersOf(await dual.ask('six.example', { type: 'AAAA' }))).toEqual([['AAAA', '2001:db8::1']])
    const gone = nat64({ upstream: noSuchName })
    expect(rcodeOf(await gone.ask('gone.example', { type: 'AAAA' }))).toBe(RCODE.NXDOMAIN)
    expect([dual.forwarded, gone.forwarded]).toEqual([['AAAA six.example'], ['AAAA gone.example']])
  })

  test('takes mapped addresses (::ffff:0:0/96) for none', async () => {
    const world = ipv4World('198.51.100.7')
    const { ask } = nat64({
      upstream: (query) =>
        query.type === TYPE.A
          ? world(query)
          : responsePacket({
              questions: [{ type: 'AAAA', name: query.name }],
              answers: [{ type: 'AAAA', name: query.name, ttl: 9, data: '::ffff:192.0.2.1' }],
            }),
    })
    expect(answersOf(await ask('odd.example', { type: 'AAAA' }))).toEqual([['AAAA', '64:ff9b::c633:6407']])
  })

  test('keeps aliases, and leaves out what the well-known prefix must not lead to', async () => {
    const { ask } = nat64({
      upstream: ({ name, type }) =>
        responsePacket({
          questions: [{ type: type === TYPE.A ? 'A' : 'AAAA', name }],
          answers: [
            { type: 'CNAME', name, ttl: 300, data: 'web.example' },
            ...(type === TYPE.A
              ? ['198.51.100.7', '10.0.0.1'].map(
                  (data) => ({ type: 'A', name: 'web.example', ttl: 300, data }) as const,
                )
              : []),
          ],
          authorities: type === TYPE.A ? [] : [SOA],
        }),
    })
    expect(answersOf(await ask('www.example', { type: 'AAAA' }))).toEqual([
      ['CNAME', 'web.example'],
      ['AAAA', '64:ff9b::c633:6407'],
    ])
    const inside = nat64({ upstream: ipv4World('10.0.0.1') })
    expect(readPacket(await inside.ask('x.example', { type: 'AAAA' }))).toMatchObject({
      answers: [],
      authorities: [{ type: 'SOA' }],
    })
  })

  test('asks for IPv4 where the question for IPv6 fails (RFC 6147 §5.1.2)', async () => {
    const world = ipv4World('198.51.100.7')
    const { ask } = nat64({
      upstream: (query) =>
        query.type === TYPE.A
          ? world(query)
          : responsePacket({ flags: 0x0180 | RCODE.SERVFAIL, questions: [{ type: 'AAAA', name: query.name }] }),
    })
    expect(answersOf(await ask('x.example', { type: 'AAAA' }))).toEqual([['AAAA', '64:ff9b::c633:6407']])
  })

  test('leaves DO with CD alone: who validates for himself would find it forged (RFC 6147 §5.5)', async () => {
    const { ask } = nat64()
    expect(
      answersOf(await ask('x.example', { type: 'AAAA', edns: 1232, dnssecOk: true, checkingDisabled: true })),
    ).toEqual([])
    expect(answersOf(await ask('x.example', { type: 'AAAA', edns: 1232, dnssecOk: true }))).toHaveLength(1)
    expect(answersOf(await ask('x.example', { type: 'AAAA', checkingDisabled: true }))).toHaveLength(1)
  })

  test('excludes clients and names; what differs between clients is never repeated by the fast lane', async () => {
    const { ask, quick } = nat64({ exceptClients: [prefix('192.168.2.0/24')], exceptNames: ['four.example'] })
    for (const from of ['192.168.1.5', '192.168.2.5', '192.168.1.5', '192.168.2.5']) {
      const reply = await ask('x.example', { type: 'AAAA', from })
      expect(answersOf(reply)).toHaveLength(from.startsWith('192.168.1.') ? 1 : 0)
      expect(quick(queryPacket('x.example', { type: 'AAAA' }), from)).toBeUndefined()
    }
    expect(answersOf(await ask('www.four.example', { type: 'AAAA' }))).toEqual([])
    expect(answersOf(await ask('ipv4only.arpa', { type: 'AAAA', from: '192.168.2.5' }))).toEqual([])
    expect(answersOf(await ask('ipv4only.arpa', { type: 'AAAA' }))).toHaveLength(2)
  })

  test('answers ipv4only.arpa itself (RFC 8880), and lets it pass where it is off', async () => {
    const { ask, forwarded } = nat64({ prefix: prefix('2001:db8:64::/96') })
    expect(answersOf(await ask('ipv4only.arpa'))).toEqual([
      ['A', '192.0.0.170'],
      ['A', '192.0.0.171'],
    ])
    expect(answersOf(await ask('ipv4only.arpa', { type: 'AAAA' }))).toEqual([
      ['AAAA', '2001:db8:64::c000:aa'],
      ['AAAA', '2001:db8:64::c000:ab'],
    ])
    expect(readPacket(await ask('ipv4only.arpa', { type: 'MX' }))).toMatchObject({ rcode: 'NOERROR', answers: [] })
    expect(rcodeOf(await ask('x.ipv4only.arpa'))).toBe(RCODE.NXDOMAIN)
    expect(answersOf(await ask('170.0.0.192.in-addr.arpa', { type: 'PTR' }))).toEqual([['PTR', 'ipv4only.arpa']])
    expect(forwarded).toEqual([])
    const off = inMemory({})
    await off.ask('ipv4only.arpa')
    expect(off.forwarded).toEqual(['A ipv4only.arpa'])
  })

  test('gives the reverse name of a synthesised address the one of its IPv4 address (RFC 6147 §5.3)', async () => {
    const reverse = '7.0.4.6.3.3.6.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa'
    const { ask, forwarded } = nat64({
      upstream: ({ name }) =>
        responsePacket({
          questions: [{ type: 'PTR', name }],
          answers: [{ type: 'PTR', name, ttl: 60, data: 'host.example' }],
        }),
    })
    expect(answersOf(await ask(reverse, { type: 'PTR' }))).toEqual([['CNAME', '7.100.51.198.in-addr.arpa']])
    const global = '8.0.8.0.8.0.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa'
    expect(answersOf(await ask(global, { type: 'PTR' }))).toEqual([
      ['CNAME', '8.8.8.8.in-addr.arpa'],
      ['PTR', 'host.example'],
    ])
    expect(forwarded).toEqual(['PTR 8.8.8.8.in-addr.arpa'])
  })

  test('a blocked name stays blocked in both families', async () => {
    const { ask, forwarded } = nat64({ rules: { block: ['ads.example'] } })
    expect(answersOf(await ask('ads.example', { type: 'AAAA' }))).toEqual([['AAAA', '::1']])
    expect(forwarded).toEqual([])
  })

  test('counts what it has made', async () => {
    const { ask, resolver, messages } = nat64()
    await ask('x.example', { type: 'AAAA' })
    resolver.obey({ kind: 'sync', token: 1 })
    expect(messages.find((message) => message.kind === 'synced')?.figures.synthesised).toBe(1)
  })
})
