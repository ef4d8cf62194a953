import { describe, expect, test } from 'vitest'
import type { Query } from '../../../src/base/question.ts'
import { typeName } from '../../../src/base/question.ts'
import { NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import { addressOf } from '../../support/in-memory.ts'
import { houseUnder } from '../../support/listed-house.ts'
import { extendedErrorOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

/** A house with these rules, one a line of a blocklist. */
const houseWith = (block: readonly string[], options: Parameters<typeof houseUnder>[1] = {}) =>
  houseUnder({ block }, options)

type House = Awaited<ReturnType<typeof houseWith>>
interface Read {
  readonly rcode: string
  readonly answers: readonly { readonly type: string; readonly data: unknown }[]
}
const ask = async (house: House, name: string, options: Parameters<House['ask']>[1] = {}): Promise<Read> =>
  readPacket(await house.ask(name, options)) as unknown as Read
const data = async (house: House, name: string, options: Parameters<House['ask']>[1] = {}): Promise<unknown> => {
  const { answers, rcode } = await ask(house, name, options)
  return answers.at(-1)?.data ?? rcode
}

describe('a rule with a condition', () => {
  test('on the type holds for that type alone', async () => {
    const house = await houseWith(['||v6.example^$dnstype=AAAA'])
    expect(await data(house, 'v6.example', { type: 'AAAA' })).toBe('::1')
    expect(await data(house, 'v6.example')).toBe('192.0.2.10')
  })

  test('on the client holds for that client, and the lane repeats the answer to nobody', async () => {
    const house = await houseWith(["||ads.example^$client=192.168.1.20|'tv'"], {
      household: { ...NO_GROUPS, devices: [{ address: '192.168.1.21', mac: undefined, name: 'tv' }] },
    })
    for (const from of ['192.168.1.20', '192.168.1.21', '192.168.1.22', '192.168.1.20']) {
      const expected = from === '192.168.1.22' ? '192.0.2.11' : '127.0.0.1'
      expect(await data(house, 'ads.example', { from }), from).toBe(expected)
      expect(house.quick(queryPacket('ads.example'), from)).toBe(undefined)
    }
  })

  test('on the client takes what it calls itself, too', async () => {
    const house = await houseWith(['||ads.example^$client=kid'])
    const asked = async (id: string | undefined) => {
      const client = house.resolver.clients.via('tls', '192.168.1.20', id)
      const packet = await new Promise<Uint8Array>((resolve) => {
        house.resolver.answerer.answer(queryPacket('ads.example'), client, 'tls', resolve)
      })
      return (readPacket(packet) as unknown as { answers: { data: string }[] }).answers[0]?.data
    }
    expect(await asked('kid')).toBe('127.0.0.1')
    expect(await asked('tv')).toBe('192.0.2.11')
    expect(await asked(undefined)).toBe('192.0.2.11')
    expect(await asked('kid')).toBe('127.0.0.1')
  })

  test('that leaves names out does not hold for them', async () => {
    const house = await houseWith(['*$denyallow=example|example.org'])
    expect(await data(house, 'www.example')).toBe('192.0.2.11')
    expect(await data(house, 'www.example.com')).toBe('127.0.0.1')
  })

  test('goes out of all lists by the same rule with badfilter', async () => {
    const house = await houseWith([
      '||a.example^',
      '||b.example^$important',
      '||a.example^$badfilter',
      '||b.example^$important,badfilter',
    ])
    for (const name of ['a.example', 'b.example']) expect(await data(house, name)).toBe('192.0.2.9')
  })
})

describe('a pattern', () => {
  test('blocks the names in which it is found, and says which', async () => {
    const house = await houseWith(['/^ad[sx]?\\d*\\./', '@@/^ads7\\./', '/banner/'])
    expect(await data(house, 'adx3.example')).toBe('127.0.0.1')
    expect(await data(house, 'ads7.example')).toBe('192.0.2.12')
    const packet = await house.ask('top-banner.example', { edns: 1232 })
    expect(extendedErrorOf(packet)?.text).toBe('blocked by lists.block: /banner/')
  })
})

describe('a rule with an answer of its own', () => {
  test('gives a code, records, or another name', async () => {
    const house = await houseWith([
      '||gone.example^$dnsrewrite=NXDOMAIN;;',
      '||nas.example^$dnsrewrite=NOERROR;A;192.168.1.9',
      '||old.example^$dnsrewrite=new.example',
    ])
    expect(await data(house, 'gone.example')).toBe('NXDOMAIN')
    expect(await data(house, 'nas.example')).toBe('192.168.1.9')
    expect((await ask(house, 'nas.example', { type: 'AAAA' })).answers).toEqual([])
    expect((await ask(house, 'old.example')).answers).toMatchObject([
      { type: 'CNAME', data: 'new.example' },
      { type: 'A', data: '192.0.2.11' },
    ])
    const outcomes = house.entries().map(({ name, outcome }) => `${name} ${outcome.kind}`)
    expect(outcomes).toEqual([
      'gone.example blocked',
      'nas.example local',
      'nas.example local',
      'old.example forwarded',
    ])
  })

  test('is taken back by an exception for answers', async () => {
    const house = await houseWith(['||nas.example^$dnsrewrite=192.168.1.9', '@@||nas.example^$dnsrewrite'])
    expect(await data(house, 'nas.example')).toBe('192.0.2.11')
  })
})

describe('addresses', () => {
  const hints = (query: Query): Uint8Array =>
    typeName(query.type) === 'A'
      ? responsePacket({
          questions: [{ type: 'A', name: query.name } as never],
          answers: [{ type: 'A', name: query.name, ttl: 300, data: '203.0.113.77' } as never],
        })
      : (addressOf(query) as Uint8Array)

  test('in a listed range block the answer that has them, and the reply says which range', async () => {
    const house = await houseWith(['203.0.113.64/26', '198.51.100.1'], { upstream: hints })
    const packet = await house.ask('www.example', { edns: 1232 })
    expect(extendedErrorOf(packet)?.text).toBe('blocked by lists.block: 203.0.113.64/26')
    expect((readPacket(packet) as unknown as Read).answers[0]?.data).toBe('127.0.0.1')
    expect(house.entries()[0]?.outcome).toMatchObject({ kind: 'blocked', line: 1 })
    expect(house.entries()[0]?.handOuts).toEqual([])
  })
})
