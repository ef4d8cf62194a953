import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TRANSPORTS } from '../../../src/base/question.ts'
import { inMemory, SETTINGS, snapshotOf } from '../../support/in-memory.ts'
import { opt, optionOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

/** An upstream with answers of several shapes and lengths. */
const shapes = ({ name, type }: { name: string; type: number }): Uint8Array => {
  const questions = [{ type: type === 28 ? 'AAAA' : 'A', name } as const]
  const many = name.startsWith('many') ? 40 : 1
  const answers = Array.from({ length: many }, (_, i) =>
    type === 28
      ? ({ type: 'AAAA', name, ttl: 200 + i, data: `2001:db8::${i + 1}` } as const)
      : ({ type: 'A', name, ttl: 200 + i, data: `192.0.2.${i + 1}` } as const),
  )
  // With AD: the upstream has validated, and is trusted in it.
  return responsePacket({ flags: 0x01a0, questions, answers, additionals: [opt(1232)] })
}

const NAMES = [
  'www.example',
  'many.example',
  'ads.example',
  'x.tracker.example',
  'localhost',
  'a'.repeat(63),
  '.',
  'a.b.c.d.e',
]

test('I10: the lane answers byte for byte what the pipeline would, over 100,000 generated queries and every transport', async () => {
  const server = inMemory({ rules: { block: ['ads.example', '*.tracker.example'] }, upstream: shapes })
  const query = fc.record({
    name: fc.constantFrom(...NAMES).chain((name) => fc.tuple(fc.constant(name), fc.nat(2 ** 20))),
    type: fc.constantFrom('A', 'AAAA', 'HTTPS'),
    id: fc.nat(65_535),
    edns: fc.option(fc.constantFrom(0, 512, 700, 1232, 4096), { nil: undefined }),
    dnssecOk: fc.boolean(),
    checkingDisabled: fc.boolean(),
    authenticData: fc.boolean(),
    step: fc.nat(1500),
    transport: fc.constantFrom(...TRANSPORTS),
  })
  const hits = { udp: 0, tcp: 0, tls: 0, https: 0 }
  for (const { name, step, edns, transport, ...rest } of fc.sample(query, 100_000)) {
    const packet = queryPacket(mixed(...name), { ...rest, ...(edns === undefined ? {} : { edns }) })
    server.clock.advance(step)
    const fast = server.quick(packet, '192.168.1.5', transport)
    const slow = (await server.slow(packet, '192.168.1.5', transport)) as Uint8Array
    if (fast === undefined) continue
    hits[transport]++
    if (Buffer.compare(fast, slow) !== 0) expect(readPacket(fast)).toEqual(readPacket(slow))
    expect(Buffer.compare(fast, slow)).toBe(0)
  }
  for (const transport of TRANSPORTS) expect(hits[transport], transport).toBeGreaterThan(7000)
}, 60_000)

/** The name with some letters in upper case, as the bits say. */
const mixed = (name: string, bits: number): string =>
  [...name].map((char, i) => ((bits >> (i % 20)) & 1 ? char.toUpperCase() : char)).join('')

test('I10 over streams: options that change the reply of a stream go the slow way, and what is large is whole', async () => {
  const server = inMemory({ upstream: shapes })
  const [KEEPALIVE, PADDING] = [11, 12]
  for (const name of ['www.example', 'many.example']) {
    for (let i = 0; i < 3; i++) await server.slow(queryPacket(name, { edns: 512 }), undefined, 'tcp')
    for (const transport of ['tcp', 'tls', 'https'] as const) {
      const asked = queryPacket(name, { edns: 512 })
      const fast = server.quick(asked, undefined, transport) as Uint8Array
      expect(readPacket(fast)).toMatchObject({ flag_tc: false, answers: { length: name === 'www.example' ? 1 : 40 } })
      // RFC 7828 §3.2 and RFC 7830 §4: who asks for them gets them, and nobody else.
      for (const option of [KEEPALIVE, PADDING]) {
        const packet = queryPacket(name, { options: { [option]: new Uint8Array(option === PADDING ? 20 : 0) } })
        expect(server.quick(packet, undefined, transport), `${name} ${transport} ${option}`).toBeUndefined()
        expect(optionOf(fast, option)).toBeUndefined()
      }
    }
    // Over UDP the same answer has no room.
    expect(server.quick(queryPacket(name, { edns: 512 })) === undefined).toBe(name === 'many.example')
  }
})

describe('the lane passes', () => {
  const settings = { cacheHabits: { ...SETTINGS.cacheHabits, prefetch: false } }
  const server = inMemory({ rules: { block: ['ads.example'] }, upstream: shapes, settings })
  const warm = async (name: string, options = {}) => {
    await server.slow(queryPacket(name, options))
    await server.slow(queryPacket(name, options))
  }
  test('what it has not seen', () => {
    expect(server.quick(queryPacket('never.example'))).toBeUndefined()
  })
  test('what only upstream has answered so far: one hit wonders take no room', async () => {
    await server.slow(queryPacket('once.example'))
    expect(server.quick(queryPacket('once.example'))).toBeUndefined()
  })
  test('what would be cut for this asker', async () => {
    await warm('many.example', { edns: 1232 })
    expect(server.quick(queryPacket('many.example', { edns: 1232 }))).toBeDefined()
    expect(server.quick(queryPacket('many.example', { edns: 700 }))).toBeUndefined()
  })
  test('an expired answer', async () => {
    await warm('www.example')
    server.clock.advance(199_000)
    expect(server.quick(queryPacket('www.example'))).toBeDefined()
    server.clock.advance(1500)
    expect(server.quick(queryPacket('www.example'))).toBeUndefined()
  })
  test('what an older policy decided', async () => {
    await warm('ads.example')
    expect(server.quick(queryPacket('ads.example'))).toBeDefined()
    server.resolver.obey({ kind: 'policy', policy: snapshotOf({}, 2) })
    expect(server.quick(queryPacket('ads.example'))).toBeUndefined()
  })
  test('a stranger', async () => {
    await warm('www.example')
    expect(server.quick(queryPacket('www.example'), '203.0.113.9')).toBeUndefined()
  })
  test('whatever is not a plain question', async () => {
    await warm('www.example', { edns: 1232 })
    await warm('www.example')
    const plain = queryPacket('www.example', { edns: 1232 })
    expect(server.quick(plain)).toBeDefined()
    const odd = (at: number, value: number) => {
      const packet = Buffer.from(plain)
      packet[at] = value
      return server.quick(packet)
    }
    const end = plain.length
    const oddities = {
      response: odd(2, 0x81),
      opcode: odd(2, 0x11),
      truncated: odd(2, 0x03),
      noRecursion: odd(2, 0x00),
      twoQuestions: odd(5, 2),
      answers: odd(7, 1),
      twoAdditional: odd(11, 2),
      classChaos: odd(28, 3),
      version: odd(end - 5, 1),
      optionLength: odd(end - 1, 4),
      rcode: odd(3, 1),
    }
    for (const [what, reply] of Object.entries(oddities)) expect(reply, what).toBeUndefined()
    for (let length = 0; length < end; length++) expect(server.quick(plain.subarray(0, length))).toBeUndefined()
    expect(server.quick(Buffer.concat([plain, Buffer.of(0)]))).toBeUndefined()
  })
})

test('random bytes never make the lane throw or answer what the pipeline refuses', async () => {
  const server = inMemory({ upstream: shapes })
  await server.slow(queryPacket('www.example'))
  await server.slow(queryPacket('www.example'))
  const base = queryPacket('www.example')
  const changes = fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(changes, async (list) => {
      const packet = Buffer.from(base)
      for (const [at, byte] of list) packet[at] = byte
      const fast = server.quick(packet)
      if (fast !== undefined) expect(Buffer.compare(fast, (await server.slow(packet)) as Uint8Array)).toBe(0)
    }),
    { numRuns: 5000 },
  )
})

test('the lane stays within its bytes', async () => {
  const bytes = 64 * 1024
  const server = inMemory({ settings: { cache: { bytes, minTtl: 0, maxTtl: 9000, maxNegativeTtl: 9 } } })
  for (let i = 0; i < 1000; i++) {
    await server.ask(`n${i}.example`)
    await server.ask(`n${i}.example`)
  }
  server.resolver.obey({ kind: 'sync', token: 1 })
  const synced = server.messages.find((message) => message.kind === 'synced')
  expect(synced?.figures.lane).toBeGreaterThan(10)
  // Half of the cache's bytes; a record of such a name takes 192.
  expect(synced?.figures.lane).toBeLessThan(bytes / 2 / 192)
})

test('queries with DO and CD are counted, those of the lane too', async () => {
  const server = inMemory({ upstream: shapes })
  for (let i = 0; i < 3; i++) await server.ask('www.example', { edns: 1232, dnssecOk: true })
  expect(server.quick(queryPacket('www.example', { edns: 1232, dnssecOk: true }))).toBeDefined()
  await server.ask('www.example', { checkingDisabled: true })
  await server.ask('www.example')
  server.resolver.obey({ kind: 'sync', token: 1 })
  const synced = server.messages.find((message) => message.kind === 'synced')
  expect(synced?.figures.options).toMatchObject({ dnssecOk: 4, checkingDisabled: 1 })
})
