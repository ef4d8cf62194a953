// From a raw connection to an admitted one: is there room, may it ask here, whom does a proxy say it is for. Knows no
// protocol but the PROXY header.
import { createServer, type Socket } from 'node:net'
import { addressBytes, type Endpoint, inPrefixes, type Prefix } from '../base/address.ts'
import type { Live } from '../base/live.ts'
import type { Clients, Door } from '../pipeline/clients.ts'
import type { Entrances } from '../pipeline/entrances.ts'
import type { Connection, Connections, StreamKind } from './connections.ts'
import type { Refusal } from './doh-request.ts'
import type { Listener, ListenerKind } from './listener.ts'
import { PROXY_HEADER_MAX, readProxyHeader } from './proxy-header.ts'

/** Whom a listener believes when it speaks of others. May change while it runs. */
export interface Trust {
  /** Begin every connection with a PROXY header. */
  readonly proxyProtocol: readonly Prefix[]
  /** Tell the client's address in an HTTP header. */
  readonly httpProxies: readonly Prefix[]
}

/** What every listener of streams shares. */
export interface Reception {
  readonly connections: Connections
  readonly entrances: Entrances
  /** Other threads listen at the same addresses: the system deals the connections out (SO_REUSEPORT). */
  readonly shared: boolean
  trust: Trust
  /** Our own name over TLS; what stands before it is a client's id. */
  name: string | undefined
  /** HTTP responses by status. */
  readonly httpStatuses: HttpStatuses
}

/** HTTP responses by status; only ever grow. */
export type HttpStatuses = Record<Refusal | 200, number>

export const noHttpStatuses = (): HttpStatuses => ({
  200: 0,
  400: 0,
  404: 0,
  405: 0,
  408: 0,
  413: 0,
  414: 0,
  415: 0,
  503: 0,
})

/** A connection that may be served. */
export interface Admitted {
  readonly connection: Connection
  /** Those who come in where it came in. */
  readonly clients: Live<Clients>
  /** The address it counts as, as text. */
  readonly from: string
  /** Its peer is a trusted HTTP proxy: each request says whom it is for. */
  readonly isProxy: boolean
}

/** Listens for connections and hands on those that are admitted. Rejects with the system's error where it cannot. */
export async function listenStream(
  kind: ListenerKind,
  at: Endpoint,
  door: Door,
  reception: Reception,
  serve: (socket: Socket, admitted: Admitted) => void,
): Promise<Listener> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    accept(socket, kind, door, reception, serve)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const [ipv6Only, reusePort] = [at.address.includes(':'), reception.shared]
    server.listen({ host: at.address, port: at.port, ipv6Only, reusePort, backlog: 511 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // Accepting may fail for a moment, such as for want of file descriptors; the listener stays.
  server.on('error', () => {})
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : at.port
  return {
    kind,
    endpoint: { address: at.address, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

function accept(
  socket: Socket,
  kind: ListenerKind,
  door: Door,
  { connections, entrances, trust }: Reception,
  serve: (socket: Socket, admitted: Admitted) => void,
): void {
  const peer = socket.remoteAddress
  const bytes = peer === undefined ? undefined : addressBytes(peer)
  if (peer === undefined || bytes === undefined) {
    socket.destroy()
    return
  }
  const counted: StreamKind = kind === 'tcp' || kind === 'tls' ? kind : 'https'
  const speaksForOthers = inPrefixes(trust.proxyProtocol, bytes)
  const isHttpProxy = counted === 'https' && inPrefixes(trust.httpProxies, bytes)
  const connection = connections.admit(counted, peer, socket, speaksForOthers || isHttpProxy)
  if (connection === undefined) {
    socket.destroy()
    return
  }
  socket.on('close', () => connections.leave(connection))
  const clients = entrances.at({ address: socket.localAddress ?? '', port: socket.localPort ?? 0 })
  const goOn = (from: string, isProxy: boolean): void => {
    // Encrypted, a refusal would cost a handshake: who may not ask is cut off before. Plain HTTP is for proxies alone.
    const allowed =
      kind === 'http' ? isProxy : isProxy || door === 'plain' || clients.current.via(door, from, undefined).allowed
    if (!allowed) {
      connections.figures[counted].refused++
      socket.destroy()
    } else serve(socket, { connection, clients, from, isProxy })
  }
  if (!speaksForOthers) goOn(peer, isHttpProxy)
  else
    readHeader(socket, connection, (source) => {
      const from = source ?? peer
      const isProxy = counted === 'https' && inPrefixes(trust.httpProxies, addressBytes(from) as Uint8Array)
      if (!isProxy && source !== undefined && !connections.assign(connection, source)) socket.destroy()
      else goOn(from, isProxy)
    })
}

/** Takes the PROXY header off the stream; what stands behind it is left to be read. */
function readHeader(socket: Socket, connection: Connection, then: (source: string | undefined) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const take = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const header = readProxyHeader(seen)
      if (header.kind === 'more' && seen.length <= PROXY_HEADER_MAX) continue
      socket.off('readable', take)
      socket.off('end', hangUp)
      if (header.kind !== 'header') {
        connection.fault()
        return
      }
      const rest = seen.subarray(header.length)
      if (rest.length > 0) socket.unshift(rest)
      then(header.source)
      return
    }
  }
  const hangUp = (): void => void socket.destroy()
  socket.on('readable', take)
  socket.on('end', hangUp)
}
