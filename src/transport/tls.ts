// DNS over TLS (RFC 7858) on one address: admitted connections, a handshake, then the same stream as over TCP.
import type { Endpoint } from '../base/address.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Reception } from './accept.ts'
import { idFromServerName } from './client-id.ts'
import { STREAM_BOUNDS } from './connections.ts'
import { Handshakes } from './handshakes.ts'
import type { Identity } from './identity.ts'
import type { Listener } from './listener.ts'
import { serveStream } from './stream.ts'

/** Listens; rejects with the system's error where it cannot. */
export async function listenTls(
  at: Endpoint,
  answerer: Answerer,
  reception: Reception,
  identity: Identity,
): Promise<Listener> {
  // Not imported: node:tls takes 20 ms to load, and most houses never need it.
  const server = process.getBuiltinModule('node:tls').createServer({
    ...identity.options,
    // RFC 7858 §3.1 asks for no ALPN; who offers protocols must offer "dot" (IANA), or means somebody else.
    ALPNProtocols: ['dot'],
    handshakeTimeout: STREAM_BOUNDS.message,
  })
  const handshakes = new Handshakes(server)
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    const admitted = handshakes.of(socket)
    if (admitted === undefined) {
      socket.destroy()
      return
    }
    const { connection, clients, from } = admitted
    connection.end = socket
    const id = idFromServerName(socket.servername, reception.name)
    serveStream(socket, connection, 'tls', () => clients.current.via('tls', from, id), answerer)
  })
  return handshakes.listen('tls', at, reception, identity)
}
