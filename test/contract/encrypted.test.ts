// TLS and HTTPS on real sockets: the same questions and answers as in plain, by clients of Node's own.
import { request as requestHttp } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { prefixes } from '../../src/base/address.ts'
import { type Made, makeAuthority, makeLeaf, type Subject } from '../../src/certificates/make.ts'
import type { ServingSettings } from '../../src/threads/messages.ts'
import { STREAM_BOUNDS } from '../../src/transport/connections.ts'
import { listenHttp, listenHttps } from '../../src/transport/https.ts'
import { Identity } from '../../src/transport/identity.ts'
import { listenTls } from '../../src/transport/tls.ts'
import { until } from '../support/house/until.ts'
import { addressOf, type InMemory, inMemory, SETTINGS } from '../support/in-memory.ts'
import { queryPacket, readPacket, responsePacket } from '../support/packets.ts'
import { collect, type Dialled, framed, proxyV2 } from '../support/streams.ts'

const SUBJECT: Subject = { names: ['dns.example'], addresses: ['127.0.0.1'] }
const now = Date.now()
let authority: Made
let leaf: Made
beforeAll(async () => {
  authority = await makeAuthority(SUBJECT, now)
  leaf = await makeLeaf(authority, SUBJECT, now)
})

const open: { close(): unknown }[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const thing of open.splice(0).reverse()) await thing.close()
})

interface Started {
  readonly port: number
  readonly server: InMemory
  readonly identity: Identity
}

async function listen(
  kind: 'tls' | 'https' | 'http',
  serving: Partial<ServingSettings> = {},
  upstream?: Parameters<typeof inMemory>[0]['upstream'],
): Promise<Started> {
  const settings = { serving: { ...SETTINGS.serving, name: 'dns.example', ...serving } }
  const server = inMemory({ settings, ...(upstream === undefined ? {} : { upstream }) })
  const { answerer, reception } = server.resolver
  const identity = new Identity(leaf, Buffer.alloc(48, 7))
  const at = { address: '127.0.0.1', port: 0 }
  const listener =
    kind === 'http'
      ? await listenHttp(at, answerer, reception)
      : await (kind === 'tls' ? listenTls : listenHttps)(at, answerer, reception, identity)
  open.push(listener)
  return { port: listener.endpoint.port, server, identity }
}

async function dial(
  port: number,
  options: ConnectionOptions & { localAddress?: string } = {},
): Promise<Dialled<TLSSocket>> {
  const { localAddress = '127.0.0.1', ...rest } = options
  const raw = connectTcp({ port, host: '127.0.0.1', localAddress })
  raw.on('error', () => {})
  const socket = connectTls({
    socket: raw,
    ca: authority.certificate,
    servername: 'dns.example',
    ALPNProtocols: ['dot'],
    ...rest,
  })
  open.push({ close: () => socket.destroy() })
  const dialled = collect(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', () => resolve())
    socket.once('close', () => reject(new Error('closed before the handshake was done')))
  })
  return dialled
}

const query = queryPacket('www.example')
const ask = async ({ socket, messages, count }: Dialled<TLSSocket>): Promise<unknown> => {
  const before = messages.length
  socket.write(framed(query))
  await count(before + 1)
  return readPacket(messages[before] as Buffer)
}
const ANSWER = { answers: [{ name: 'www.example', data: '192.0.2.11' }] }

describe('over TLS (RFC 7858)', () => {
  test('a question is answered, with the certificate checked and ALPN "dot", in TLS 1.3 and 1.2', async () => {
    const { port, server } = await listen('tls')
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const dialled = await dial(port, { maxVersion })
      expect(dialled.socket.getProtocol()).toBe(maxVersion)
      expect(dialled.socket.alpnProtocol).toBe('dot')
      expect(await ask(dialled)).toMatchObject(ANSWER)
    }
    expect(server.entries().map(({ transport, client }) => [transport, client])).toContainEqual(['tls', '127.0.0.1'])
    // What was answered twice comes from the lane, over streams too.
    expect(await ask(await dial(port))).toMatchObject(ANSWER)
    expect(server.entries().some(({ transport, lane }) => lane && transport === 'tls')).toBe(true)
  })

  test('pipelined queries in odd pieces are all answered', async () => {
    const { port } = await listen('tls')
    const { socket, messages, count } = await dial(port)
    const stream = Buffer.concat(
      Array.from({ length: 200 }, (_, id) => framed(queryPacket(`n${id % 7}.example`, { id }))),
    )
    for (let at = 0; at < stream.length; at += 333) socket.write(stream.subarray(at, at + 333))
    await count(200)
    expect(new Set(messages.map((message) => message.readUInt16BE(0))).size).toBe(200)
  })

  test('a client that closes its half still gets its answers', async () => {
    let release = (): void => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const { port } = await listen('tls', {}, async (asked) => {
      await gate
      return addressOf(asked)
    })
    const { socket, messages, closed } = await dial(port)
    socket.end(framed(query), () => setTimeout(release, 20))
    await closed
    expect(messages).toHaveLength(1)
  })

  test('a session is resumed, at another of our addresses too', async () => {
    const { port, server, identity } = await listen('tls')
    const { answerer, reception } = server.resolver
    const other = await listenTls({ address: '127.0.0.1', port: 0 }, answerer, reception, identity)
    open.push(other)
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const first = await dial(port, { maxVersion })
      const session = new Promise<Buffer>((resolve) => {
        first.socket.on('session', resolve)
        const there = maxVersion === 'TLSv1.2' ? first.socket.getSession() : undefined
        if (there !== undefined) resolve(there)
      })
      await ask(first)
      const second = await dial(other.endpoint.port, { maxVersion, session: await session })
      expect(second.socket.isSessionReused(), maxVersion).toBe(true)
      expect(await ask(second)).toMatchObject(ANSWER)
    }
  })

  test('after new ticket keys an old session is not taken up, but answered after a whole handshake; new ones are', async () => {
    const { port, identity } = await listen('tls')
    const session = async (maxVersion: 'TLSv1.2' | 'TLSv1.3', before?: Buffer) => {
      const dialled = await dial(port, { maxVersion, ...(before === undefined ? {} : { session: before }) })
      // With the answer, the tickets of TLS 1.3 have come.
      expect(await ask(dialled)).toMatchObject(ANSWER)
      return { reused: dialled.socket.isSessionReused(), next: dialled.socket.getSession() as Buffer }
    }
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const old = await session(maxVersion)
      expect((await session(maxVersion, old.next)).reused, maxVersion).toBe(true)
      identity.renewTickets(Buffer.alloc(48, maxVersion === 'TLSv1.3' ? 8 : 9))
      const across = await session(maxVersion, old.next)
      expect(across.reused, maxVersion).toBe(false)
      expect((await session(maxVersion, across.next)).reused, maxVersion).toBe(true)
      // A new certificate does not bring old keys back.
      identity.use(leaf)
      expect((await session(maxVersion, across.next)).reused, maxVersion).toBe(true)
    }
  })

  test('TLS below 1.2, another protocol and what is no TLS end the connection, counted', async () => {
    const { port, server } = await listen('tls')
    await expect(
      dial(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    ).rejects.toThrow()
    await expect(dial(port, { ALPNProtocols: ['h2'] })).rejects.toThrow()
    const raw = connectTcp(port, '127.0.0.1')
    raw.on('error', () => {})
    raw.write(framed(query))
    await new Promise((resolve) => raw.on('close', resolve))
    const { tls } = server.resolver.reception.connections.figures
    await until('all are gone', () => tls.open === 0)
    expect(tls).toMatchObject({ accepted: 3, faulty: 3 })
    expect(server.entries()).toEqual([])
  })

  test('a handshake that does not come on is let go like a slow message', async () => {
    const { port, server } = await listen('tls')
    const { connections } = server.resolver.reception
    const raw = connectTcp(port, '127.0.0.1')
    raw.on('error', () => {})
    raw.write(Buffer.from([0x16, 0x03, 0x01]))
    await until('it is there', () => connections.size === 1)
    server.clock.advance(STREAM_BOUNDS.message)
    connections.sweep()
    connections.sweep()
    await new Promise((resolve) => raw.on('close', resolve))
    await until('it is gone', () => connections.size === 0)
    expect(connections.figures.tls).toMatchObject({ open: 0, timedOut: 1 })
  })

  test('the label before our name is the client id, and only a plain label is one', async () => {
    const { port, server } = await listen('tls')
    const seen: (string | undefined)[] = []
    const { clients } = server.resolver
    const via = clients.via.bind(clients)
    clients.via = (door, address, id) => {
      if (address === '127.0.0.1') seen.push(id)
      return via(door, address, id)
    }
    for (const servername of ['TV.dns.example', 'dns.example', 'a.b.dns.example', 'other.test', 'x_y.dns.example']) {
      seen.length = 0
      expect(await ask(await dial(port, { servername, checkServerIdentity: () => undefined }))).toMatchObject(ANSWER)
      expect(seen.at(-1), servername).toBe(servername === 'TV.dns.example' ? 'tv' : undefined)
    }
  })

  test('who may not ask here is cut off before the handshake; the list of this door counts, not that of plain DNS', async () => {
    const [tls, https] = [prefixes('127.0.0.9'), prefixes('127.0.0.9')]
    const { port, server } = await listen('tls', { allowFrom: { tls, https } })
    await expect(dial(port)).rejects.toThrow()
    expect(server.resolver.reception.connections.figures.tls).toMatchObject({ refused: 1, faulty: 0 })
    expect(await ask(await dial(port, { localAddress: '127.0.0.9' }))).toMatchObject(ANSWER)
  })

  test('a new certificate serves new connections, and those that are open go on', async () => {
    const { port, identity } = await listen('tls')
    const before = await dial(port)
    expect(await ask(before)).toMatchObject(ANSWER)
    const next = await makeLeaf(authority, { ...SUBJECT, names: ['dns.example', 'new.dns.example'] }, now)
    identity.use(next)
    const after = await dial(port)
    expect(after.socket.getPeerCertificate().subjectaltname).toContain('new.dns.example')
    expect(before.socket.getPeerCertificate().subjectaltname).not.toContain('new.dns.example')
    expect(await ask(before)).toMatchObject(ANSWER)
    expect(await ask(after)).toMatchObject(ANSWER)
  })

  test('behind a PROXY header the handshake follows, and the client is the one that it names', async () => {
    const trust = { proxyProtocol: prefixes('127.0.0.2'), httpProxies: [] }
    const { port, server } = await listen('tls', { trust })
    const raw = connectTcp({ port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    raw.write(proxyV2('192.168.1.77'))
    const socket = connectTls({ socket: raw, ca: authority.certificate, servername: 'dns.example' })
    open.push({ close: () => socket.destroy() })
    expect(await ask(collect(socket))).toMatchObject(ANSWER)
    expect(server.entries().map(({ client }) => client)).toEqual(['192.168.1.77'])
  })
})

/** One response of HTTP. */
interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
}

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: Buffer
  readonly servername?: string
  readonly from?: string
}

function overHttp1(
  port: number,
  scheme: 'http' | 'https',
  { method = 'GET', path, headers = {}, body, servername = 'dns.example', from = '127.0.0.1' }: Asked,
): Promise<Answered> {
  const common = { port, host: '127.0.0.1', localAddress: from, method, path, headers, agent: false as const }
  const request =
    scheme === 'http' ? requestHttp(common) : requestHttps({ ...common, servername, ca: authority.certificate })
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      void response
        .toArray()
        .then(
          (chunks) =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
          reject,
        )
    })
    request.end(body)
  })
}

function http2(port: number, servername = 'dns.example'): ClientHttp2Session {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.certificate, servername })
  session.on('error', () => {})
  open.push({ close: () => session.destroy() })
  return session
}

function overHttp2(
  session: ClientHttp2Session,
  { method = 'GET', path = '/dns-query', headers = {}, body }: Asked,
): Promise<Answered> {
  const stream = session.request({ ':method': method, ':path': path, ...headers })
  return new Promise((resolve, reject) => {
    let head: Record<string, unknown> = {}
    const chunks: Buffer[] = []
    stream.on('response', (given) => {
      head = given
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => resolve({ status: Number(head[':status']), headers: head, body: Buffer.concat(chunks) }))
    stream.end(body)
  })
}

/** A request whose body has begun and does not come on. */
const begunHttp2 = (
  session: ClientHttp2Session,
  { headers = {} }: Asked,
  part: Uint8Array,
): Promise<Partial<Answered>> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/dns-query', ...headers })
    stream.on('response', (given) => resolve({ status: Number(given[':status']), headers: given }))
    stream.on('error', reject)
    stream.write(part)
  })

const begunHttp1 = (
  port: number,
  secure: boolean,
  { headers = {} }: Asked,
  part: Uint8Array,
): Promise<Partial<Answered>> =>
  new Promise((resolve, reject) => {
    const common = { port, host: '127.0.0.1', method: 'POST', path: '/dns-query', headers, agent: false as const }
    const request = secure
      ? requestHttps({ ...common, servername: 'dns.example', ca: authority.certificate })
      : requestHttp(common)
    request.on('response', ({ statusCode = 0, headers: given }) => resolve({ status: statusCode, headers: given }))
    request.on('error', reject)
    open.push({ close: () => request.destroy() })
    request.write(part)
  })

const CHUNKED = { 'transfer-encoding': 'chunked' }

/** As a server of the zone would say it: for a minute. */
const NO_SUCH_NAME = (name: string): Buffer =>
  responsePacket({
    flags: 0x0183,
    questions: [{ type: 'A', name }],
    authorities: [
      {
        type: 'SOA',
        name: 'example',
        ttl: 60,
        data: { mname: 'ns.example', rname: 'h.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
      },
    ],
  })

const ways = ['HTTP/2', 'HTTP/1.1', 'plain HTTP/1.1'] as const
async function server(
  way: (typeof ways)[number],
  upstream?: Parameters<typeof listen>[2],
): Promise<Started & { ask: (asked: Asked) => Promise<Answered> }> {
  const isPlain = way === 'plain HTTP/1.1'
  const trust = { proxyProtocol: [], httpProxies: isPlain ? prefixes('127.0.0.1') : [] }
  const started = await listen(isPlain ? 'http' : 'https', { trust }, upstream)
  const { port } = started
  if (way !== 'HTTP/2') return { ...started, ask: (asked) => overHttp1(port, isPlain ? 'http' : 'https', asked) }
  const session = http2(port)
  return { ...started, ask: (asked) => overHttp2(session, asked) }
}

const get = (packet: Uint8Array, path = '/dns-query'): Asked => ({
  path: `${path}?dns=${Buffer.from(packet).toString('base64url')}`,
})
const post = (body: Buffer, path = '/dns-query'): Asked => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/dns-message' },
  body,
})

describe.each(ways)('over HTTPS (RFC 8484), by %s', (way) => {
  test('GET and POST are answered; the reply may be kept as long as its smallest TTL, by the client alone', async () => {
    const {
      ask,
      server: { entries },
    } = await server(way)
    for (const asked of [get(query), post(query)]) {
      const { status, headers, body } = await ask(asked)
      expect(status).toBe(200)
      expect(headers).toMatchObject({
        'content-type': 'application/dns-message',
        'content-length': String(body.length),
        'cache-control': 'private, max-age=300',
      })
      expect(readPacket(body)).toMatchObject(ANSWER)
    }
    expect(readPacket((await ask(post(query))).body)).toMatchObject(ANSWER)
    expect(entries().every(({ transport }) => transport === 'https')).toBe(true)
    expect(entries().some(({ lane }) => lane)).toBe(true)
  })

  test('what is no question gets the status that says why', async () => {
    const {
      ask,
      server: { entries, resolver },
    } = await server(way)
    const response = Buffer.from(query)
    response[2] = 0x81
    const large = Buffer.alloc(70_000)
    const statuses: [Asked, number][] = [
      [get(query, '/'), 404],
      [get(query, '/dns-queryx'), 404],
      [get(query, '/dns-query/a/b'), 404],
      [{ path: '/dns-query' }, 400],
      [{ path: '/dns-query?dns=' }, 400],
      [{ path: '/dns-query?dns=AA%3D' }, 400],
      [get(Buffer.alloc(11)), 400],
      [get(response), 400],
      [get(Buffer.alloc(6000)), 414],
      [post(response), 400],
      [post(Buffer.alloc(0)), 400],
      [{ ...post(query), headers: { 'content-type': 'application/json' } }, 415],
      [{ ...post(query), headers: {} }, 415],
      [{ ...get(query), method: 'DELETE' }, 405],
      [{ ...post(large), headers: { 'content-type': 'application/dns-message', 'content-length': '70000' } }, 413],
    ]
    for (const [asked, wanted] of statuses) {
      const { status, headers } = await ask(asked)
      expect(status, `${asked.method ?? 'GET'} ${asked.path}`).toBe(wanted)
      expect(headers['cache-control']).toBe('no-store')
    }
    expect(entries()).toEqual([])
    const counted = Object.values(resolver.reception.httpStatuses).reduce((sum, count) => sum + count, 0)
    expect(counted).toBe(statuses.length)
    expect((await ask(get(query))).status).toBe(200)
  })

  test('405 names the methods, and a body that turns out too long is 413 without having said its length', async () => {
    const { ask } = await server(way)
    for (const method of ['HEAD', 'PUT', 'OPTIONS']) {
      const { status, headers } = await ask({ ...get(query), method })
      expect([status, headers['allow']], method).toEqual([405, 'GET, POST'])
    }
    // What node:http is given without a length it sends in chunks, and HTTP/2 always does.
    const headers = { 'content-type': 'application/dns-message', ...(way === 'HTTP/2' ? {} : CHUNKED) }
    const { status, headers: given } = await ask({ ...post(Buffer.alloc(70_000)), headers })
    expect([status, given['cache-control']]).toEqual([413, 'no-store'])
    expect((await ask(get(query))).status).toBe(200)
  })

  test('a body that does not come on is 408', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { port, server: its } = await server(way)
    const headers = { 'content-type': 'application/dns-message', 'content-length': '40' }
    const asked: Asked = { method: 'POST', path: '/dns-query', headers }
    const part = query.subarray(0, 5)
    const answered =
      way === 'HTTP/2' ? begunHttp2(http2(port), asked, part) : begunHttp1(port, way === 'HTTP/1.1', asked, part)
    // The timer for the body is the only one that runs.
    await until('the body has begun', () => vi.getTimerCount() > 0)
    vi.advanceTimersByTime(STREAM_BOUNDS.message)
    expect(await answered).toMatchObject({ status: 408, headers: { 'cache-control': 'no-store' } })
    expect(its.resolver.reception.httpStatuses[408]).toBe(1)
    expect(its.entries()).toEqual([])
  })

  test('a reply may be kept for what is left of its TTL, "no such name" as long as its zone says, a failure not at all', async () => {
    const { ask, server: its } = await server(way, (asked) => {
      if (asked.name.startsWith('no.')) return NO_SUCH_NAME(asked.name)
      if (asked.name.startsWith('bad.')) return responsePacket({ flags: 0x0182, questions: [] })
      return addressOf(asked)
    })
    const age = async (name: string): Promise<unknown> => (await ask(get(queryPacket(name)))).headers['cache-control']
    expect(await age('www.example')).toBe('private, max-age=300')
    its.clock.advance(100_000)
    // From the cache, then from the lane or the cache again.
    for (let i = 0; i < 3; i++) expect(await age('www.example')).toBe('private, max-age=200')
    expect(await age('no.example')).toBe('private, max-age=60')
    its.clock.advance(20_000)
    expect(await age('no.example')).toBe('private, max-age=40')
    expect(await age('bad.example')).toBe('private, max-age=0')
  })

  test('a message that DNS refuses is a DNS answer: FORMERR with 200, not to be kept', async () => {
    const { ask } = await server(way)
    const broken = Buffer.concat([query, Buffer.of(0)])
    const { status, headers, body } = await ask(post(broken))
    expect([status, headers['cache-control']]).toEqual([200, 'private, max-age=0'])
    expect(readPacket(body)).toMatchObject({ rcode: 'FORMERR' })
  })

  test('the path may name the client', async () => {
    const {
      ask,
      server: { resolver },
    } = await server(way)
    const ids: (string | undefined)[] = []
    const via = resolver.clients.via.bind(resolver.clients)
    resolver.clients.via = (door, address, id) => {
      ids.push(id)
      return via(door, address, id)
    }
    expect((await ask(get(query, '/dns-query/Tv'))).status).toBe(200)
    expect(ids.at(-1)).toBe('tv')
  })
})

describe('over HTTPS', () => {
  test('the TLS server name names the client where the path does not', async () => {
    const {
      port,
      server: { resolver },
    } = await listen('https')
    const ids: (string | undefined)[] = []
    const via = resolver.clients.via.bind(resolver.clients)
    resolver.clients.via = (door, address, id) => {
      ids.push(id)
      return via(door, address, id)
    }
    await overHttp1(port, 'https', { ...get(query), servername: 'tv.dns.example' })
    expect(ids.at(-1)).toBe('tv')
    await overHttp2(http2(port, 'radio.dns.example'), get(query))
    expect(ids.at(-1)).toBe('radio')
    await overHttp2(http2(port, 'radio.dns.example'), get(query, '/dns-query/tv'))
    expect(ids.at(-1)).toBe('tv')
  })

  test('many requests of one HTTP/2 session are answered in any order', async () => {
    const { port } = await listen('https')
    const session = http2(port)
    // Until the server has said how many it takes at once, a client may begin too many.
    await new Promise((resolve) => session.once('remoteSettings', resolve))
    const all = await Promise.all(
      Array.from({ length: 200 }, (_, i) => overHttp2(session, get(queryPacket(`n${i}.example`)))),
    )
    expect(all.every(({ status }) => status === 200)).toBe(true)
  })

  test('streams that are begun and given up do not pile up queries beyond the bound', async () => {
    const {
      port,
      server: { resolver, forwarded },
    } = await listen('https', {}, () => new Promise(() => {}))
    const session = http2(port)
    for (let i = 0; i < 5 * STREAM_BOUNDS.inFlight; i++) {
      const stream = session.request({ ':method': 'GET', ':path': get(queryPacket(`n${i}.example`)).path as string })
      stream.on('error', () => {})
      if (i % 50 === 49) await new Promise((resolve) => session.ping(() => resolve(undefined)))
      stream.close(constants.NGHTTP2_CANCEL)
    }
    await new Promise((resolve) => session.ping(() => resolve(undefined)))
    expect(forwarded.length).toBeLessThanOrEqual(STREAM_BOUNDS.inFlight)
    expect(resolver.reception.connections.size).toBeLessThanOrEqual(1)
  })

  test('a session with too many queries on their way gets 503, and answers again when they are done', async () => {
    const waiting: (() => void)[] = []
    const { port, server: its } = await listen('https', {}, async (asked) => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return addressOf(asked)
    })
    const session = http2(port)
    // Given up by the client, they still wait for their upstream.
    for (let i = 0; i < STREAM_BOUNDS.inFlight; i++) {
      const stream = session.request({ ':method': 'GET', ':path': get(queryPacket(`n${i}.example`)).path as string })
      stream.on('error', () => {})
      await new Promise((resolve) => session.ping(() => resolve(undefined)))
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const { status, headers } = await overHttp2(session, get(query))
    expect([status, headers['cache-control']]).toEqual([503, 'no-store'])
    expect(its.resolver.reception.httpStatuses[503]).toBe(1)
    for (const resolve of waiting.splice(0)) resolve()
    const again = overHttp2(session, get(query))
    await until('it is asked', () => waiting.length > 0)
    for (const resolve of waiting.splice(0)) resolve()
    expect((await again).status).toBe(200)
  })

  test('idle sessions are let go, and a new certificate cuts none', async () => {
    const {
      port,
      identity,
      server: { clock, resolver },
    } = await listen('https')
    const session = http2(port)
    expect((await overHttp2(session, get(query))).status).toBe(200)
    identity.use(await makeLeaf(authority, SUBJECT, now))
    expect((await overHttp2(session, get(query))).status).toBe(200)
    const gone = new Promise((resolve) => session.on('close', resolve))
    clock.advance(30_000)
    resolver.reception.connections.sweep()
    await gone
    await until('it is gone', () => resolver.reception.connections.size === 0)
  })

  test('a body that does not come is not waited for longer than any message', async () => {
    const {
      port,
      server: { clock, resolver },
    } = await listen('https')
    const request = requestHttps({
      port,
      host: '127.0.0.1',
      ca: authority.certificate,
      servername: 'dns.example',
      method: 'POST',
      path: '/dns-query',
      headers: { 'content-type': 'application/dns-message', 'content-length': '40' },
    })
    const failed = new Promise((resolve) => request.on('error', resolve))
    request.write(query.subarray(0, 5))
    await until('it is there', () => resolver.reception.connections.figures.https.accepted === 1)
    await until(
      'the request has begun',
      () => request.socket?.writableLength === 0 && (request.socket as TLSSocket).getProtocol() !== null,
    )
    clock.advance(STREAM_BOUNDS.message)
    resolver.reception.connections.sweep()
    resolver.reception.connections.sweep()
    await failed
    expect(resolver.reception.connections.figures.https.timedOut).toBe(1)
  })
})

describe('behind a reverse proxy', () => {
  const httpProxies = prefixes('127.0.0.1', '10.0.0.0/8')

  test.each([
    ['X-Forwarded-For', { 'x-forwarded-for': '192.168.1.77' }, '192.168.1.77'],
    ['what a client made up before it', { 'x-forwarded-for': '192.168.1.1, 192.168.1.77' }, '192.168.1.77'],
    ['two proxies in a row', { 'x-forwarded-for': '192.168.1.77, 10.0.0.5' }, '192.168.1.77'],
    ['Forwarded', { forwarded: 'for="[2001:db8::7]:4711";proto=https' }, '2001:db8::7'],
    ['nothing', {}, '127.0.0.1'],
    ['something that is no address', { 'x-forwarded-for': 'unknown' }, '127.0.0.1'],
  ])('the client is the nearest one that is no trusted proxy: %s', async (_what, headers, client) => {
    const {
      port,
      server: { entries },
    } = await listen('http', { trust: { proxyProtocol: [], httpProxies } })
    const { status } = await overHttp1(port, 'http', { ...get(query), headers })
    expect(status).toBe(200)
    expect(entries().map((entry) => entry.client)).toEqual([client])
  })

  test('the access list holds for the client, not for the proxy', async () => {
    const { port } = await listen('http', { trust: { proxyProtocol: [], httpProxies } })
    const { body } = await overHttp1(port, 'http', { ...get(query), headers: { 'x-forwarded-for': '203.0.113.9' } })
    expect(readPacket(body)).toMatchObject({ rcode: 'REFUSED' })
  })

  test('anybody else gets no plain HTTP, and over TLS is not believed', async () => {
    const plain = await listen('http', { trust: { proxyProtocol: [], httpProxies } })
    await expect(overHttp1(plain.port, 'http', { ...get(query), from: '127.0.0.9' })).rejects.toThrow()
    const {
      port,
      server: { entries },
    } = await listen('https', { trust: { proxyProtocol: [], httpProxies } })
    await overHttp1(port, 'https', { ...get(query), from: '127.0.0.9', headers: { 'x-forwarded-for': '192.168.1.77' } })
    expect(entries().map(({ client }) => client)).toEqual(['127.0.0.9'])
  })
})
