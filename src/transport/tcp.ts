// Plain DNS over TCP (RFC 7766) on one address. Knows how to listen; connections are served elsewhere.
import type { Endpoint } from '../base/address.ts'
import type { Answerer } from '../pipeline/answer.ts'
import { listenStream, type Reception } from './accept.ts'
import type { Listener } from './listener.ts'
import { serveStream } from './stream.ts'

/** Listens; rejects with the system's error where it cannot. */
export const listenTcp = (at: Endpoint, answerer: Answerer, reception: Reception): Promise<Listener> =>
  listenStream('tcp', at, 'plain', reception, (socket, { connection, clients, from }) =>
    serveStream(socket, connection, 'tcp', () => clients.current.of(from), answerer),
  )
