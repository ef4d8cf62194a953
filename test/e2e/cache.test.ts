// The cache and the limits of the real program: what the house notes when the line is down, after a restart, in a flood.
// Loopback only.
import { createSocket, type Socket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { type Running, start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { extendedErrorOf, queryPacket, readPacket } from '../support/packets.ts'

let folder: string
let upstream: NameServer
let asker: Socket
const programs: Running[] = []

/** An upstream whose answers live for a second. */
const shortLived = (address: string) => (query: Buffer) => [
  answerTo(query, address, (reply) => reply.writeUInt32BE(1, reply.length - 10)),
]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
  upstream = await startNameServer(shortLived('192.0.2.7'))
  asker = createSocket('udp4')
  await new Promise<void>((resolve) => asker.bind(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  asker.close()
  for (const program of programs.splice(0)) await program.stop()
  await upstream.close().catch(() => {})
  await rm(folder, { recursive: true })
})

interface Started {
  readonly program: Running
  readonly home: Home
  readonly dns: number
  readonly http: string
}

async function serve(config: object = {}): Promise<Started> {
  const [dns, http] = [await freePort(), await freePort()]
  const home = await makeHome(folder, {
    listen: [`127.0.0.1:${dns}`],
    upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
    reports: { syslog: { udp: [], tcp: [] } },
    http: { listen: [`127.0.0.1:${http}`] },
    devices: { neighbours: false },
    ...config,
  })
  const program = start(...askfirstCommand('run', '--config', home.config))
  programs.push(program)
  await ready(program)
  return { program, home, dns, http: `http://127.0.0.1:${http}` }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

let id = 0

/** Asks over UDP; says what came and after how many milliseconds. */
function ask(port: number, name: string): Promise<{ readonly reply: Buffer; readonly ms: number }> {
  const packet = queryPacket(name, { id: (id = (id + 1) & 0xffff), edns: 1232 })
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const late = setTimeout(() => reject(new Error(`no answer for ${name}`)), 5000)
    const take = (reply: Buffer): void => {
      if (reply.readUInt16BE(0) !== packet.readUInt16BE(0)) return
      clearTimeout(late)
      asker.off('message', take)
      resolve({ reply, ms: performance.now() - began })
    }
    asker.on('message', take)
    asker.send(packet, port, '127.0.0.1')
  })
}

const addressOf = (reply: Buffer): unknown => (readPacket(reply).answers?.[0] as { data?: unknown } | undefined)?.data
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const statsOf = async (http: string) => (await fetch(`${http}/api/v1/stats`)).json() as Promise<Stats>

interface Stats {
  readonly totals: { readonly stale: number; readonly refused: number }
  readonly cache: { readonly entries: number }
  readonly refused: Readonly<Record<string, number>>
  readonly limits: { readonly floods: readonly { readonly who: string }[] }
}

describe('while no upstream answers', () => {
  test.each([
    ['is dead', () => upstream.close()],
    ['is silent', async () => upstream.behave(() => [])],
  ])(
    'because it %s, cached names are answered stale within 50 ms with EDE 3, and fresh within 5 s of its return',
    async (_, kill) => {
      const { dns, http } = await serve()
      const names = Array.from({ length: 20 }, (_none, i) => `n${i}.example.com`)
      for (const name of names) await ask(dns, name)
      await sleep(1100)
      const { port } = upstream.endpoint
      await kill()
      // Somebody has to find out; where the upstream is silent, that takes as long as a device waits for a fresh answer.
      await ask(dns, names[0] as string)
      const times: number[] = []
      for (const name of names.slice(1)) {
        const { reply, ms } = await ask(dns, name)
        expect(addressOf(reply)).toBe('192.0.2.7')
        expect(extendedErrorOf(reply)?.code).toBe(3)
        times.push(ms)
      }
      expect(Math.max(...times)).toBeLessThan(50)
      expect((await statsOf(http)).totals.stale).toBeGreaterThanOrEqual(20)

      await upstream.close().catch(() => {})
      upstream = await startNameServer(shortLived('192.0.2.8'), port)
      const back = performance.now()
      await until(
        'a fresh answer',
        async () => addressOf((await ask(dns, names[3] as string)).reply) === '192.0.2.8',
        6000,
      )
      expect(performance.now() - back).toBeLessThan(5000)
    },
  )
})

test('10,000 who ask for the same name at the same time are one question to the upstream', async () => {
  const late = createSocket('udp4')
  await new Promise<void>((resolve) => late.bind(0, '127.0.0.1', resolve))
  let asked = 0
  late.on('message', (query, from) => {
    asked++
    setTimeout(() => late.send(answerTo(query, '192.0.2.7'), from.port, from.address), 700)
  })
  const { dns } = await serve({
    limits: { inFlight: 0 },
    upstreams: { servers: [`127.0.0.1:${late.address().port}`], attempts: 1 },
  })
  let answered = 0
  asker.setRecvBufferSize(8 * 1024 * 1024)
  asker.on('message', () => answered++)
  for (let i = 0; i < 10_000; i++) {
    asker.send(queryPacket('popular.example.com', { id: i }), dns, '127.0.0.1')
    if (i % 500 === 499) await sleep(1)
  }
  await until('the answers', () => answered >= 9000, 10_000)
  late.close()
  expect(asked).toBe(1)
})

test('the cache outlives a restart, and "askfirst flush" empties it', async () => {
  upstream.behave((query) => [answerTo(query, '192.0.2.7')])
  const first = await serve()
  await ask(first.dns, 'www.example.com')
  await programs.pop()?.stop()
  const second = await serve()
  const before = upstream.seen.udp
  await until('the cache of before', async () => (await statsOf(second.http)).cache.entries > 0)
  expect(addressOf((await ask(second.dns, 'www.example.com')).reply)).toBe('192.0.2.7')
  expect(upstream.seen.udp).toBe(before)
  const flush = start(...askfirstCommand('--config', second.home.config, 'flush', 'example.com', '--zone'))
  expect(await flush.ended).toBe(0)
  expect(flush.lines).toContain('1 answer for example.com and all under it forgotten')
  await ask(second.dns, 'www.example.com')
  expect(upstream.seen.udp).toBe(before + 1)
})

test('who floods is limited and named in the log, and others are answered', async () => {
  const { dns, http, program } = await serve({ limits: { exempt: [], queries: 100 } })
  await ask(dns, 'www.example.com')
  const flooder = createSocket('udp4')
  await new Promise<void>((resolve) => flooder.bind(0, '127.0.0.9', resolve))
  for (let i = 0; i < 3000; i++) flooder.send(queryPacket('www.example.com', { id: i }), dns, '127.0.0.1')
  await program.waitForLine('asks too much', { within: 5000 })
  expect((await ask(dns, 'www.example.com')).ms).toBeLessThan(500)
  flooder.close()
  const { refused, limits } = await statsOf(http)
  expect(refused['limit']).toBeGreaterThan(1000)
  expect(limits.floods[0]?.who).toBe('127.0.0.9')
})
