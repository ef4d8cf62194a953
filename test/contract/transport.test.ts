// Listeners on real sockets: UDP and TCP, v4 and v6, frames in any pieces, replies in any order, everything bounded.
import { createSocket } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import dns2 from 'dns2'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/system-clock.ts'
import type { Listener } from '../../src/transport/listener.ts'
import { expandWildcard } from '../../src/transport/listener.ts'
import { holderOf, listenProblem } from '../../src/transport/port-holder.ts'
import { listenTcp, TCP_BOUNDS } from '../../src/transport/tcp.ts'
import { listenUdp } from '../../src/transport/udp.ts'
import { addressOf, type InMemory, inMemory } from '../support/in-memory.ts'
import { queryPacket, readPacket } from '../support/packets.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

async function listen(kind: 'udp' | 'tcp', address = '127.0.0.1', server: InMemory = inMemory({})): Promise<Listener> {
  const { answerer, clients } = server.resolver
  const at = { address, port: 0 }
  const listener =
    kind === 'udp' ? await listenUdp(at, answerer, clients, systemClock) : await listenTcp(at, answerer, clients)
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

/** A TCP client that collects messages. */
async function dial(
  port: number,
): Promise<{ socket: Socket; messages: Buffer[]; closed: Promise<void>; count(n: number): Promise<void> }> {
  const socket = connect(port, '127.0.0.1')
  open.push({ close: () => socket.destroy() })
  const messages: Buffer[] = []
  let rest = Buffer.alloc(0)
  let check = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      messages.push(rest.subarray(2, 2 + rest.readUInt16BE(0)))
      rest = rest.subarray(2 + rest.readUInt16BE(0))
    }
    check()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  const count = (n: number) =>
    new Promise<void>((resolve) => {
      check = () => {
        if (messages.length >= n) resolve()
      }
      check()
    })
  return { socket, messages, closed, count }
}

const framed = (packet: Buffer): Buffer => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(packet.length)
  return Buffer.concat([length, packet])
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

  test('one client has a bounded number of connections', async () => {
    const { endpoint } = await listen('tcp')
    const dialled = await Promise.all(
      Array.from({ length: TCP_BOUNDS.connectionsPerClient }, () => dial(endpoint.port)),
    )
    const over = await dial(endpoint.port)
    await over.closed
    dialled[0]?.socket.destroy()
    await dialled[0]?.closed
    const deadline = Date.now() + 5000
    for (;;) {
      const next = await dial(endpoint.port)
      next.socket.write(framed(queryPacket('www.example')))
      await Promise.race([next.count(1), next.closed])
      if (next.messages.length === 1) break
      expect(Date.now()).toBeLessThan(deadline)
    }
  })
})

describe('an address that cannot be listened on', () => {
  test.each(['udp', 'tcp'] as const)('over %s says who holds it', async (kind) => {
    const { endpoint } = await listen(kind)
    const { answerer, clients } = inMemory({}).resolver
    const again =
      kind === 'udp' ? listenUdp(endpoint, answerer, clients, systemClock) : listenTcp(endpoint, answerer, clients)
    const problem = await again.then(
      () => undefined,
      (fault: unknown) => listenProblem(kind, endpoint, fault),
    )
    expect(problem?.code).toBe('ASKFIRST_E_LISTEN_IN_USE')
    expect(problem?.message).toContain(`(process ${process.pid})`)
    expect((await holderOf(kind, endpoint.port))?.pid).toBe(process.pid)
  })
})

test('a wildcard stands for every address of the machine, so that replies leave from the one that was asked', () => {
  const v4 = expandWildcard({ address: '0.0.0.0', port: 53 })
  expect(v4).toContainEqual({ address: '127.0.0.1', port: 53 })
  expect(expandWildcard({ address: '::', port: 53 }).every(({ address }) => address.includes(':'))).toBe(true)
  expect(expandWildcard({ address: '192.0.2.1', port: 53 })).toEqual([{ address: '192.0.2.1', port: 53 }])
})
