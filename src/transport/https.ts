// DNS over HTTPS (RFC 8484) on one address: HTTP/2 and HTTP/1.1 on one port, or plain HTTP/1.1 for a reverse proxy that
// has done the TLS. Knows requests and replies; what a request asks is read elsewhere.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse, Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Endpoint } from '../base/address.ts'
import type { Answerer } from '../pipeline/answer.ts'
import { freshness } from '../wire/freshness.ts'
import { type Admitted, listenStream, type Reception } from './accept.ts'
import { idFromServerName } from './client-id.ts'
import { STREAM_BOUNDS } from './connections.ts'
import { BODY_MAX, isQuery, type Refusal, readDohRequest } from './doh-request.ts'
import { forwardedFor } from './forwarded.ts'
import { Handshakes } from './handshakes.ts'
import type { Identity } from './identity.ts'
import type { Listener } from './listener.ts'
import { readable } from './udp.ts'

/** Bytes of a request's headers, all together; ours needs a few hundred. */
const HEADERS_MAX = 16 * 1024

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

/** A connection, and what its TLS server name calls the client. */
interface Guest extends Admitted {
  readonly id: string | undefined
}

/** Listens for HTTPS; rejects with the system's error where it cannot. */
export async function listenHttps(
  at: Endpoint,
  answerer: Answerer,
  reception: Reception,
  identity: Identity,
): Promise<Listener> {
  // HTTP/2 tells of sessions, HTTP/1.1 of sockets.
  const guests = new WeakMap<object, Guest>()
  const server = process.getBuiltinModule('node:http2').createSecureServer({
    ...identity.options,
    allowHTTP1: true,
    handshakeTimeout: STREAM_BOUNDS.message,
    maxSessionMemory: 4,
    settings: {
      enablePush: false,
      maxConcurrentStreams: STREAM_BOUNDS.inFlight,
      maxHeaderListSize: HEADERS_MAX,
    },
  })
  const handshakes = new Handshakes(server)
  const greet = (socket: TLSSocket): Guest | undefined => {
    const admitted = handshakes.of(socket)
    return admitted && { ...admitted, id: idFromServerName(socket.servername, reception.name) }
  }
  server.prependListener('secureConnection', (socket) => {
    const guest = greet(socket)
    if (guest !== undefined) guests.set(socket, guest)
    else socket.destroy()
  })
  server.on('session', (session) => {
    const guest = greet(session.socket as TLSSocket)
    if (guest === undefined) {
      session.destroy()
      return
    }
    guests.set(session, guest)
    const { connection } = guest
    const { end: raw } = connection
    connection.end = { end: () => session.close(), destroy: () => raw.destroy() }
    session.on('error', () => session.destroy())
  })
  server.on('sessionError', (_fault, session) => guests.get(session)?.connection.fault())
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const carrier: Http2Session | Socket = request.stream?.session ?? request.socket
    const guest = guests.get(carrier)
    if (guest === undefined) response.destroy()
    else serveRequest(request, response, guest, answerer, reception)
  })
  return handshakes.listen('https', at, reception, identity)
}

/** Listens for plain HTTP/1.1, which is taken from trusted proxies only. */
export async function listenHttp(at: Endpoint, answerer: Answerer, reception: Reception): Promise<Listener> {
  const guests = new WeakMap<object, Guest>()
  // Idle and slow connections are let go by the sweep, as everywhere.
  // Not imported: of a built-in module, `import` evaluates every export, and node:http has all of undici among them.
  const server = process
    .getBuiltinModule('node:http')
    .createServer({ keepAliveTimeout: 0, requestTimeout: 0, maxHeaderSize: HEADERS_MAX })
  server.on('request', (request, response) => {
    const guest = guests.get(request.socket)
    if (guest === undefined) response.destroy()
    else serveRequest(request, response, guest, answerer, reception)
  })
  server.on('clientError', (_fault, socket) => {
    const guest = guests.get(socket)
    if (guest === undefined) socket.destroy()
    else guest.connection.fault()
  })
  return listenStream('http', at, 'https', reception, (socket, admitted) => {
    guests.set(socket, { ...admitted, id: undefined })
    server.emit('connection', socket)
  })
}

/** Answers one request. */
function serveRequest(
  request: Request,
  response: Response,
  { connection, clients, from, isProxy, id: serverNameId }: Guest,
  answerer: Answerer,
  reception: Reception,
): void {
  connection.began()
  response.on('error', () => response.destroy())
  const refuse = (status: Refusal): void => {
    count(reception, status)
    connection.rejected()
    if (response.destroyed || response.headersSent) return
    if (status === 405) response.setHeader('allow', 'GET, POST')
    respond(response, status, 'text/plain; charset=utf-8', 'no-store', Buffer.from(`${REASONS[status]}\n`))
  }
  const { headers } = request
  const read = readDohRequest(request.method, request.url, headers['content-type'], headers['content-length'])
  if (read.kind === 'refuse') {
    request.resume()
    refuse(read.status)
    return
  }
  const answer = (message: Uint8Array): void => {
    if (connection.isFull) {
      refuse(503)
      return
    }
    const address = (isProxy ? forwardedFor(headers, reception.trust.httpProxies) : undefined) ?? from
    connection.asked()
    answerer.answerOne(
      readable(message),
      clients.current.via('https', address, read.id ?? serverNameId),
      'https',
      (reply) => {
        connection.answered()
        count(reception, 200)
        if (response.destroyed) return
        // Private: what one client is told, another one's rules may forbid.
        respond(response, 200, 'application/dns-message', `private, max-age=${freshness(reply)}`, Buffer.from(reply))
      },
    )
  }
  if (read.kind === 'message') {
    request.resume()
    answer(read.message)
  } else takeBody(request, answer, refuse)
}

/** Reads a body within its bounds of size and time. */
function takeBody(request: Request, take: (message: Uint8Array) => void, refuse: (status: Refusal) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  const stop = (status: Refusal): void => {
    clearTimeout(late)
    request.removeAllListeners('data').removeAllListeners('end')
    request.resume()
    refuse(status)
  }
  const late = setTimeout(() => stop(408), STREAM_BOUNDS.message)
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > BODY_MAX) stop(413)
    else chunks.push(chunk)
  })
  request.on('end', () => {
    clearTimeout(late)
    const message = Buffer.concat(chunks)
    if (isQuery(message)) take(message)
    else refuse(400)
  })
  request.on('close', () => clearTimeout(late))
}

function respond(response: Response, status: number, type: string, cache: string, body: Uint8Array): void {
  const headers = { 'content-type': type, 'content-length': body.length, 'cache-control': cache }
  ;(response as ServerResponse).writeHead(status, headers)
  ;(response as ServerResponse).end(body)
}

const count = ({ httpStatuses }: Reception, status: Refusal | 200): void => {
  httpStatuses[status]++
}

/** What a refused request is told, for whoever tries by hand. */
const REASONS: Readonly<Record<Refusal, string>> = {
  400: 'no DNS query: give one as ?dns=… in base64url, or as the body of a POST (RFC 8484)',
  404: 'DNS is served at /dns-query',
  405: 'GET or POST',
  408: 'the body took too long',
  413: 'larger than a DNS message can be',
  414: 'too long for a URL: use POST',
  415: 'the content type must be application/dns-message',
  503: 'too many queries at once on this connection',
}
