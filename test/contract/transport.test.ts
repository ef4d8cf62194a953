// Listeners on real sockets: UDP and TCP, v4 and v6, frames in any pieces, replies in any order, everything bounded.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import dns2 from 'dns2'
import { afterEach, describe, expect, test } from 'vitest'
import { type Endpoint, prefixes } from '../../src/base/address.ts'
import { systemClock } from '../../src/system-clock.ts'
import type { ConnectionBounds } from '../../src/transport/connections.ts'
import type { Listener } from '../../src/transport/listener.ts'
import { expandWildcard } from '../../src/transport/listener.ts'
import { holderOf, listenProblem } from '../../src/transport/port-holder.ts'
import { listenTcp } from '../../src/transport/tcp.ts'
import { listenUdp } from '../../src/transport/udp.ts'
import { until } from '../support/house/until.ts'
import { addressOf, type InMemory, inMemory, SETTINGS } from '../support/in-memory.ts'
import { queryPacket, readPacket } from '../support/packets.ts'
import { type Dialled, dial as dialPort, framed, proxyV2 } from '../support/streams.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

async function listen(kind: 'udp' | 'tcp', address = '127.0.0.1', server: InMemory = inMemory({})): Promise<Listener> {
  const { answerer, clients, reception } = server.resolver
  const at = { address, port: 0 }
  const listener =
    kind === 'udp'
      ? await listenUdp(at, answerer, { current: clients }, systemClock)
      : await listenTcp(at, answerer, reception)
  open.push(listener)
  return listener
}

describe('over UDP', () => {
  test.each([
    ['IPv4', '127.0.0.1'],
    ['IPv6', '::1'],
  ])('a question by %s is answered from the address that was asked', async (_family, address) => {
    const { endpoint } = await listen('udp', address)
    const socket = createSocket(address === '::1' ? 'udp6' : 'udp4')
    open.push({ close: () => socket.close() })
    for (let i = 0; i < 3; i++) {
      const reply = new Promise<{ packet: Buffer; from: string }>((resolve) =>
        socket.once('message', (packet, { address: from }) => resolve({ packet, from })),
      )
      socket.send(queryPacket('www.example', { id: i }), endpoint.port, address)
      const { packet, from } = await reply
      expect(from).toBe(address)
      expect(readPacket(packet)).toMatchObject({ id: i, answers: [{ data: '192.0.2.11' }] })
    }
  })

  test('another client of DNS reads the answer', async () => {
    const { endpoint } = await listen('udp')
    const ask = dns2.UDPClient({ dns: '127.0.0.1', port: endpoint.port })
    const reply = await ask('www.example', 'A')
    expect(reply.answers).toMatchObject([{ name: 'www.example', address: '192.0.2.11', ttl: 300 }])
  })

  test('datagrams that are no queries get no answer, and the next one is answered', async () => {
    const { endpoint } = await listen('udp')
    const socket = createSocket('udp4')
    open.push({ close: () => socket.close() })
    const got: Buffer[] = []
    const reply = new Promise<void>((resolve) => socket.on('message', (packet) => resolve(void got.push(packet))))
    const response = queryPacket('www.example')
    response[2] = 0x81
    for (const junk of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(11), response])
      socket.send(junk, endpoint.port, '127.0.0.1')
    socket.send(queryPacket('www.example', { id: 5 }), endpoint.port, '127.0.0.1')
    await reply
    expect(got.map((packet) => readPacket(packet).id)).toEqual([5])
  })
})

const serving = (bounds: Partial<ConnectionBounds>) => ({
  serving: { ...SETTINGS.serving, connections: { ...SETTINGS.serving.connections, ...bounds } },
})

const dial = async (port: number, options: Parameters<typeof dialPort>[1] = {}): Promise<Dialled> => {
  const dialled = await dialPort(port, options)
  open.push({ close: () => dialled.socket.destroy() })
  return dialled
}

describe('over TCP (RFC 7766)', () => {
  test('many pipelined queries in one segment are all answered', async () => {
    const { endpoint } = await listen('tcp')
    const { socket, messages, count } = await dial(endpoint.port)
    socket.write(
      Buffer.concat(Array.from({ length: 1000 }, (_, id) => framed(queryPacket(`n${id % 7}.example`, { id })))),
    )
    await count(1000)
    expect(new Set(messages.map((message) => message.readUInt16BE(0))).size).toBe(1000)
  })

  test('a query byte by byte is answered', async () => {
    const { endpoint } = await listen('tcp')
    const { socket, messages, count } = await dial(endpoint.port)
    socket.setNoDelay(true)
    for (const byte of framed(queryPacket('www.example'))) {
      await new Promise<void>((resolve) => socket.write(Buffer.of(byte), () => resolve()))
    }
    await count(1)
    expect(readPacket(messages[0] as Buffer).answers).toHaveLength(1)
  })

  test('a quick answer overtakes a slow one', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const server = inMemory({
      upstream: async (query) => {
        if (query.name === 'slow.example') await gate
        return addressOf(query)
      },
    })
    const { endpoint } = await listen('tcp', '127.0.0.1', server)
    const { socket, messages, count } = await dial(endpoint.port)
    socket.write(
      Buffer.concat([framed(queryPacket('slow.example', { id: 1 })), framed(queryPacket('quick.example', { id: 2 }))]),
    )
    await count(1)
    release()
    await count(2)
    expect(messages.map((message) => message.readUInt16BE(0))).toEqual([2, 1])
  })

  test('a client that closes its half still gets its answers, then the connection ends', async () => {
    const { endpoint } = await listen('tcp')
    const { socket, messages, closed } = await dial(endpoint.port)
    socket.end(Buffer.concat([framed(queryPacket('a.example')), framed(queryPacket('b.example'))]))
    await closed
    expect(messages).toHaveLength(2)
  })

  test('what is no DNS message ends the connection', async () => {
    const { endpoint } = await listen('tcp')
    const response = queryPacket('www.example')
    response[2] = 0x81
    for (const junk of [
      framed(Buffer.alloc(3)),
      Buffer.from('GET / HTTP/1.1\r\n\r\n').fill(0, 0, 2),
      framed(response),
    ]) {
      const { socket, messages, closed } = await dial(endpoint.port)
      socket.write(junk)
      await closed
      expect(messages).toEqual([])
    }
  })

  test('one client has a bounded number of connections, and gets a new one once an old one is gone', async () => {
    const server = inMemory({ settings: serving({ perClient: 3 }) })
    const { endpoint } = await listen('tcp', '127.0.0.1', server)
    const dialled = await Promise.all(Array.from({ length: 3 }, () => dial(endpoint.port)))
    const answered = async (port: number): Promise<boolean> => {
      const next = await dial(port)
      next.socket.write(framed(queryPacket('www.example')))
      return next.count(1).then(
        () => true,
        () => false,
      )
    }
    expect(await answered(endpoint.port)).toBe(false)
    dialled[0]?.socket.destroy()
    await until('a place is free', () => server.resolver.reception.connections.size === 2)
    expect(await answered(endpoint.port)).toBe(true)
    expect(server.resolver.reception.connections.figures.tcp.refused).toBe(1)
  })

  test('who is idle, or slow with a message, is let go; who is answered within that time stays', async () => {
    const server = inMemory({ settings: serving({ idle: 30_000 }) })
    const { connections } = server.resolver.reception
    const { endpoint } = await listen('tcp', '127.0.0.1', server)
    const [idle, loris, busy] = await Promise.all([dial(endpoint.port), dial(endpoint.port), dial(endpoint.port)])
    for (const one of [idle, loris, busy]) one.socket.write(framed(queryPacket('www.example')))
    await Promise.all([idle.count(1), loris.count(1), busy.count(1)])
    const query = framed(queryPacket('www.example'))
    for (let i = 0; i < 9; i++) {
      loris.socket.write(query.subarray(i, i + 1))
      busy.socket.write(query)
      await busy.count(2 + i)
      await until('the byte has left', () => loris.socket.destroyed || loris.socket.writableLength === 0)
      server.clock.advance(3000)
      connections.sweep()
    }
    await loris.closed
    server.clock.advance(3001)
    connections.sweep()
    await idle.closed
    busy.socket.write(query)
    await busy.count(11)
    expect(connections.figures.tcp).toMatchObject({ open: 1, timedOut: 2 })
  })

  test('nothing more is read from a peer that does not read, and in the end it is let go', async () => {
    const server = inMemory({})
    const { connections } = server.resolver.reception
    const { endpoint } = await listen('tcp', '127.0.0.1', server)
    const { socket, closed } = await dial(endpoint.port)
    socket.pause()
    const query = framed(queryPacket('www.example'))
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => query))
    let sent = 0
    // What we can write is bounded by both kernels' buffers: the server stops taking.
    while (socket.write(flood) || socket.writableLength < 4 * flood.length) sent += flood.length
    const before = server.entries().reduce((sum, { count }) => sum + count, 0)
    await until(
      'the server stands still',
      async () => {
        const now = server.entries().reduce((sum, { count }) => sum + count, 0)
        await new Promise((resolve) => setTimeout(resolve, 50))
        return now > before && now === server.entries().reduce((sum, { count }) => sum + count, 0)
      },
      15_000,
    )
    server.clock.advance(10_000)
    connections.sweep()
    connections.sweep()
    socket.resume()
    await closed
    expect(sent).toBeGreaterThan(0)
    expect(connections.figures.tcp).toMatchObject({ open: 0, timedOut: 1 })
  })
})

describe('with the PROXY protocol', () => {
  const behindProxy = async (): Promise<{ port: number; server: InMemory }> => {
    const trust = { proxyProtocol: prefixes('127.0.0.2'), httpProxies: [] }
    const server = inMemory({ settings: { serving: { ...SETTINGS.serving, trust } } })
    return { port: (await listen('tcp', '127.0.0.1', server)).endpoint.port, server }
  }
  const query = framed(queryPacket('www.example'))

  test.each([
    ['version 1', Buffer.from('PROXY TCP4 192.168.1.77 192.168.1.2 4000 53\r\n')],
    ['version 2', proxyV2('192.168.1.77', { extra: 40 })],
  ])('%s, a trusted sender says who asks, in whatever pieces', async (_version, header) => {
    const { port, server } = await behindProxy()
    const whole = await dial(port, { from: '127.0.0.2' })
    whole.socket.write(Buffer.concat([header, query, query]))
    const bytewise = await dial(port, { from: '127.0.0.2' })
    for (const byte of Buffer.concat([header, query])) {
      await new Promise<void>((resolve) => bytewise.socket.write(Buffer.of(byte), () => resolve()))
    }
    await Promise.all([whole.count(2), bytewise.count(1)])
    expect(new Set(server.entries().map(({ client }) => client))).toEqual(new Set(['192.168.1.77']))
  })

  test('the client that is named must be one that may ask', async () => {
    const { port } = await behindProxy()
    const { socket, messages, count } = await dial(port, { from: '127.0.0.2' })
    socket.write(Buffer.concat([proxyV2('203.0.113.9'), query]))
    await count(1)
    expect(readPacket(messages[0] as Buffer)).toMatchObject({ rcode: 'REFUSED' })
  })

  test('a trusted sender without a header is not served, and others cannot use one', async () => {
    const { port, server } = await behindProxy()
    const silent = await dial(port, { from: '127.0.0.2' })
    silent.socket.write(query)
    const forger = await dial(port, { from: '127.0.0.3' })
    forger.socket.write(Buffer.concat([proxyV2('192.168.1.77'), query]))
    await silent.closed
    const { connections } = server.resolver.reception
    expect(connections.figures.tcp.faulty).toBe(1)
    // Its header reads as the length of a message that never comes.
    server.clock.advance(10_000)
    connections.sweep()
    await forger.closed
    expect(server.entries()).toEqual([])
  })
})

describe('an address that cannot be listened on', () => {
  test.each(['udp', 'tcp'] as const)('over %s says who holds it', async (kind) => {
    const { endpoint } = await listen(kind)
    const { answerer, clients, reception } = inMemory({}).resolver
    const again =
      kind === 'udp'
        ? listenUdp(endpoint, answerer, { current: clients }, systemClock)
        : listenTcp(endpoint, answerer, reception)
    const problem = await again.then(
      () => undefined,
      (fault: unknown) => listenProblem(kind, endpoint, fault),
    )
    expect(problem?.code).toBe('ASKFIRST_E_LISTEN_IN_USE')
    expect(problem?.message).toContain(`(process ${process.pid})`)
    expect((await holderOf(kind, endpoint.port))?.pid).toBe(process.pid)
  })

  test('over TCP says how to see a connection that keeps its port after its end', async () => {
    const { endpoint } = await listen('tcp')
    const client = connect(endpoint.port, endpoint.address)
    await once(client, 'connect')
    const { localPort: port = 0 } = client
    client.destroy()
    await once(client, 'close')
    const { reception, answerer } = inMemory({}).resolver
    const there: Endpoint = { address: '127.0.0.1', port }
    const problem = await listenTcp(there, answerer, reception).then(
      () => undefined,
      (fault: unknown) => listenProblem('tcp', there, fault),
    )
    expect(problem?.code).toBe('ASKFIRST_E_LISTEN_IN_USE')
    expect(problem?.hint).toContain(`ss -antp 'sport = :${port}'`)
    expect(await holderOf('tcp', port)).toBeUndefined()
  })
})

test('a wildcard stands for every address of the machine, so that replies leave from the one that was asked', () => {
  const v4 = expandWildcard({ address: '0.0.0.0', port: 53 })
  expect(v4).toContainEqual({ address: '127.0.0.1', port: 53 })
  expect(expandWildcard({ address: '::', port: 53 }).every(({ address }) => address.includes(':'))).toBe(true)
  expect(expandWildcard({ address: '192.0.2.1', port: 53 })).toEqual([{ address: '192.0.2.1', port: 53 }])
})
