import { describe, expect, test } from 'vitest'
import { RCODE } from '../../../src/base/question.ts'
import { inMemory, noSuchName, snapshotOf } from '../../support/in-memory.ts'
import { extendedErrorOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

const rcodeOf = (packet: Uint8Array): number => (packet[3] as number) & 15
const data = (packet: Uint8Array): unknown[] =>
  (readPacket(packet).answers ?? []).map((record) => (record as { data: unknown }).data)

describe('a blocked name', () => {
  const server = () =>
    inMemory({ rules: { block: ['ads.example', '*.tracker.example'], allow: ['good.tracker.example'] } })

  test('is 127.0.0.1 and ::1, and nothing leaves the house', async () => {
    const { ask, forwarded } = server()
    expect(data(await ask('ads.example'))).toEqual(['127.0.0.1'])
    expect(data(await ask('ADS.Example', { type: 'AAAA' }))).toEqual(['::1'])
    expect(data(await ask('a.b.tracker.example'))).toEqual(['127.0.0.1'])
    expect(forwarded).toEqual([])
  })

  test.each(['HTTPS', 'MX', 'TXT', 'SRV'])('has no %s record, with an SOA so that caches keep that', async (type) => {
    const reply = readPacket(await server().ask('ads.example', { type }))
    expect(reply).toMatchObject({ rcode: 'NOERROR', answers: [] })
    expect(reply.authorities?.[0]).toMatchObject({ type: 'SOA', ttl: 60 })
  })

  test('says which list and rule blocked it', async () => {
    expect(extendedErrorOf(await server().ask('x.tracker.example', { edns: 1232 }))).toEqual({
      code: 15,
      text: 'blocked by block.txt: *.tracker.example',
    })
  })

  test('is let through by an allowlist, and its neighbours are not', async () => {
    const { ask, forwarded } = server()
    await ask('good.tracker.example')
    await ask('sub.good.tracker.example')
    expect(forwarded).toEqual(['A good.tracker.example'])
  })

  test('by a plain rule is that name only', async () => {
    const { ask, forwarded } = server()
    await ask('www.ads.example')
    await ask('example')
    expect(forwarded).toEqual(['A www.ads.example', 'A example'])
  })

  const answers = [
    ['zero', 'A', RCODE.NOERROR, ['0.0.0.0']],
    ['zero', 'AAAA', RCODE.NOERROR, ['::']],
    ['nxdomain', 'A', RCODE.NXDOMAIN, []],
    ['nodata', 'A', RCODE.NOERROR, []],
    ['refused', 'A', RCODE.REFUSED, []],
    ['addresses', 'A', RCODE.NOERROR, ['192.168.1.2']],
    ['addresses', 'AAAA', RCODE.NOERROR, ['fd00::2']],
  ] as const
  test.each(answers)('in mode %s for %s gets code %i and %j', async (mode, type, rcode, expected) => {
    const sinkhole = { mode, addresses: ['192.168.1.2', 'fd00::2'], ttl: 5 }
    const { ask } = inMemory({ rules: { block: ['ads.example'] }, settings: { sinkhole } })
    const reply = await ask('ads.example', { type })
    expect(rcodeOf(reply)).toBe(rcode)
    expect(data(reply)).toEqual(expected)
  })

  test('under an alias is blocked too, cached or not', async () => {
    const alias = (name: string) =>
      responsePacket({
        questions: [{ type: 'A', name }],
        answers: [
          { type: 'CNAME', name, ttl: 300, data: 'x.tracker.example' },
          { type: 'A', name: 'x.tracker.example', ttl: 300, data: '203.0.113.9' },
        ],
      })
    const { ask, resolver, forwarded } = inMemory({
      rules: { block: ['*.tracker.example'], allow: ['fine.example'] },
      upstream: ({ name }) => alias(name),
    })
    expect(data(await ask('cloaked.example'))).toEqual(['127.0.0.1'])
    expect(data(await ask('fine.example'))).toContain('203.0.113.9')
    resolver.obey({ kind: 'policy', policy: snapshotOf({}, 2) })
    expect(data(await ask('cloaked.example'))).toContain('203.0.113.9')
    expect(forwarded).toHaveLength(2)
  })

  test('goes through while blocking is paused, and is blocked again afterwards', async () => {
    const { ask, quick, resolver } = server()
    await ask('ads.example')
    expect(quick(queryPacket('ads.example'))).toBeDefined()
    resolver.obey({ kind: 'pause', active: true })
    expect(quick(queryPacket('ads.example'))).toBeUndefined()
    expect(data(await ask('ads.example'))).toEqual(['192.0.2.11'])
    resolver.obey({ kind: 'pause', active: false })
    expect(data(await ask('ads.example'))).toEqual(['127.0.0.1'])
  })
})

describe('an answer from upstream', () => {
  test('is cached, and its TTL counts down', async () => {
    const { ask, forwarded, clock } = inMemory({})
    await ask('www.example')
    clock.advance(100_500)
    const reply = readPacket(await ask('WWW.example'))
    expect(reply.answers?.[0]).toMatchObject({ name: 'www.example', ttl: 200 })
    expect(forwarded).toHaveLength(1)
    clock.advance(200_000)
    await ask('www.example')
    expect(forwarded).toHaveLength(2)
  })

  test('that says "no such name" is cached as long as its SOA allows (RFC 2308)', async () => {
    const { ask, forwarded, clock } = inMemory({ upstream: noSuchName })
    for (let i = 0; i < 3; i++) expect(rcodeOf(await ask('gone.example'))).toBe(RCODE.NXDOMAIN)
    expect(forwarded).toHaveLength(1)
    clock.advance(61_000)
    await ask('gone.example')
    expect(forwarded).toHaveLength(2)
  })

  test('is cached apart for DNSSEC OK and checking disabled', async () => {
    const { ask, forwarded } = inMemory({})
    await ask('www.example')
    await ask('www.example', { edns: 1232 })
    await ask('www.example', { edns: 1232, dnssecOk: true })
    await ask('www.example', { checkingDisabled: true })
    expect(forwarded).toHaveLength(3)
  })

  test('keeps within the configured TTLs, and TTL 0 is not cached whatever the minimum', async () => {
    const cache = { bytes: 1024 ** 2, minTtl: 30, maxTtl: 100, maxNegativeTtl: 10 }
    const of =
      (ttl: number) =>
      ({ name }: { name: string }) =>
        responsePacket({ questions: [{ type: 'A', name }], answers: [{ type: 'A', name, ttl, data: '192.0.2.1' }] })
    const ttlFor = async (ttl: number) => {
      const { ask } = inMemory({ settings: { cache }, upstream: of(ttl) })
      return readPacket(await ask('www.example')).answers?.[0]
    }
    expect(await ttlFor(5)).toMatchObject({ ttl: 30 })
    expect(await ttlFor(5000)).toMatchObject({ ttl: 100 })
    const zero = inMemory({ settings: { cache }, upstream: of(0) })
    await zero.ask('www.example')
    await zero.ask('www.example')
    expect(zero.forwarded).toHaveLength(2)
  })

  test('is fetched once for 10,000 who ask at the same time', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { ask, forwarded } = inMemory({
      upstream: async ({ name }) => {
        await gate
        return responsePacket({
          questions: [{ type: 'A', name }],
          answers: [{ type: 'A', name, ttl: 9, data: '192.0.2.1' }],
        })
      },
    })
    const replies = Array.from({ length: 10_000 }, (_, i) => ask('www.example', { id: i }))
    release()
    const ids = (await Promise.all(replies)).map((reply) => ((reply[0] as number) << 8) | (reply[1] as number))
    expect(new Set(ids).size).toBe(10_000)
    expect(forwarded).toHaveLength(1)
  })

  test('I7: the name judged is the name forwarded and cached, whatever its letter case', async () => {
    const { ask, forwarded } = inMemory({ rules: { block: ['ads.example'] } })
    await ask('aDs.eXaMpLe')
    await ask('WwW.Example')
    await ask('www.eXample')
    expect(forwarded).toEqual(['A www.example'])
  })

  test('the cache stays within its bytes', async () => {
    const bytes = 256 * 1024
    const { ask, resolver, messages } = inMemory({
      settings: { cache: { bytes, minTtl: 0, maxTtl: 86_400, maxNegativeTtl: 60 } },
    })
    for (let i = 0; i < 2000; i++) await ask(`n${i}.example`)
    resolver.obey({ kind: 'sync', token: 1 })
    const synced = messages.find((message) => message.kind === 'synced')
    expect(synced?.figures.cache.bytes).toBeLessThanOrEqual(bytes)
    expect(synced?.figures.cache.entries).toBeGreaterThan(50)
  })
})

describe('names that never leave the house', () => {
  test.each([
    ['localhost', 'A', ['127.0.0.1']],
    ['x.localhost', 'AAAA', ['::1']],
    ['1.0.0.127.in-addr.arpa', 'PTR', ['localhost']],
  ])('%s %s', async (name, type, expected) => {
    const { ask, forwarded } = inMemory({ rules: { block: ['localhost'] } })
    expect(data(await ask(name, { type }))).toEqual(expected)
    expect(forwarded).toEqual([])
  })
  test.each(['x.invalid', 'hidden.onion', 'printer.local', 'x.alt'])('%s is no such name', async (name) => {
    const { ask, forwarded } = inMemory({})
    expect(rcodeOf(await ask(name))).toBe(RCODE.NXDOMAIN)
    expect(forwarded).toEqual([])
  })
})

describe('what is no question for us', () => {
  const { ask, slow, forwarded } = inMemory({})
  test('zone transfers and other classes are refused, ANY gets HINFO (RFC 8482)', async () => {
    expect(rcodeOf(await ask('www.example', { type: 'AXFR', transport: 'tcp' }))).toBe(RCODE.REFUSED)
    const chaos = queryPacket('version.bind', { type: 'TXT' })
    chaos[chaos.length - 1] = 3
    expect(rcodeOf((await slow(chaos)) as Uint8Array)).toBe(RCODE.REFUSED)
    expect(readPacket(await ask('www.example', { type: 'ANY' })).answers?.[0]).toMatchObject({ type: 'HINFO' })
    expect(forwarded).toEqual([])
  })
  test('a question without recursion is refused: our cache is nobody’s business', async () => {
    expect(rcodeOf(await ask('www.example', { recursion: false }))).toBe(RCODE.REFUSED)
  })
  test('a stranger is refused, whatever he asks', async () => {
    const reply = await ask('www.example', { from: '203.0.113.9', edns: 1232 })
    expect(rcodeOf(reply)).toBe(RCODE.REFUSED)
    expect(extendedErrorOf(reply)?.code).toBe(18)
    expect(forwarded).toEqual([])
  })
})

test('I2: every query ends in exactly one entry with one outcome', async () => {
  const { ask, slow, quick, entries } = inMemory({ rules: { block: ['ads.example'] } })
  await ask('ads.example')
  await ask('www.example')
  await ask('www.example')
  expect(quick(queryPacket('www.example', { id: 1 }))).toBeDefined()
  await ask('localhost')
  await ask('www.example', { recursion: false })
  await ask('www.example', { from: '203.0.113.9' })
  await slow(Buffer.from('123401000001000000000000c00c00010001', 'hex'))
  await slow(Buffer.alloc(3))
  expect(entries().map(({ outcome, name, count, lane }) => [outcome.kind, name, count, lane])).toEqual([
    ['blocked', 'ads.example', 1, false],
    ['forwarded', 'www.example', 1, false],
    ['cached', 'www.example', 1, false],
    ['cached', 'www.example', 1, true],
    ['special', 'localhost', 1, false],
    ['refused', 'www.example', 1, false],
    ['refused', 'www.example', 1, false],
    ['refused', '.', 1, false],
  ])
})

test('I3: a fault of our own becomes SERVFAIL and is told, and the next query is answered', async () => {
  let broken = true
  const { ask, messages } = inMemory({
    upstream: ({ name }) => {
      if (broken) throw new Error('out of luck')
      return responsePacket({
        questions: [{ type: 'A', name }],
        answers: [{ type: 'A', name, ttl: 9, data: '192.0.2.1' }],
      })
    },
  })
  expect(rcodeOf(await ask('www.example'))).toBe(RCODE.SERVFAIL)
  expect(messages).toContainEqual(expect.objectContaining({ kind: 'trouble' }))
  broken = false
  expect(data(await ask('www.example'))).toEqual(['192.0.2.1'])
})

test('I9: sinkhole answers are never evidence, answers from upstream are', async () => {
  const { ask, entries } = inMemory({ rules: { block: ['ads.example'] } })
  await ask('ads.example')
  await ask('www.example')
  expect(entries().map(({ name, handOuts }) => [name, handOuts])).toEqual([
    ['ads.example', []],
    ['www.example', [{ address: '192.0.2.11', ttl: 300 }]],
  ])
})
