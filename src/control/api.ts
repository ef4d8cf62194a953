// The HTTP API as a fastify app: gate, bodies, failures, OpenAPI. Knows neither sockets nor what is behind the views.
import type { Socket } from 'node:net'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { Endpoint } from '../base/address.ts'
import { SECOND } from '../base/clock.ts'
import { failure, failureHandler } from './failures.ts'
import { gate } from './gate.ts'
import { openApi } from './open-api.ts'
import { routes } from './routes.ts'
import { safeJson } from './safe-json.ts'
import { BODY_MAX } from './schemas.ts'
import type { Views } from './views.ts'

/** What the API needs to know. */
export interface ApiOptions {
  readonly views: Views
  /** Where it listens: these hosts are its own. */
  readonly listen: readonly Endpoint[]
  /** Without one, only loopback may be listened on. */
  readonly token: string | undefined
  readonly version: string
  /** Told of every fault of our own; clients are not. */
  readonly onFault: (fault: unknown) => void
}

/** The app that `inject` and `listen` are called on. */
export type Api = FastifyInstance

/** A whole request must have come after this; a body of 1 MiB needs 0.3 Mbit/s. */
const REQUEST_TIMEOUT = 30 * SECOND
/** An answer must have begun after this; `explain` reads through all lists, 1 s a million lines. */
const HANDLER_TIMEOUT = 30 * SECOND
/** A connection on which nothing moves, and one between two requests. */
const IDLE_TIMEOUT = 60 * SECOND
const KEEP_ALIVE = 10 * SECOND
/** Bytes of all headers; a token and a browser's headers need less than 2 KiB. */
const HEADERS_MAX = 8192

/** Nothing here is a page, nothing is to be kept, nothing belongs into another site. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Open to anybody: a health check has no token. */
const OPEN = '/healthz'

/** Builds the app; it listens nowhere yet. */
export async function buildApi({ views, listen, token, version, onFault }: ApiOptions): Promise<Api> {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_MAX,
    requestTimeout: REQUEST_TIMEOUT,
    handlerTimeout: HANDLER_TIMEOUT,
    connectionTimeout: IDLE_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
    forceCloseConnections: true,
    http: { maxHeaderSize: HEADERS_MAX },
    // Without them Fastify loads those that it would make its own with: a megabyte of program. Ours are set below.
    schemaController: { compilersFactory: { buildValidator: unasked, buildSerializer: unasked } },
    clientErrorHandler: refuseBytes,
    frameworkErrors: (error, request, reply) => failureHandler(onFault)(error, request, reply.headers(HEADERS)),
  })
  const refuses = gate(token, listen)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    const { host, origin, authorization } = request.headers
    const refusal = refuses({ method: request.method, host, origin, authorization })
    if (refusal === undefined) return
    if (refusal.status === 401) {
      if (request.routeOptions.url === OPEN) return
      reply.header('www-authenticate', 'Bearer realm="askfirst"')
    }
    return reply.code(refusal.status).send(failure(refusal.code, refusal.message))
  })
  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding']
    if (encoding === undefined || encoding === 'identity') return
    // A few KiB of gzip can unfold to more than any limit on the body means to allow.
    throw Object.assign(new Error('send the body as it is, without Content-Encoding'), { statusCode: 415 })
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(safeSerializer)
  app.setErrorHandler(failureHandler(onFault))
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(failure('ASKFIRST_E_HTTP_REQUEST', `there is no ${request.method} here: see /api/v1/openapi.json`)),
  )
  await app.register(swagger, openApi(version, token !== undefined))
  await app.register(routes(views))
  await app.ready()
  return app
}

const unasked = (): never => {
  throw new Error("every schema is zod's")
}

const safeSerializer: typeof serializerCompiler = (route) => {
  const serialize = serializerCompiler(route)
  return (data) => safeJson(serialize(data))
}

/** What is not HTTP at all, or too large or too slow, never becomes a request; it is answered on the bare socket. */
function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'the request took too long']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'the headers are larger than 8 KiB']
        : ['400 Bad Request', 'this is not a valid HTTP request']
  const body = JSON.stringify(failure('ASKFIRST_E_HTTP_REQUEST', message))
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}`
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`)
}
