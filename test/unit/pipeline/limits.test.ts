import { describe, expect, test } from 'vitest'
import { SECOND } from '../../../src/base/clock.ts'
import { RCODE } from '../../../src/base/question.ts'
import type { LimitBounds } from '../../../src/pipeline/limits.ts'
import type { ResolverFigures } from '../../../src/threads/messages.ts'
import { addressOf, type InMemory, inMemory, SETTINGS } from '../../support/in-memory.ts'
import { extendedErrorOf, fullRcodeOf, optionOf, queryPacket } from '../../support/packets.ts'

const house = (limits: Partial<LimitBounds>, upstream = addressOf as Parameters<typeof inMemory>[0]['upstream']) =>
  inMemory({ settings: { limits: { ...SETTINGS.limits, ...limits } }, ...(upstream === undefined ? {} : { upstream }) })

const figuresOf = ({ resolver, messages }: InMemory): ResolverFigures => {
  resolver.obey({ kind: 'sync', token: 1 })
  return (messages.findLast(({ kind }) => kind === 'synced') as { figures: ResolverFigures }).figures
}

const isTruncated = (reply: Uint8Array | undefined): boolean => ((reply?.[2] ?? 0) & 0x02) !== 0
const hasAnswer = (reply: Uint8Array | undefined): boolean => reply?.[7] === 1

/** What happens to a query: answered, told to come over TCP, refused, or nothing. */
async function fate(server: InMemory, packet: Uint8Array, from: string, transport: 'udp' | 'tcp' = 'udp') {
  if (transport === 'udp' && server.quick(packet, from) !== undefined) return 'answered'
  let reply: Uint8Array | undefined
  server.resolver.answerer.answer(packet, server.client(from), transport, (bytes) => {
    reply = bytes
  })
  for (let i = 0; i < 20; i++) await Promise.resolve()
  if (reply === undefined) return 'nothing'
  if (hasAnswer(reply)) return 'answered'
  return isTruncated(reply) ? 'truncated' : fullRcodeOf(reply) === RCODE.REFUSED ? 'refused' : 'failed'
}

const count = async (times: number, what: (i: number) => Promise<string>): Promise<Record<string, number>> => {
  const fates: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const found = await what(i)
    fates[found] = (fates[found] ?? 0) + 1
  }
  return fates
}

describe('who asks too much', () => {
  const packet = queryPacket('www.example')

  test('is limited to so many queries a second, in the lane and beside it; others feel nothing', async () => {
    const server = house({ queries: 100 })
    await fate(server, packet, '192.168.1.9')
    await fate(server, packet, '192.168.1.9')
    const fates = await count(1000, () => fate(server, packet, '192.168.1.5'))
    expect(fates).toEqual({ answered: 100, truncated: 450, nothing: 450 })
    expect(await fate(server, packet, '192.168.1.6')).toBe('answered')
    server.clock.advance(500)
    expect((await count(1000, () => fate(server, packet, '192.168.1.5')))['answered']).toBe(50)
    server.clock.advance(60 * SECOND)
    expect((await count(1000, () => fate(server, packet, '192.168.1.5')))['answered']).toBe(100)
  })

  test.each([
    ['truncate', 'udp', { truncated: 5, nothing: 5 }],
    ['drop', 'udp', { nothing: 10 }],
    ['refuse', 'udp', { refused: 10 }],
    ['truncate', 'tcp', { refused: 10 }],
    ['drop', 'tcp', { refused: 10 }],
  ] as const)('gets with "over: %s" over %s %j', async (over, transport, expected) => {
    const server = house({ queries: 10, over })
    await count(10, () => fate(server, packet, '192.168.1.5', transport))
    expect(await count(10, () => fate(server, packet, '192.168.1.5', transport))).toEqual(expected)
  })

  test('gets no reply that is longer than the question, and one that is refused says why', async () => {
    const edns = queryPacket('www.example', { edns: 1232 })
    const server = house({ queries: 1 })
    await server.slow(edns)
    const cut = (await server.slow(edns)) as Uint8Array
    expect(isTruncated(cut)).toBe(true)
    expect(cut.length).toBe(edns.length)
    const refusing = house({ queries: 1, over: 'refuse' })
    await refusing.slow(edns)
    expect(extendedErrorOf((await refusing.slow(edns)) as Uint8Array)).toMatchObject({ code: 18 })
  })

  test('is named once in the log and in the figures, and costs no journal entries', async () => {
    const server = house({ queries: 10 })
    await count(1000, () => fate(server, packet, '192.168.1.5'))
    expect(server.messages.filter(({ kind }) => kind === 'flood')).toEqual([
      { kind: 'flood', flood: expect.objectContaining({ who: '192.168.1.5', kind: 'queries' }) },
    ])
    expect(figuresOf(server).floods).toEqual([expect.objectContaining({ who: '192.168.1.5', limited: 990 })])
    expect(server.entries().reduce((sum, entry) => sum + entry.count, 0)).toBe(10)
    const limited = server.messages.reduce((sum, one) => sum + (one.kind === 'batch' ? one.batch.limited : 0), 0)
    expect(limited).toBe(990)
    server.clock.advance(11 * 60 * SECOND)
    await count(1000, () => fate(server, packet, '192.168.1.5'))
    expect(server.messages.filter(({ kind }) => kind === 'flood')).toHaveLength(2)
  })

  test('gets what is no whole query yet a little later: nothing of a small limit is lost between', async () => {
    const server = house({ queries: 3 })
    let answered = 0
    for (let i = 0; i < 100; i++) {
      if ((await fate(server, packet, '192.168.1.5')) === 'answered') answered++
      server.clock.advance(100)
    }
    // Three at once, and three in each of the ten seconds, but for what the last hundred milliseconds bring.
    expect(answered).toBe(32)
  })

  test.each([
    ['where there is no limit', { queries: 0, perPrefix: 0 }],
    [
      'where he is exempt',
      { queries: 10, perPrefix: 10, exempt: [{ bytes: Uint8Array.of(192, 168, 1, 5), bits: 32 }] },
    ],
  ])('never runs out %s', async (_, limits) => {
    const server = house(limits)
    const { budget } = server.client('192.168.1.5')
    for (let i = 0; i < 3; i++) {
      budget.tokens = 1
      budget.prefix.tokens = 1
      expect(await count(5, () => fate(server, packet, '192.168.1.5'))).toEqual({ answered: 5 })
    }
  })

  test('is not limited where he is exempt', async () => {
    const server = house({ queries: 10, exempt: [{ bytes: Uint8Array.of(192, 168, 1, 5), bits: 32 }] })
    expect(await count(1000, () => fate(server, packet, '192.168.1.5'))).toEqual({ answered: 1000 })
  })

  test('is not limited in what waits for an upstream where he is exempt, nor are all such together', async () => {
    const exempt = [{ bytes: Uint8Array.of(192, 168, 1, 0), bits: 24 }]
    const waiting: (() => void)[] = []
    const server = house(
      { inFlight: 5, exempt },
      (query) => new Promise((resolve) => waiting.push(() => resolve(addressOf(query)))),
    )
    for (let i = 0; i < 50; i++) await fate(server, queryPacket(`n${i}.example`), `192.168.1.${i}`)
    expect(waiting).toHaveLength(50)
    expect(figuresOf(server).floods).toEqual([])
    for (const answer of waiting) answer()
  })

  test('has one budget, by whatever door and name he comes', () => {
    const { resolver } = house({ queries: 10 })
    const { clients } = resolver
    const plain = clients.of('192.168.1.5')
    expect(clients.via('https', '192.168.1.5', 'tv').budget).toBe(plain.budget)
    expect(clients.via('tls', '192.168.1.5', undefined).budget).toBe(plain.budget)
  })
})

describe('different names', () => {
  test('are limited a second, those that the lane knows are not', async () => {
    const server = house({ names: 100 })
    const fates = await count(1000, (i) => fate(server, queryPacket(`n${i}.example`), '192.168.1.5'))
    // The first ones are not counted, and a few share a bit.
    expect(fates['answered']).toBeGreaterThanOrEqual(100)
    expect(fates['answered']).toBeLessThan(160)
    expect(figuresOf(server).floods).toEqual([expect.objectContaining({ who: '192.168.1.5', kind: 'names' })])
    server.clock.advance(SECOND)
    expect(await fate(server, queryPacket('n1.example'), '192.168.1.5')).toBe('answered')
  })

  test('are not what one name asked a thousand times is', async () => {
    const server = house({ names: 10 })
    const packet = queryPacket('www.example', { options: { 10: Buffer.alloc(8) } })
    expect(await count(1000, () => fate(server, packet, '192.168.1.5'))).toEqual({ answered: 1000 })
  })
})

test('queries of one address that wait for an upstream are limited, and each answer makes room', async () => {
  const waiting: (() => void)[] = []
  const server = house(
    { inFlight: 20 },
    (query) => new Promise((resolve) => waiting.push(() => resolve(addressOf(query)))),
  )
  let answered = 0
  for (let i = 0; i < 100; i++) {
    server.resolver.answerer.answer(queryPacket(`n${i}.example`), server.client('192.168.1.5'), 'udp', (reply) => {
      if (hasAnswer(reply)) answered++
    })
  }
  expect(waiting).toHaveLength(20)
  server.resolver.answerer.answer(queryPacket('other.example'), server.client('192.168.1.6'), 'udp', () => {})
  expect(waiting).toHaveLength(21)
  for (const go of waiting.splice(0)) go()
  for (let i = 0; i < 30; i++) await Promise.resolve()
  expect(answered).toBe(20)
  server.resolver.answerer.answer(queryPacket('late.example'), server.client('192.168.1.5'), 'udp', () => {})
  expect(waiting).toHaveLength(1)
})

describe('a flood from forged addresses of one network', () => {
  const packet = queryPacket('www.example')
  const forged = (i: number): string => `192.168.1.${10 + (i % 240)}`

  const flooded = async () => {
    const server = house({ perPrefix: 1000 })
    // The television has been here for a while.
    await fate(server, packet, '192.168.1.5')
    server.clock.advance(30 * SECOND)
    await count(5000, (i) => fate(server, packet, forged(i)))
    return server
  }

  test('is limited as a whole and named by its prefix, and the devices of the house feel nothing', async () => {
    const server = await flooded()
    const fates = await count(1000, (i) => fate(server, packet, forged(i)))
    expect(fates['answered'] ?? 0).toBe(0)
    expect(await count(100, () => fate(server, packet, '192.168.1.5'))).toEqual({ answered: 100 })
    expect(figuresOf(server).floods).toEqual([expect.objectContaining({ who: '192.168.1.0/24', kind: 'prefix' })])
  })

  test('does not keep out who comes over TCP or has a cookie', async () => {
    const server = await flooded()
    expect(await fate(server, packet, '192.168.1.7', 'tcp')).toBe('answered')
    const first = queryPacket('www.example', { options: { 10: Buffer.alloc(8) } })
    const cookie = optionOf((await server.slow(first, '192.168.1.7', 'tcp')) as Uint8Array, 10) as Buffer
    const proven = queryPacket('www.example', { options: { 10: cookie } })
    expect(await fate(server, proven, '192.168.1.7')).toBe('answered')
    expect(await fate(server, proven, '192.168.1.8')).not.toBe('answered')
  })

  test('is over some seconds after it ends', async () => {
    const server = await flooded()
    server.clock.advance(11 * SECOND)
    expect(await fate(server, packet, '192.168.1.250')).toBe('answered')
  })
})
