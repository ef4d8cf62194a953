// Finds the admitted connection behind a TLS socket. A TLS server tells of its own socket only, so both ends' addresses
// are what the two have in common. Knows no protocol above.
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import type { Endpoint } from '../base/address.ts'
import { type Admitted, listenStream, type Reception } from './accept.ts'
import type { Identity } from './identity.ts'
import type { Listener } from './listener.ts'

/** A TLS server that takes admitted connections. */
export class Handshakes {
  readonly #server: Server
  readonly #admitted = new Map<string, Admitted>()

  /** Counts and ends what fails to become TLS. */
  constructor(server: Server) {
    this.#server = server
    server.on('tlsClientError', (_fault, socket) => {
      const failed = this.#admitted.get(keyOf(socket))
      if (failed === undefined) socket.destroy()
      else failed.connection.fault()
    })
  }

  /** Listens for connections and begins TLS on them, with the certificate of that moment. */
  async listen(kind: 'tls' | 'https', at: Endpoint, reception: Reception, identity: Identity): Promise<Listener> {
    identity.attach(this.#server)
    const listener = await listenStream(kind, at, kind, reception, (socket, admitted) => this.#begin(socket, admitted))
    return {
      ...listener,
      close: () => {
        identity.detach(this.#server)
        return listener.close()
      },
    }
  }

  /** Begins TLS on a raw connection. */
  #begin(socket: Socket, admitted: Admitted): void {
    const key = keyOf(socket)
    this.#admitted.set(key, admitted)
    socket.on('close', () => this.#admitted.delete(key))
    this.#server.emit('connection', socket)
  }

  /** The connection under a TLS socket; undefined where it is gone already. */
  of(socket: TLSSocket): Admitted | undefined {
    return this.#admitted.get(keyOf(socket))
  }
}

const keyOf = ({ remoteAddress, remotePort, localAddress }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress}`
