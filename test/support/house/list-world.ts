// A program: the web that lists come from, with its DNS, in a namespace of its own. Each line on stdin says what it answers
// from then on; each question and request is a line on stdout.
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { createInterface } from 'node:readline'
import { answerTo, nodataTo } from '../name-server.ts'
import { readPacket } from '../packets.ts'

/** What is served at a path. */
export interface Served {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** More bytes than that, in the place of a body. */
  readonly size?: number
  /** The connection is kept open and nothing is said. */
  readonly silent?: boolean
}

/** What the world is told. */
export interface World {
  readonly names: Readonly<Record<string, string>>
  readonly paths: Readonly<Record<string, Served>>
}

const [, , address = '', key = '', certificate = ''] = process.argv
let world: World = { names: {}, paths: {} }
const say = (line: object): void => console.log(JSON.stringify(line))

function serve(scheme: string, request: IncomingMessage, response: ServerResponse): void {
  const { status = 200, headers = {}, body = '', size, silent } = world.paths[request.url ?? ''] ?? { status: 404 }
  const given = request.headers
  const same =
    (headers['etag'] !== undefined && given['if-none-match'] === headers['etag']) ||
    (headers['last-modified'] !== undefined && given['if-modified-since'] === headers['last-modified'])
  const code = same ? 304 : status
  say({
    scheme,
    host: given.host,
    path: request.url,
    code,
    etag: given['if-none-match'],
    since: given['if-modified-since'],
  })
  if (silent === true) return
  response.writeHead(code, headers)
  response.end(same ? undefined : size === undefined ? body : 'x'.repeat(size))
}

const dns = createSocket('udp4')
dns.on('message', (query, from) => {
  const [question] = readPacket(query).questions ?? []
  const name = question?.name.toLowerCase() ?? ''
  const found = question?.type === 'A' ? world.names[name] : undefined
  say({ dns: name, type: question?.type })
  dns.send(found === undefined ? nodataTo(query) : answerTo(query, found), from.port, from.address)
})
createInterface({ input: process.stdin }).on('line', (line) => {
  world = JSON.parse(line) as World
  say({ told: Object.keys(world.paths).length })
})
dns.bind(53, address, () =>
  createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (...args) =>
    serve('https', ...args),
  ).listen(443, () =>
    createHttpServer((...args) => serve('http', ...args)).listen(80, () => say({ serving: address })),
  ),
)
