// Whatever arrives at the batched listener gets, datagram by datagram, what the pipeline alone says to it: an answer, a
// refusal or silence. 50,000 datagrams of a fixed seed; ASKFIRST_FUZZ=1000000 for more.
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { addressBytes } from '../../src/base/address.ts'
import { Inbox, Outbox } from '../../src/system/datagrams.ts'
import { LINUX, type Libc, openLibc } from '../../src/system/libc.ts'
import { IPV4, IPV6, makeName } from '../../src/system/socket-address.ts'
import { readable } from '../../src/transport/udp.ts'
import { openUdp } from '../../src/transport/udp-batch.ts'
import { inMemory, SETTINGS } from '../support/in-memory.ts'
import { queryPacket } from '../support/packets.ts'

const COUNT = Number(process.env['ASKFIRST_FUZZ'] ?? 50_000)
/** Datagrams that are sent before their answers are awaited: fewer than one batch, and than any receive buffer holds. */
const WINDOW = 60

const libc = await openLibc()
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe.skipIf(libc === undefined).each([
  ['127.0.0.1', Math.ceil(COUNT * 0.8)],
  ['::1', Math.ceil(COUNT * 0.2)],
])('at %s', (address, count) => {
  test(`${count} fuzzed datagrams get what the pipeline says, one by one`, async () => {
    const rules = { block: ['ads.example', '*.tracker.example'] }
    // Without prefetching: what the lane gives counts for no name, so a name of the twin is fetched anew before one of ours.
    const settings = { cacheHabits: { ...SETTINGS.cacheHabits, prefetch: false } }
    const [server, twin] = [inMemory({ rules, settings }), inMemory({ rules, settings })]
    const listener = await openUdp(
      { address, port: 0 },
      server.resolver.answerer,
      { current: server.resolver.clients },
      server.clock,
    )
    closing.push(() => listener.close())
    const peer = openPeer(libc as Libc, address, listener.endpoint.port)
    closing.push(() => peer.close())
    const make = datagrams(7)
    let answered = 0
    for (let sent = 0; sent < count; ) {
      const window = Array.from({ length: Math.min(WINDOW, count - sent) }, make)
      sent += window.length
      const expected: string[] = []
      for (const datagram of window) {
        const reply = await twin.slow(readable(datagram), address)
        if (reply !== undefined) expected.push(text(reply))
      }
      peer.send(window)
      const got = await peer.receive(expected.length)
      answered += got.length
      expect(got.sort()).toEqual(expected.sort())
      for (const { clock } of [server, twin]) clock.advance(sent % 700)
    }
    // Nothing more comes, and every answer is in the journal (I2).
    expect(await peer.receive(0)).toEqual([])
    expect(journalled(server)).toBe(answered)
    expect(answered).toBeGreaterThan(count / 3)
    expect(listener.unsent).toBe(0)
  }, 600_000)
})

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** Queries in the journal: those with their details, and those that were only counted. */
function journalled({ entries, messages }: ReturnType<typeof inMemory>): number {
  const detailed = entries().reduce((sum, { count }) => sum + count, 0)
  const lost = messages.flatMap((message) => (message.kind === 'batch' ? message.batch.lost : []))
  return detailed + lost.reduce((sum, one) => sum + one, 0)
}

/** A socket that sends and takes in batches itself: the fastest sender there is in one process with the listener. */
function openPeer(system: Libc, address: string, port: number) {
  const family = address.includes(':') ? IPV6 : IPV4
  const bytes = addressBytes(address) as Uint8Array
  const flags = LINUX.SOCK_DGRAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC
  const fd = system.socket(family.number, flags, 0)
  expect(system.bind(fd, makeName(family, bytes, 0, 0), family.size)).toBe(0)
  const inbox = new Inbox(system)
  const outbox = new Outbox(system, family.size)
  const to = makeName(family, bytes, port, 0)
  const flush = () => expect(outbox.flush(fd, () => expect.unreachable())).toBe(0)
  return {
    send(datagrams: readonly Uint8Array[]): void {
      for (const datagram of datagrams) {
        // A long one may need more room than a reply: the box is emptied first, and has it.
        if (outbox.isFull || datagram.length > 4096) flush()
        outbox.bytes.set(datagram, outbox.at)
        outbox.add(datagram.length, to, 0)
      }
      flush()
    },
    /** Takes what comes until there are so many, and a turn more. */
    async receive(count: number): Promise<string[]> {
      const got: string[] = []
      for (let idle = 0; idle < (got.length < count ? 10_000 : 2); idle++) {
        await turn()
        const taken = inbox.receive(fd)
        if (taken > 0) idle = -1
        for (let i = 0; i < taken; i++) got.push(text(inbox.bytes.subarray(inbox.at(i), inbox.at(i) + inbox.length(i))))
      }
      return got
    },
    close: () => system.close(fd),
  }
}

/** Datagrams of every kind, drawn by a small generator (mulberry32) from a seed. */
function datagrams(seed: number): () => Uint8Array {
  let state = seed
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => below(256))
  const bases = [
    ...['www.example', 'ADS.example', 'a.b.tracker.example', 'localhost', '.', `${'l'.repeat(63)}.example`].flatMap(
      (name) => [
        queryPacket(name),
        queryPacket(name, { type: 'AAAA', edns: 1232 }),
        queryPacket(name, { edns: 700, dnssecOk: true }),
      ],
    ),
    queryPacket('www.example', { type: 'ANY' }),
    queryPacket('www.example', { recursion: false }),
  ]
  const query = (): Uint8Array => {
    const packet = new Uint8Array(bases[below(bases.length)] as Uint8Array)
    packet[0] = below(256)
    packet[1] = below(256)
    return packet
  }
  const changed = (): Uint8Array => {
    const packet = query()
    for (let changes = 1 + below(6); changes > 0; changes--) packet[below(packet.length)] = below(256)
    return packet
  }
  const kinds: readonly (() => Uint8Array)[] = [
    query,
    query,
    query,
    changed,
    changed,
    changed,
    () => query().subarray(0, below(80)),
    () => Uint8Array.of(...query(), ...random(1 + below(40))),
    () => random(below(600)),
    () => new Uint8Array(below(20)),
    // Too long, but for a few; seldom, since they cost most.
    () => (below(20) === 0 ? Uint8Array.of(...query(), ...random(4000 + below(5000))) : new Uint8Array(0)),
  ]
  return () => (kinds[below(kinds.length)] as () => Uint8Array)()
}
