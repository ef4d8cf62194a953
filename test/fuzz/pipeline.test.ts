// Mutated packets through the wire code and the whole pipeline, as queries over UDP and TCP and as what an upstream says:
// nothing throws, nothing grows, every reply is one that another decoder reads. 20,000 of a fixed seed;
// ASKFIRST_FUZZ=1000000 for all.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { chance } from '../../bench/chance.ts'
import { DAY } from '../../src/base/clock.ts'
import { type Query, wantsDnssec } from '../../src/base/question.ts'
import { Frames } from '../../src/transport/frames.ts'
import { scanMessage } from '../../src/wire/scan-message.ts'
import { failedReply, forwardedReply, type InMemory, inMemory, SETTINGS } from '../support/in-memory.ts'
import { queryPacket, readPacket, responsePacket } from '../support/packets.ts'
import { mutations } from './mutate.ts'
import { isWhole } from './walk.ts'

const COUNT = Number(process.env['ASKFIRST_FUZZ'] ?? 20_000)
const TIMEOUT = 60_000 + COUNT
/** Packets between two looks at what was left behind. */
const STEP = 1000
/** Heap that may have grown when all is done: caches of a MiB each, compiled code. */
const GROWTH_MOST = 32 * 1024 ** 2

const collection = (): Buffer[] => {
  const folder = new URL('../../../shared/data/dns/', import.meta.url).pathname
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.includes('.jsonl'))
    .flatMap((file) => {
      const bytes = readFileSync(`${folder}${file}`)
      const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n').filter(Boolean)
      return lines.map((line) => Buffer.from((JSON.parse(line) as { hex: string }).hex, 'hex'))
    })
    .filter((packet) => packet.length <= 2048)
}

const EMPTY = Buffer.alloc(0)
const QUERIES: readonly Buffer[] = [
  ...['A', 'AAAA', 'HTTPS', 'ANY', 'PTR', 'SOA', 'IXFR', 'TXT'].map((type) => queryPacket('www.example', { type })),
  ...['ads.example', 'localhost', '.', 'a'.repeat(63), '1.0.0.127.in-addr.arpa', 'use-application-dns.net'].map(
    (name) => queryPacket(name, { edns: 1232 }),
  ),
  queryPacket('www.example', { edns: 4096, dnssecOk: true }),
  queryPacket('www.example', {
    options: {
      3: EMPTY,
      8: Buffer.from('00011800cb0071', 'hex'),
      10: Buffer.alloc(8, 1),
      11: EMPTY,
      12: Buffer.alloc(9),
    },
  }),
]

const SOA = { mname: 'ns.example', rname: 'h.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 }
const RESPONSES: readonly Buffer[] = [
  responsePacket({
    questions: [{ type: 'A', name: 'www.example' }],
    answers: [
      { type: 'CNAME', name: 'www.example', ttl: 300, data: 'x.tracker.example' },
      { type: 'A', name: 'x.tracker.example', ttl: 300, data: '192.0.2.1' },
    ],
  }),
  responsePacket({
    questions: [{ type: 'AAAA', name: 'www.example' }],
    answers: [{ type: 'AAAA', name: 'www.example', ttl: 30, data: '2001:db8::1' }],
  }),
  responsePacket({
    flags: 0x0183,
    questions: [{ type: 'A', name: 'gone.example' }],
    authorities: [{ type: 'SOA', name: 'example', ttl: 60, data: SOA }],
  }),
]

/** A query's header with one additional record, and that record: an OPT with DO set. */
const ASK_HEAD = Buffer.from('123401000001000000000001', 'hex')
const ASK_OPT = Buffer.from('00002904d0000080000000', 'hex')

const collect = (): number => {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().heapUsed
}

/** A server with small stores, and an upstream that answers whatever `said` holds. */
function server(said: { packet: Uint8Array | undefined }): InMemory {
  return inMemory({
    rules: { block: ['ads.example', '*.tracker.example'] },
    settings: {
      cache: { ...SETTINGS.cache, bytes: 1024 ** 2 },
      edns: { ...SETTINGS.edns, clientSubnet: 'forward', nsid: 'cellar' },
      identity: { version: '1', host: 'cellar' },
    },
    upstream: (query) => fromUpstream(said.packet ?? plainAnswer(query), query),
  })
}

/** One address for whatever is asked, whatever its name: dns-packet would not write all of them. */
/** The cache keeps bytes and reads them again: what was taken once must read the same, and nothing of it be cut. */
function expectReadAgain(packet: Uint8Array, dnssecOk: boolean): void {
  const once = scanMessage(packet, { dnssecOk, trustAd: true })
  if ('malformed' in once) return
  const again = scanMessage(once.message.bytes, { dnssecOk: true, trustAd: true })
  if ('malformed' in again) throw new Error(`${again.malformed}: ${Buffer.from(packet).toString('hex')}`)
  const { handOuts, error: _, ...rest } = once.message
  const { handOuts: handOutsAgain, error: __, ...restAgain } = again.message
  // The response code's upper bits were in the OPT record; such answers are not kept.
  if (once.rcode < 16) expect(restAgain).toEqual(rest)
  expect(again.cut).toBe(0)
  expect(handOutsAgain.map(({ address, ttl }) => [address, ttl])).toEqual(
    handOuts.map(({ address, ttl }) => [address, ttl]),
  )
}

const plainAnswer = ({ wire, type }: Query): Uint8Array =>
  Buffer.concat([
    Buffer.from('000081800001000100000000', 'hex'),
    wire,
    Buffer.of(type >> 8, type & 255, 0, 1),
    Buffer.from('c00c00010001', 'hex'),
    Buffer.from('0000012c0004c0000201', 'hex'),
  ])

/** What an upstream's packet comes to, as the stage that asks it has it. */
function fromUpstream(packet: Uint8Array, query: Query) {
  const scanned = scanMessage(packet, { dnssecOk: wantsDnssec(query), trustAd: true })
  return 'malformed' in scanned ? failedReply('upstream-error') : forwardedReply(scanned, query)
}

/** Everything that is said to one packet; nothing for what is no query. */
async function repliesTo(one: InMemory, packet: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array[]> {
  const replies: Uint8Array[] = []
  const { dropped } = one.resolver.answerer
  one.resolver.answerer.answer(packet, one.client('192.168.1.5'), transport, (reply) => replies.push(reply))
  for (let i = 0; i < 12 && replies.length === 0 && one.resolver.answerer.dropped === dropped; i++)
    await Promise.resolve()
  expect(replies.length + one.resolver.answerer.dropped - dropped).toBe(1)
  return replies
}

function decoded(packet: Uint8Array, reply: Uint8Array) {
  try {
    return readPacket(reply)
  } catch (fault) {
    const hex = [packet, reply].map((bytes) => Buffer.from(bytes).toString('hex'))
    throw new Error(`another decoder does not read the reply to ${hex[0]}: ${hex[1]}`, { cause: fault })
  }
}

function isReadable(packet: Uint8Array): boolean {
  try {
    readPacket(packet)
    return true
  } catch {
    return false
  }
}

function check(packet: Uint8Array, reply: Uint8Array): void {
  const read = decoded(packet, reply)
  expect(isWhole(reply)).toBe(true)
  expect(read.id).toBe(((packet[0] as number) << 8) | (packet[1] as number))
  expect(read.flag_qr).toBe(true)
}

/** What tests of this kind leave behind in the harness, not in the server. */
function forget(one: InMemory, step: number): void {
  expect(one.messages.filter(({ kind }) => kind === 'trouble')).toEqual([])
  one.resolver.journal.flush()
  one.resolver.journal.acknowledge(Number.MAX_SAFE_INTEGER)
  one.messages.length = 0
  one.forwarded.length = 0
  one.clock.advance(step % 7000)
}

describe(`of ${COUNT} mutated packets`, () => {
  test(
    'every query over UDP gets one reply that another decoder reads, or is none; the lane says what the pipeline says',
    async () => {
      const one = server({ packet: undefined })
      const make = mutations([...QUERIES, ...QUERIES, ...QUERIES, ...collection()], 1)
      let answered = 0
      let before = 0
      for (let i = 0; i < COUNT; i++) {
        if (i % STEP === 0) forget(one, i)
        if (i === Math.floor(COUNT / 4)) before = collect()
        const packet = make()
        const fast = one.quick(packet)
        for (const reply of await repliesTo(one, packet, 'udp')) {
          answered++
          check(packet, reply)
          if (fast !== undefined) expect(Buffer.compare(fast, reply)).toBe(0)
        }
      }
      forget(one, 0)
      expect(answered).toBeGreaterThan(COUNT / 3)
      expect(collect() - before).toBeLessThan(GROWTH_MOST)
    },
    TIMEOUT,
  )

  test(
    'every query over TCP, in pieces of any length, gets one reply that another decoder reads, or is none',
    async () => {
      const one = server({ packet: undefined })
      const make = mutations([...QUERIES, ...collection()], 2)
      const random = chance(3)
      let frames = new Frames()
      let before = 0
      for (let i = 0; i < COUNT; i++) {
        if (i % STEP === 0) forget(one, i)
        if (i === Math.floor(COUNT / 4)) before = collect()
        const packet = make()
        const framed = Buffer.concat([Buffer.of(packet.length >> 8, packet.length & 255), packet])
        for (let at = 0; at < framed.length; ) {
          const end = at + 1 + Math.floor(random() * framed.length)
          frames.push(framed.subarray(at, end))
          at = end
        }
        const message = frames.next()
        if (message === 'junk') {
          frames = new Frames()
          continue
        }
        expect(Buffer.compare(message as Uint8Array, packet)).toBe(0)
        for (const reply of await repliesTo(one, packet, 'tcp')) check(packet, reply)
      }
      forget(one, 0)
      expect(collect() - before).toBeLessThan(GROWTH_MOST)
    },
    TIMEOUT,
  )

  test(
    'whatever an upstream says becomes a reply that is whole, and that another decoder reads if it reads the upstream’s',
    async () => {
      const said: { packet: Uint8Array | undefined } = { packet: undefined }
      const one = server(said)
      const make = mutations([...RESPONSES, ...RESPONSES, ...RESPONSES, ...collection()], 4)
      let before = 0
      let read = 0
      for (let i = 0; i < COUNT; i++) {
        if (i % STEP === 0) forget(one, i)
        if (i === Math.floor(COUNT / 4)) before = collect()
        said.packet = make()
        const scanned = scanMessage(said.packet, { dnssecOk: true, trustAd: true })
        if ('malformed' in scanned) continue
        read++
        for (const dnssecOk of [false, true]) expectReadAgain(said.packet, dnssecOk)
        // Its own question is asked: an answer to another one would not come as far as this.
        const { bytes, questionEnd } = scanned.message
        const ask = Buffer.concat([ASK_HEAD, bytes.subarray(12, questionEnd), ASK_OPT])
        // What was said before must not answer, nor fail, for it.
        one.clock.advance(10 * DAY)
        for (const reply of await repliesTo(one, ask, 'tcp')) {
          expect(isWhole(reply), Buffer.from(reply).toString('hex')).toBe(true)
          // The data of a record that dns-packet cannot read goes through as the upstream has it.
          if (isReadable(said.packet)) check(ask, reply)
        }
      }
      expect(read).toBeGreaterThan(COUNT / 20)
      forget(one, 0)
      expect(collect() - before).toBeLessThan(GROWTH_MOST)
    },
    TIMEOUT,
  )
})
