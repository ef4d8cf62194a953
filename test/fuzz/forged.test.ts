// A flood from forged addresses: what the resolver keeps of them is bounded, however many they are. 200,000 senders;
// ASKFIRST_FUZZ=1000000 for as many.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Moment } from '../../src/base/clock.ts'
import { CLIENTS_KEPT } from '../../src/pipeline/clients.ts'
import { inMemory } from '../support/in-memory.ts'
import { queryPacket } from '../support/packets.ts'

const COUNT = Math.max(200_000, Number(process.env['ASKFIRST_FUZZ'] ?? 0))
const GROWTH_MOST = 50 * 1024 ** 2

const collect = (): number => {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

test(`${COUNT} forged senders leave the resolver's memory within 50 MB`, async () => {
  const limits = { queries: 1000, perPrefix: 10_000, names: 500, inFlight: 500, over: 'truncate', exempt: [] } as const
  const server = inMemory({ settings: { limits } })
  const { answerer, clients, journal } = server.resolver
  const packet = queryPacket('www.example', { edns: 1232 })
  for (let i = 0; i < 3; i++) await server.slow(packet)
  const out = new Uint8Array(4096)
  const time = new Moment()
  const sender = new Uint8Array([10, 0, 0, 0])
  const before = collect()
  for (let i = 0; i < COUNT; i++) {
    sender[1] = i >> 16
    sender[2] = i >> 8
    sender[3] = i
    const client = clients.at(sender, 0, 4)
    if (answerer.quick(packet, 0, packet.length, client, 'udp', out, 0, time.take(server.clock)) === 0) {
      answerer.answer(packet, client, 'udp', () => {})
    }
    if (i % 1000 !== 0) continue
    server.clock.advance(10)
    journal.flush()
    journal.acknowledge(Number.MAX_SAFE_INTEGER)
    server.messages.length = 0
  }
  const grown = collect() - before
  process.stdout.write(`${COUNT} forged senders: ${(grown / 1024 ** 2).toFixed(1)} MB\n`)
  expect(grown).toBeLessThan(GROWTH_MOST)
  // Asked last, so that nothing of it was collected before it was measured.
  expect(clients.size).toBeGreaterThan(CLIENTS_KEPT)
  expect(clients.size).toBeLessThanOrEqual(2 * CLIENTS_KEPT)
}, 120_000)
