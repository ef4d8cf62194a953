// What every UDP listener keeps, whichever way it talks to the system: both are held to the same tests.
import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { prefixes } from '../../src/base/address.ts'
import { openLibc } from '../../src/system/libc.ts'
import { systemClock } from '../../src/system-clock.ts'
import { listenProblem } from '../../src/transport/port-holder.ts'
import { QUERY_MAX, type UdpListener, type UdpOptions } from '../../src/transport/udp.ts'
import { openUdp } from '../../src/transport/udp-batch.ts'
import { ProxiedDatagrams } from '../../src/transport/udp-proxy.ts'
import { addressOf, type InMemory, inMemory, SETTINGS } from '../support/in-memory.ts'
import { queryPacket, readPacket, responsePacket } from '../support/packets.ts'
import { proxyV2 } from '../support/streams.ts'

const canBatch = (await openLibc()) !== undefined

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A socket that keeps what it gets. */
interface Asker {
  readonly socket: Socket
  readonly got: Buffer[]
  send(packet: Uint8Array, to: UdpListener): void
  /** Resolves when that many packets have come. */
  count(packets: number): Promise<Buffer[]>
}

async function asker(address = '127.0.0.1'): Promise<Asker> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 ** 2 })
  const got: Buffer[] = []
  let check = (): void => {}
  socket.on('message', (packet) => {
    got.push(packet)
    check()
  })
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  closing.push(() => {
    try {
      socket.close()
    } catch {
      // The test has closed it.
    }
  })
  return {
    socket,
    got,
    send: (packet, { endpoint }) => socket.send(packet, endpoint.port, endpoint.address),
    count: (packets) =>
      new Promise((resolve) => {
        check = () => {
          if (got.length >= packets) resolve(got)
        }
        check()
      }),
  }
}

const idOf = (packet: Buffer): number => packet.readUInt16BE(0)
const rcodeOf = (packet: Buffer): number => (packet[3] as number) & 15
const [NOTIMP, REFUSED] = [4, 5]

describe('where koffi has a binary', () => {
  const known = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
  test.skipIf(!known)('datagrams are taken by the batch', () => {
    expect(canBatch).toBe(true)
  })
})

describe.each([
  ['batched', 'auto', canBatch],
  ['plain', 'plain', true],
] as const)('the %s listener', (_name, how, present) => {
  const it = test.skipIf(!present)

  async function listen(server: InMemory = inMemory({}), address = '127.0.0.1', port = 0, options: UdpOptions = {}) {
    const { answerer, clients } = server.resolver
    const listener = await openUdp({ address, port }, answerer, { current: clients }, systemClock, how, options)
    let closed: Promise<void> | undefined
    const close = () => (closed ??= listener.close())
    closing.push(close)
    return Object.assign(Object.create(listener) as UdpListener, { close, endpoint: listener.endpoint, listener })
  }

  it.each([
    ['IPv4', '127.0.0.1'],
    ['another address of the machine', '127.0.0.9'],
    ['IPv6', '::1'],
  ])('answers over %s from the address that was asked', async (_family, address) => {
    const to = await listen(inMemory({}), address)
    const { socket } = await asker(address === '::1' ? '::1' : '127.0.0.1')
    for (let id = 0; id < 3; id++) {
      const reply = new Promise<{ packet: Buffer; from: string; port: number }>((resolve) =>
        socket.once('message', (packet, { address: from, port }) => resolve({ packet, from, port })),
      )
      socket.send(queryPacket('www.example', { id }), to.endpoint.port, address)
      const { packet, ...from } = await reply
      expect(from).toEqual({ from: address, port: to.endpoint.port })
      expect(readPacket(packet)).toMatchObject({ id, answers: [{ data: '192.0.2.11' }] })
    }
  })

  describe('behind a load balancer with the PROXY protocol', () => {
    const BALANCER = '127.0.0.2'
    const behind = async () => {
      const serving = { ...SETTINGS.serving, proxyDatagrams: prefixes(BALANCER) }
      const server = inMemory({ settings: { serving } })
      const proxied = new ProxiedDatagrams()
      return { server, proxied, to: await listen(server, '127.0.0.1', 0, { proxied }), from: await asker(BALANCER) }
    }
    const askedBy = (server: InMemory): string[] => server.entries().map(({ client }) => client)

    it('each datagram is answered for whom its header names, from the pipeline and from the lane', async () => {
      const { server, proxied, to, from } = await behind()
      const clients = ['192.168.1.77', '192.168.1.78', 'fd00::7', '203.0.113.9']
      for (let round = 1; round <= 5; round++) {
        clients.forEach((client, i) => {
          const query = queryPacket('www.example', { id: 10 * round + i })
          from.send(Buffer.concat([proxyV2(client, { extra: 20 }), query]), to)
        })
        await from.count(round * clients.length)
      }
      const rcodes = new Map(from.got.map((reply) => [idOf(reply), rcodeOf(reply)]))
      // Who may not ask may not by a proxy either.
      for (let i = 0; i < 4; i++) expect(rcodes.get(50 + i)).toBe(i === 3 ? REFUSED : 0)
      expect(new Set(askedBy(server))).toEqual(new Set(clients))
      expect(server.entries().some(({ lane }) => lane)).toBe(true)
      expect(proxied).toMatchObject({ proxied: 20, faulty: 0 })
    })

    it('what it asks for itself counts as its own', async () => {
      const { server, to, from } = await behind()
      from.send(Buffer.concat([proxyV2('192.168.1.77', { command: 0 }), queryPacket('www.example')]), to)
      await from.count(1)
      expect(askedBy(server)).toEqual([BALANCER])
    })

    it('its datagrams without a good header are dropped and counted; a header from others is no query', async () => {
      const { server, proxied, to, from } = await behind()
      const good = Buffer.concat([proxyV2('192.168.1.77'), queryPacket('www.example')])
      const text = Buffer.from('PROXY UDP4 192.168.1.77 127.0.0.1 4000 53\r\n')
      const bad = [
        queryPacket('www.example'),
        Buffer.concat([text, queryPacket('www.example')]),
        good.subarray(0, 20),
        Buffer.concat([proxyV2('192.168.1.77', { version: 3 }), queryPacket('www.example')]),
        Buffer.alloc(0),
      ]
      for (const packet of bad) from.send(packet, to)
      from.send(good, to)
      await from.count(1)
      expect(from.got).toHaveLength(1)
      expect(proxied).toMatchObject({ proxied: 1, faulty: bad.length })
      const stranger = await asker('127.0.0.3')
      stranger.send(good, to)
      stranger.send(queryPacket('www.example', { id: 9 }), to)
      const replies = await stranger.count(2)
      // Read as a query, the header is one of an opcode that nobody has.
      expect(new Map(replies.map((reply) => [idOf(reply), rcodeOf(reply)]))).toEqual(
        new Map([
          [0x0d0a, NOTIMP],
          [9, 0],
        ]),
      )
      expect(askedBy(server).filter((client) => client === '192.168.1.77')).toHaveLength(1)
    })
  })

  it.each(['127.0.0.1', '::1'])('answers bursts of several askers at %s, each its own questions', async (address) => {
    const server = inMemory({ rules: { block: ['*.ads.example'] } })
    const to = await listen(server, address)
    const askers = await Promise.all(Array.from({ length: 5 }, () => asker(address)))
    for (let round = 1; round <= 10; round++) {
      // Sent before the listener has its turn: they wait together. Misses, first blocks and hits are mixed.
      askers.forEach(({ socket }, a) => {
        for (let i = 0; i < 30; i++) {
          const name = i % 3 === 0 ? `n${i}.ads.example` : i % 3 === 1 ? `Own${a}-${round}-${i}.example` : 'WWW.example'
          const packet = queryPacket(name, { id: round * 1000 + a * 100 + i, type: i % 2 === 0 ? 'A' : 'AAAA' })
          socket.send(packet, to.endpoint.port, address)
        }
      })
      const got = await Promise.all(askers.map(({ count }) => count(round * 30)))
      got.forEach((packets, a) => {
        const ids = packets.slice(-30).map(idOf)
        expect(ids.sort()).toEqual(Array.from({ length: 30 }, (_, i) => round * 1000 + a * 100 + i).sort())
        for (const packet of packets.slice(-30)) {
          const { questions } = readPacket(packet)
          const i = idOf(packet) % 100
          if (i % 3 === 1) expect(questions?.[0]?.name).toBe(`Own${a}-${round}-${i}.example`)
          if (i % 3 === 2) expect(questions?.[0]?.name).toBe('WWW.example')
        }
      })
    }
    expect(server.entries().reduce((sum, { count }) => sum + count, 0)).toBe(1500)
    expect(to.listener.unsent).toBe(0)
  })

  it('sends what comes late from upstream to its own asker, in whatever order it comes', async () => {
    const waiting: (() => void)[] = []
    const server = inMemory({
      upstream: async (query) => {
        await new Promise<void>((resolve) => waiting.push(resolve))
        return addressOf(query)
      },
    })
    const to = await listen(server)
    const askers = await Promise.all([asker(), asker()])
    for (let id = 0; id < 150; id++) for (const one of askers) one.send(queryPacket(`n${id}.example`, { id }), to)
    for (const one of askers) one.send(queryPacket('local.localhost', { id: 999 }), to)
    for (const one of askers) expect((await one.count(1)).map(idOf)).toEqual([999])
    while (waiting.length < 150) await turn()
    for (const release of waiting.reverse()) release()
    for (const one of askers) expect(new Set((await one.count(151)).map(idOf)).size).toBe(151)
  })

  it('gives no answer to what is no query, and one to the next that is', async () => {
    const server = inMemory({})
    const to = await listen(server)
    const { got, send, count } = await asker()
    const response = queryPacket('www.example')
    response[2] = 0x81
    const junk = [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(11), response]
    for (let round = 0; round < 20; round++) for (const packet of junk) send(packet, to)
    send(queryPacket('www.example', { id: 5 }), to)
    await count(1)
    expect(got.map(idOf)).toEqual([5])
    expect(server.resolver.answerer.dropped).toBe(80)
  })

  it('refuses who may not ask', async () => {
    const to = await listen(inMemory({ settings: { allowFrom: [] } }))
    const { send, count } = await asker()
    for (let id = 0; id < 50; id++) send(queryPacket('www.example', { id }), to)
    for (const packet of await count(50)) expect(packet.readUInt16BE(2) & 15).toBe(5)
  })

  it('reads a query of the largest size, and calls a longer one malformed by its header', async () => {
    const to = await listen()
    const { send, count } = await asker()
    const padded = (length: number, id: number): Buffer => {
      // RFC 7830: an EDNS option of padding.
      const plain = queryPacket('www.example', { id, edns: 1232 })
      const option = Buffer.alloc(length - plain.length)
      option.writeUInt16BE(12, 0)
      option.writeUInt16BE(option.length - 4, 2)
      plain.writeUInt16BE(option.length, plain.length - 2)
      return Buffer.concat([plain, option])
    }
    const sizes = [QUERY_MAX, QUERY_MAX + 1, 20_000, 65_507]
    // Each as the one that wakes the listener, and as one that waits behind it.
    for (const round of [0, 1]) {
      if (round === 1) send(queryPacket('www.example', { id: 99 }), to)
      for (const [id, size] of sizes.entries()) send(padded(size, id), to)
      const got = (await count(round === 0 ? 4 : 9)).slice(-4 - round)
      const byId = new Map(got.map((packet) => [idOf(packet), packet]))
      expect(readPacket(byId.get(0) as Buffer)).toMatchObject({ rcode: 'NOERROR', answers: [{ data: '192.0.2.11' }] })
      for (const id of [1, 2, 3]) {
        expect(byId.get(id)).toHaveLength(12)
        expect(readPacket(byId.get(id) as Buffer)).toMatchObject({ type: 'response', rcode: 'FORMERR' })
      }
    }
  })

  it('sends large replies whole, as many as are asked for at once', async () => {
    const answers = Array.from({ length: 120 }, (_, i) => ({
      type: 'A',
      name: 'many.example',
      ttl: 60,
      data: `192.0.2.${i}`,
    }))
    const upstream = () => responsePacket({ questions: [{ type: 'A', name: 'many.example' }], answers } as never)
    const to = await listen(inMemory({ upstream, settings: { udpSize: 4096 } }))
    const { send, count } = await asker()
    for (let id = 0; id < 100; id++) {
      send(queryPacket('many.example', { id, edns: 4096 }), to)
      if (id < 2) await count(id + 1)
    }
    for (const packet of await count(100)) expect(readPacket(packet).answers).toHaveLength(120)
  })

  it('goes on when an asker is gone before its reply', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = inMemory({
      upstream: async (query) => {
        if (query.name.startsWith('slow')) await gate
        return addressOf(query)
      },
    })
    const to = await listen(server)
    const gone = await Promise.all(Array.from({ length: 20 }, () => asker()))
    for (const one of gone) for (let id = 0; id < 10; id++) one.send(queryPacket(`slow${id}.example`, { id }), to)
    while (server.forwarded.length < 10) await turn()
    // The system tells the listener's socket of each reply that finds nobody: ICMP port unreachable.
    await Promise.all(gone.map(({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve()))))
    release()
    const stays = await asker()
    for (let id = 0; id < 100; id++) stays.send(queryPacket(`n${id % 7}.example`, { id }), to)
    expect(new Set((await stays.count(100)).map(idOf)).size).toBe(100)
  })

  it('lets others have their turn while more waits than it may answer at once', async () => {
    const server = inMemory({})
    const to = await listen(server)
    const { send, count } = await asker()
    for (let i = 0; i < 5000; i++) send(Buffer.alloc(1), to)
    while (server.resolver.answerer.dropped === 0) await turn()
    const first = server.resolver.answerer.dropped
    send(queryPacket('www.example'), to)
    await count(1)
    expect(first).toBeLessThan(server.resolver.answerer.dropped)
  })

  it('says nothing more once it is closed, and leaves the address to the next', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = inMemory({
      upstream: async (query) => {
        await gate
        return addressOf(query)
      },
    })
    const to = await listen(server)
    const one = await asker()
    one.send(queryPacket('late.example', { id: 1 }), to)
    while (server.forwarded.length < 1) await turn()
    await to.close()
    const next = await listen(inMemory({}), '127.0.0.1', to.endpoint.port)
    release()
    one.send(queryPacket('www.example', { id: 2 }), next)
    expect((await one.count(1)).map(idOf)).toEqual([2])
    for (let i = 0; i < 10; i++) await turn()
    expect(one.got.map(idOf)).toEqual([2])
  })

  it('shares an address with nobody unless it is told to', async () => {
    const to = await listen()
    const again = await listen(inMemory({}), '127.0.0.1', to.endpoint.port).then(
      () => undefined,
      (fault: unknown) => listenProblem('udp', to.endpoint, fault),
    )
    expect(again?.code).toBe('ASKFIRST_E_LISTEN_IN_USE')
    expect(again?.message).toContain(`(process ${process.pid})`)
    // Nor with a program that would bind over it.
    const thief = createSocket({ type: 'udp4', reuseAddr: true })
    const refused = new Promise<NodeJS.ErrnoException>((resolve) => thief.on('error', resolve))
    thief.bind(to.endpoint.port, '127.0.0.1')
    expect((await refused).code).toBe('EADDRINUSE')
    thief.close()
  })

  test.skipIf(!present || process.platform !== 'linux')(
    'shares its askers with another that is told to share',
    async () => {
      const servers = [inMemory({}), inMemory({})] as const
      const first = await listen(servers[0], '127.0.0.1', 0, { shared: true })
      await listen(servers[1], '127.0.0.1', first.endpoint.port, { shared: true })
      const askers = await Promise.all(Array.from({ length: 64 }, () => asker()))
      for (const one of askers) one.send(queryPacket('www.example'), first)
      for (const one of askers) await one.count(1)
      for (const { entries } of servers) expect(entries().length).toBeGreaterThan(0)
    },
  )

  it.each([
    ['of nobody', '192.0.2.1', 'EADDRNOTAVAIL'],
    ['of nobody, IPv6', '2001:db8::1', 'EADDRNOTAVAIL'],
  ])('rejects an address %s as the system does', async (_whose, address, code) => {
    await expect(listen(inMemory({}), address)).rejects.toMatchObject({ code })
  })

  const linkLocal = Object.entries(networkInterfaces())
    .flatMap(([name, all]) => (all ?? []).map(({ address }) => `${address}%${name}`))
    .find((address) => address.startsWith('fe80:'))
  test.skipIf(!present || linkLocal === undefined)('answers at a link-local address', async () => {
    const to = await listen(inMemory({}), linkLocal)
    const one = await asker(linkLocal)
    for (let id = 0; id < 100; id++) one.send(queryPacket(`n${id % 5}.example`, { id }), to)
    expect(new Set((await one.count(100)).map(idOf)).size).toBe(100)
  })
})
