// A name server of the tests' own on a loopback port, UDP and TCP, that answers, lies or keeps silent as told.
import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import type { Endpoint } from '../../src/base/address.ts'

/** What it does with a query: the packets to send back, in order; none for silence. */
export type Behaviour = (query: Buffer, transport: 'udp' | 'tcp') => readonly Uint8Array[]

/** A running name server. */
export interface NameServer {
  readonly endpoint: Endpoint
  /** Queries that came in, by transport. */
  readonly seen: { udp: number; tcp: number }
  /** Source ports of UDP queries. */
  readonly ports: Set<number>
  behave(behaviour: Behaviour): void
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1, or on the given port. */
export async function startNameServer(behaviour: Behaviour, port = 0, address = '127.0.0.1'): Promise<NameServer> {
  let behave = behaviour
  const seen = { udp: 0, tcp: 0 }
  const ports = new Set<number>()
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    let rest: Buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk as Buffer])
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const query = rest.subarray(2, 2 + rest.readUInt16BE(0))
        rest = rest.subarray(2 + query.length)
        seen.tcp++
        for (const reply of behave(query, 'tcp')) {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          socket.write(Buffer.concat([length, reply]))
        }
      }
    })
  })
  await new Promise<void>((resolve) => tcp.listen(port, address, resolve))
  const { port: chosen } = tcp.address() as { port: number }
  const udp = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  udp.on('message', (query, from) => {
    seen.udp++
    ports.add(from.port)
    for (const reply of behave(query, 'udp')) udp.send(reply, from.port, from.address)
  })
  await new Promise<void>((resolve) => udp.bind(chosen, address, () => resolve()))
  return {
    endpoint: { address, port: chosen },
    seen,
    ports,
    behave: (next) => {
      behave = next
    },
    close: async () => {
      await new Promise<void>((resolve) => udp.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => tcp.close(() => resolve()))
    },
  }
}

/** An honest answer to a query: its own ID and question, then one A record. `change` may spoil it. */
export function answerTo(query: Buffer, address: string, change: (reply: Buffer) => void = () => {}): Buffer {
  let end = 12
  while ((query[end] ?? 0) !== 0) end += (query[end] as number) + 1
  end += 5
  const head = Buffer.from(query.subarray(0, end))
  head.writeUInt16BE(0x8180, 2)
  head.writeUInt16BE(1, 6)
  head.writeUInt16BE(0, 8)
  head.writeUInt16BE(0, 10)
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, ...address.split('.').map(Number)])
  const reply = Buffer.concat([head, record])
  change(reply)
  return reply
}

/** The same with a response code and no record. */
export function rcodeTo(query: Buffer, rcode: number): Buffer {
  const reply = answerTo(query, '0.0.0.0').subarray(0, -16)
  reply.writeUInt16BE(0, 6)
  reply[3] = 0x80 | rcode
  return reply
}

/** "There is no such record", with the SOA that lets caches keep that for 300 s (RFC 2308 §5). */
export function nodataTo(query: Buffer): Buffer {
  const reply = rcodeTo(query, 0)
  reply.writeUInt16BE(1, 8)
  const data = Buffer.alloc(22)
  data.writeUInt32BE(300, 18)
  return Buffer.concat([reply, Buffer.from([0xc0, 12, 0, 6, 0, 1, 0, 0, 1, 44, 0, data.length]), data])
}
