// The program with three resolver threads, as devices and people meet it: one server, whichever thread answers. With the
// batched listener and with node:dgram.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Stats } from '../../src/control/stats-schema.ts'
import { OPTION } from '../../src/wire/edns-options.ts'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { address, ask, cli } from '../support/asking.ts'
import { makePlace, mustRun } from '../support/house/place.ts'
import { type Running, start } from '../support/house/running.ts'
import { requireTools } from '../support/house/tools.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { fullRcodeOf, optionOf, queryPacket, readPacket } from '../support/packets.ts'
import { freePorts } from '../support/ports.ts'
import { collect, framed } from '../support/streams.ts'

const THREADS = 3
/** Ports to ask from: that one of three threads gets none of them happens once in 10^10 times. */
const MANY = 60
const BADCOOKIE = 23
const CLIENT_COOKIE = Buffer.from('0102030405060708', 'hex')

/** Patterns enough that a policy takes a while to be made ready. */
const PATTERNS = Array.from({ length: 1500 }, (_, i) => `/^p${i}[0-9]+q[a-z]{3}\\./\n`).join('')

/** 198.51.100.17 for e17.example: each name its own address. */
const ownAddress = (query: Buffer): string =>
  `198.51.100.${/^e(\d+)$/i.exec(query.toString('latin1', 13, 13 + (query[12] ?? 0)))?.[1] ?? 0}`

const usual = (query: Buffer): Buffer[] => [answerTo(query, '192.0.2.7')]

const each = <T>(of: (i: number) => Promise<T>, count = MANY): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => of(i)))

describe.each([
  ['batched', []],
  ['by node:dgram (--no-addons)', ['--no-addons']],
] as const)('three threads, %s', (_how, flags) => {
  let folder: string
  let upstream: NameServer
  let program: Running
  let home: Home
  let [dns, tls, http] = [0, 0, 0]
  let settings: object

  const run = async (config: string): Promise<Running> => {
    const [node, options] = askfirstCommand('run', '--config', config)
    const running = start(node, [...flags, ...options])
    await ready(running)
    return running
  }
  const api = `api/v1`
  const stats = async (): Promise<Stats> =>
    (await (await fetch(`http://127.0.0.1:${http}/${api}/stats`)).json()) as Stats
  const perThread = async (): Promise<number[]> => (await stats()).threads.map(({ queries }) => queries)
  /** The queries that each thread has answered meanwhile. */
  const during = async (what: () => Promise<unknown>): Promise<number[]> => {
    const before = await perThread()
    await what()
    return (await perThread()).map((queries, i) => queries - (before[i] ?? 0))
  }
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const headers = { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' }
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`http://127.0.0.1:${http}/${api}/${path}`, { method: 'POST', headers, body: text })
    expect(response.status).toBe(200)
    return response.json()
  }
  const answers = async (name: string): Promise<unknown[]> => [...new Set(await each(() => address(dns, name)))]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-threads-'))
    upstream = await startNameServer(usual)
    ;[dns = 0, tls = 0, http = 0] = await freePorts(3)
    const file = (name: string): string => join(folder, 'tls', name)
    await cli('cert', '--out', join(folder, 'tls'), '--name', 'dns.home.arpa', '--address', '127.0.0.1')
    settings = {
      threads: THREADS,
      listen: [`127.0.0.1:${dns}`],
      tls: { listen: [`127.0.0.1:${tls}`] },
      certificate: { file: file('cert.pem'), key: file('key.pem') },
      upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
      reports: { syslog: { udp: [], tcp: [] } },
      http: { listen: [`127.0.0.1:${http}`] },
      evidence: { holdBack: '0s', learning: '0s', deviceLearning: '0s' },
      network: { inside: ['127.0.0.0/8'] },
      devices: { neighbours: false },
    }
    home = await makeHome(folder, settings, { 'test.hosts': '0.0.0.0 ads.example\n', 'patterns.txt': PATTERNS })
    program = await run(home.config)
  })
  beforeEach(() => upstream.behave(usual))
  afterAll(async () => {
    await program?.stop()
    await upstream?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('share what comes over UDP, and each answers rightly; the figures of all are the figures of the server', async () => {
    const before = (await stats()).totals
    const shares = await during(() =>
      each(async (i) => {
        expect(await address(dns, 'ads.example')).toBe('127.0.0.1')
        expect(await address(dns, `n${i}.example`)).toBe('192.0.2.7')
      }),
    )
    expect(shares).toHaveLength(THREADS)
    for (const share of shares) expect(share).toBeGreaterThan(0)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(2 * MANY)
    const { totals, lists, upstreams, threads } = await stats()
    expect(totals.blocked - before.blocked).toBe(MANY)
    expect(totals.forwarded - before.forwarded).toBe(MANY)
    expect(threads.reduce((sum, { queries }) => sum + queries, 0)).toBe(totals.queries)
    for (const { cpuUs } of threads) expect(cpuUs).toBeGreaterThan(0)
    expect(lists.map(({ name, hits }) => [name, hits])).toContainEqual(['test.hosts', totals.blocked])
    expect(upstreams).toMatchObject([{ queries: totals.forwarded, tries: totals.forwarded, healthy: true }])
  })

  test('share connections over TCP', async () => {
    const before = (await stats()).connections.tcp.accepted
    const shares = await during(() =>
      each(async () => {
        const { socket, messages, count } = collect(connect(dns, '127.0.0.1'))
        socket.write(framed(queryPacket('ads.example')))
        await count(1)
        expect(readPacket(messages[0] as Buffer)).toMatchObject({ answers: [{ data: '127.0.0.1' }] })
        socket.destroy()
      }),
    )
    for (const share of shares) expect(share).toBeGreaterThan(0)
    expect((await stats()).connections.tcp.accepted - before).toBe(MANY)
  })

  test('take up each other’s TLS sessions', async () => {
    const dial = (session?: Buffer): Promise<{ session: Buffer; reused: boolean }> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({
          port: tls,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ...(session && { session }),
        })
        let kept: Buffer | undefined
        socket.on('error', reject)
        socket.on('session', (next: Buffer) => {
          kept = next
        })
        collect(socket)
          .count(1)
          .then(() => {
            resolve({ session: kept ?? Buffer.alloc(0), reused: socket.isSessionReused() })
            socket.destroy()
          }, reject)
        socket.write(framed(queryPacket('ads.example')))
      })
    const { session, reused } = await dial()
    expect(reused).toBe(false)
    const shares = await during(async () => {
      expect((await each(() => dial(session))).every((next) => next.reused)).toBe(true)
    })
    for (const share of shares) expect(share).toBeGreaterThan(0)
  })

  test('I1: whichever answered, the report that comes right behind is judged by it', async () => {
    const before = (await stats()).verdicts
    const device = '127.0.0.5'
    const reports = 200
    upstream.behave((query) => [answerTo(query, ownAddress(query))])
    const shares = await during(async () => {
      for (let i = 0; i < reports; i++) {
        await ask(dns, `e${i}.example`, {}, device)
        await post(
          'reports',
          `${new Date().toISOString()} gw kernel: X:ACCEPT:IN=eth1 OUT=eth0 SRC=${device} DST=198.51.100.${i} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=5 DPT=${1000 + i} WINDOW=64240 RES=0x00 SYN URGP=0`,
        )
      }
    })
    for (const share of shares) expect(share).toBeGreaterThan(0)
    const judged = async (): Promise<number> => ((await stats()).verdicts['asked'] ?? 0) - (before['asked'] ?? 0)
    await until('judged', async () => (await judged()) >= reports, 10_000)
    expect((await stats()).verdicts).toMatchObject({ asked: (before['asked'] ?? 0) + reports, 'direct-ip': 0 })
  })

  test('a rule, a reload and a pause hold in all of them as soon as they are said to', async () => {
    expect(await answers('rule.example')).toEqual(['192.0.2.7'])
    await post('rules', { kind: 'block', name: 'rule.example' })
    expect(await answers('rule.example')).toEqual(['127.0.0.1'])
    await post('pause', { seconds: 60 })
    expect(await answers('ads.example')).toEqual(['192.0.2.7'])
    await post('pause', { seconds: 0 })
    expect(await answers('ads.example')).toEqual(['127.0.0.1'])
    const config = await readFile(home.config, 'utf8')
    const from = program.lines.length
    await writeFile(
      home.config,
      JSON.stringify({ ...(JSON.parse(config) as object), blocking: { answer: 'nxdomain' } }),
    )
    await program.waitForLine('configuration loaded', { from, within: 5000 })
    const rcodes = await each(async () => readPacket(await ask(dns, 'ads.example')) as { rcode?: string })
    expect([...new Set(rcodes.map(({ rcode }) => rcode))]).toEqual(['NXDOMAIN'])
    await writeFile(home.config, config)
    await program.waitForLine('configuration loaded', { from: program.lines.length, within: 5000 })
  })

  test('one flush empties all of them', async () => {
    expect(await answers('moved.example')).toEqual(['192.0.2.7'])
    upstream.behave((query) => [answerTo(query, '192.0.2.8')])
    expect(await answers('moved.example')).toEqual(['192.0.2.7'])
    expect(await post('cache/flush', { name: 'moved.example' })).toMatchObject({ flushed: THREADS })
    expect(await answers('moved.example')).toEqual(['192.0.2.8'])
  })

  test('explain tells what the thread knows that was asked', async () => {
    await ask(dns, 'asked-once.example')
    const { code, text } = await cli('explain', '--url', `http://127.0.0.1:${http}`, 'asked-once.example')
    expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('192.0.2.7') as string })
  })

  test('a second server is told who has the port, though the kernel would let it share', async () => {
    const second = await makeHome(join(folder, 'second'), { ...settings, http: { listen: [] } })
    const { code, text } = await cli('run', '--config', second.config)
    expect(code).toBe(1)
    for (const port of [`UDP 127.0.0.1:${dns}`, `TCP 127.0.0.1:${dns}`, `TCP 127.0.0.1:${tls}`]) {
      expect(text).toContain(`${port} is held by`)
    }
  })

  test('they end in order, and what any of them had cached comes back in each', async () => {
    await answers('kept.example')
    expect(await program.stop('SIGTERM')).toBe(0)
    program = await run(home.config)
    const before = upstream.seen.udp
    const shares = await during(async () => expect(await answers('kept.example')).toEqual(['192.0.2.7']))
    for (const share of shares) expect(share).toBeGreaterThan(0)
    expect(upstream.seen.udp).toBe(before)
  })

  test('where cookies are required, that of one thread is good at all', async () => {
    await program.stop()
    const strict = await makeHome(join(folder, 'strict'), { ...settings, edns: { cookies: 'require' } })
    program = await run(strict.config)
    const first = await ask(dns, 'www.example', { options: { [OPTION.COOKIE]: CLIENT_COOKIE } })
    expect(fullRcodeOf(first)).toBe(BADCOOKIE)
    const cookie = optionOf(first, OPTION.COOKIE) as Buffer
    const shares = await during(async () => {
      const replies = await each(() => ask(dns, 'www.example', { options: { [OPTION.COOKIE]: cookie } }))
      expect([...new Set(replies.map(fullRcodeOf))]).toEqual([0])
    })
    for (const share of shares) expect(share).toBeGreaterThan(0)
  })
})

describe.skipIf(!requireTools())('an address that comes while three threads run', () => {
  test('is served by all of them, and let go by all when it goes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'askfirst-threads-'))
    const place = await makePlace(`afthr-${process.pid}`, [])
    try {
      const home = await makeHome(
        folder,
        {
          threads: THREADS,
          listen: ['0.0.0.0:5353'],
          upstreams: { servers: ['127.0.0.1:1'] },
          reports: { syslog: { udp: [], tcp: [] } },
          http: { listen: [] },
        },
        { 'test.hosts': '0.0.0.0 ads.example\n' },
      )
      const program = place.spawn(...askfirstCommand('run', '--config', home.config))
      await ready(program)
      const sockets = async (kind: '-u' | '-t'): Promise<number> => {
        const lines = await place.must('ss', ['-Hln', kind, 'src', '192.0.2.9'])
        return lines.split('\n').filter((line) => line.includes(':5353')).length
      }
      expect(await sockets('-u')).toBe(0)
      await mustRun('ip', ['-n', place.namespace, 'address', 'add', '192.0.2.9/32', 'dev', 'lo'])
      await until('UDP', async () => (await sockets('-u')) === THREADS, 20_000)
      await until('TCP', async () => (await sockets('-t')) === THREADS, 20_000)
      const asker = fileURLToPath(new URL('../support/udp-asker.ts', import.meta.url))
      const askers = Array.from({ length: 12 }, () =>
        place.spawn(process.execPath, [asker, '192.0.2.9', '5353', '5', 'ads.example']),
      )
      for (const one of askers) await one.waitForLine('answered 5', { within: 30_000 })
      await mustRun('ip', ['-n', place.namespace, 'address', 'del', '192.0.2.9/32', 'dev', 'lo'])
      await until('gone', async () => (await sockets('-u')) + (await sockets('-t')) === 0, 20_000)
      expect(await program.stop('SIGTERM')).toBe(0)
    } finally {
      await place.remove()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
