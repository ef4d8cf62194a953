// One TCP listener on one address (RFC 7766): pipelined queries, replies in any order, everything bounded.
import { createServer, type Socket } from 'node:net'
import type { Endpoint } from '../base/address.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Clients } from '../pipeline/clients.ts'
import type { Listener } from './listener.ts'

/** Bounds of TCP service. RFC 7766 §6.2.3 asks for idle time-outs of seconds; RFC 9210 §4.1 for limits in all and a client. */
export const TCP_BOUNDS = {
  connections: 512,
  connectionsPerClient: 32,
  idleMs: 10_000,
  /** Queries of one connection that may wait for their answers; beyond it reading pauses. */
  inFlight: 64,
  /** Bytes of replies that a client may leave unread before it is closed. */
  unread: 1024 * 1024,
} as const

/** Listens; rejects with the system's error where it cannot. */
export async function listenTcp(at: Endpoint, answerer: Answerer, clients: Clients): Promise<Listener> {
  const open = new Set<Socket>()
  const perClient = new Map<string, number>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const from = socket.remoteAddress ?? ''
    const already = perClient.get(from) ?? 0
    if (from === '' || open.size >= TCP_BOUNDS.connections || already >= TCP_BOUNDS.connectionsPerClient) {
      socket.destroy()
      return
    }
    open.add(socket)
    perClient.set(from, already + 1)
    socket.on('close', () => {
      open.delete(socket)
      const left = (perClient.get(from) ?? 1) - 1
      if (left === 0) perClient.delete(from)
      else perClient.set(from, left)
    })
    serve(socket, from, answerer, clients)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: at.address, port: at.port, ipv6Only: at.address.includes(':'), backlog: 511 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // Accepting may fail for a moment, such as for want of file descriptors; the listener stays.
  server.on('error', () => {})
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : at.port
  return {
    kind: 'tcp',
    endpoint: { address: at.address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** Serves one connection: frames of a 16-bit length and a message (RFC 1035 §4.2.2), in whatever pieces they come. */
function serve(socket: Socket, from: string, answerer: Answerer, clients: Clients): void {
  const client = clients.of(from)
  let rest: Buffer = Buffer.alloc(0)
  let inFlight = 0
  let ended = false
  let reading = false
  socket.setTimeout(TCP_BOUNDS.idleMs, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  const send = (reply: Uint8Array): void => {
    inFlight--
    if (socket.destroyed) return
    const framed = Buffer.allocUnsafe(2 + reply.length)
    framed.writeUInt16BE(reply.length)
    framed.set(reply, 2)
    socket.write(framed)
    if (socket.writableLength > TCP_BOUNDS.unread) socket.destroy()
    else read()
  }
  const read = (): void => {
    // A reply that is there at once comes back here: the loop below goes on, not a call within a call.
    if (reading) return
    reading = true
    while (inFlight < TCP_BOUNDS.inFlight && !socket.destroyed) {
      const packet = nextFrame()
      if (packet === undefined) break
      inFlight++
      answerer.answer(packet, client, 'tcp', send)
    }
    reading = false
    if (socket.destroyed) return
    if (ended && inFlight === 0) socket.end()
    else if (inFlight >= TCP_BOUNDS.inFlight) socket.pause()
    else if (socket.isPaused()) socket.resume()
  }
  const nextFrame = (): Buffer | undefined => {
    if (rest.length < 2) return undefined
    const size = rest.readUInt16BE(0)
    // Shorter than a header, or a response: no query, and not worth the connection.
    if (size < 12 || (rest.length > 4 && (rest[4] as number) & 0x80)) {
      socket.destroy()
      return undefined
    }
    if (rest.length < 2 + size) return undefined
    const packet = rest.subarray(2, 2 + size)
    rest = rest.subarray(2 + size)
    return packet
  }
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    read()
  })
  // A client may close its half after asking and still wants its answers.
  socket.on('end', () => {
    ended = true
    read()
  })
}
