// An upstream of the tests' own over one transport, on a loopback port, that answers, lies, stalls or hangs up as told.
import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import {
  parseUpstream,
  plainServer,
  type UpstreamServer,
  type UpstreamTransport,
} from '../../src/base/upstream-server.ts'
import { startNameServer } from './name-server.ts'

const data = (file: string): string => readFileSync(new URL(`../data/tls/${file}`, import.meta.url), 'utf8')
/** The authority of the tests. */
export const TEST_CA = data('ca.pem')
export const TEST_CERTIFICATE = data('certificate.pem')
const KEY = data('key.pem')

/** What it does with a query: packets to send back, in order; none for silence. */
export type PeerBehaviour = (
  query: Buffer,
  transport: UpstreamTransport,
) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>

/** A running upstream. */
export interface Peer {
  readonly server: UpstreamServer
  /** Queries that came in, over UDP or a connection. */
  readonly seen: { queries: number; connections: number; resumed: number }
  behave(behaviour: PeerBehaviour): void
  /** Ends every connection, and goes on listening. */
  hangUp(): void
  close(): Promise<void>
}

/** What may be other than usual. */
export interface PeerOptions {
  readonly port?: number
  /** In the place of 127.0.0.1. */
  readonly address?: string
}

/** Starts one. */
export async function startPeer(
  transport: UpstreamTransport,
  behaviour: PeerBehaviour,
  { port = 0, address = '127.0.0.1' }: PeerOptions = {},
): Promise<Peer> {
  let behave = behaviour
  const seen = { queries: 0, connections: 0, resumed: 0 }
  const answer = async (query: Buffer): Promise<readonly Uint8Array[]> => {
    seen.queries++
    return behave(query, transport)
  }
  if (transport === 'udp') {
    const server = await startNameServer(
      (query) => {
        seen.queries++
        return behave(query, 'udp') as readonly Uint8Array[]
      },
      port,
      address,
    )
    return {
      server: serverAt('udp', server.endpoint.port, address),
      seen,
      behave: (next) => {
        behave = next
      },
      hangUp: () => {},
      close: () => server.close(),
    }
  }
  const sockets = new Set<Socket>()
  const listener = listen(transport, answer)
  listener.on('connection', (socket: Socket) => {
    seen.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  listener.on('secureConnection', (socket: TLSSocket) => {
    if (socket.isSessionReused()) seen.resumed++
  })
  await new Promise<void>((resolve) => listener.listen(port, address, resolve))
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    server: serverAt(transport, (listener.address() as { port: number }).port, address),
    seen,
    behave: (next) => {
      behave = next
    },
    hangUp,
    close: () => {
      hangUp()
      return new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  }
}

/** How the tests name an upstream at a port. */
export function serverAt(transport: UpstreamTransport, port: number, address = '127.0.0.1'): UpstreamServer {
  const host = address.includes(':') ? `[${address}]` : address
  const place = parseUpstream(`${transport}://${host}:${port}`)
  if ('problem' in place) throw new Error(place.problem)
  return plainServer(place)
}

type Answer = (query: Buffer) => Promise<readonly Uint8Array[]>

function listen(transport: 'tcp' | 'tls' | 'https', answer: Answer): Server | Http2SecureServer {
  const secret = { key: KEY, cert: TEST_CERTIFICATE }
  if (transport === 'tcp') return createTcpServer((socket) => serveFrames(socket, answer))
  if (transport === 'tls') {
    const server = createTlsServer({ ...secret, ALPNProtocols: ['dot'] }, (socket) => serveFrames(socket, answer))
    server.on('tlsClientError', () => {})
    return server
  }
  const server = createSecureServer(secret)
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      if (headers['content-type'] !== 'application/dns-message' || headers[':path'] !== '/dns-query') {
        stream.respond({ ':status': 415 }, { endStream: true })
        return
      }
      void answer(Buffer.concat(chunks)).then(([first]) => {
        if (first === undefined || stream.destroyed) return
        stream.respond({ ':status': 200, 'content-type': 'application/dns-message' })
        stream.end(first)
      })
    })
  })
  return server
}

function serveFrames(socket: Socket, answer: Answer): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const query = rest.subarray(2, 2 + rest.readUInt16BE(0))
      rest = rest.subarray(2 + query.length)
      void answer(query).then((replies) => {
        for (const reply of replies) {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          if (!socket.destroyed) socket.write(Buffer.concat([length, reply]))
        }
      })
    }
  })
}
