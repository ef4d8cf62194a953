// A flood of questions from a million forged addresses at the running program: its memory stays, the house is served,
// and what was known of the house is still known. Loopback only; wants root, for the raw socket of the forger.
import { createSocket } from 'node:dgram'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stats } from '../../src/control/stats-schema.ts'
import { askfirstCommand, makeHome, ready } from '../support/askfirst.ts'
import { type Running, start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { queryPacket, readPacket } from '../support/packets.ts'
import { freePorts } from '../support/ports.ts'
import { programInMemory } from '../support/process.ts'
import { dial, framed } from '../support/streams.ts'

const FORGER = new URL('../support/forged-senders.ts', import.meta.url).pathname
const SENDERS = 1_000_000
const GROWTH_MOST = 50 * 1024 ** 2

/** Devices of the house; the forger's addresses begin above them. */
const REPORTED = '127.0.0.11'
const OVER_TCP = '127.0.0.12'
const UDP_ONLY = '127.0.0.13'

describe.skipIf(process.getuid?.() !== 0)('a flood from forged addresses', () => {
  let folder: string
  let upstream: NameServer
  let program: Running
  let ports: { dns: number; http: number }

  const stats = async (): Promise<Stats> =>
    (await (await fetch(`http://127.0.0.1:${ports.http}/api/v1/stats`)).json()) as Stats
  /** What it keeps in memory; its program's pages come and go with what it does, and stand in a file. */
  const kept = async (): Promise<number> => {
    const status = await readFile(`/proc/${program.pid}/status`, 'utf8')
    const [anonymous, shared] = [/^RssAnon:\s+(\d+) kB$/m, /^RssShmem:\s+(\d+) kB$/m].map(
      (line) => line.exec(status)?.[1],
    )
    return (Number(anonymous) + Number(shared)) * 1024
  }
  const flood = async (count: number, senders: number): Promise<string> => {
    const forger = start(process.execPath, [
      FORGER,
      String(ports.dns),
      String(count),
      String(senders),
      'popular.example',
    ])
    expect(await forger.ended, forger.lines.join('\n')).toBe(0)
    return forger.lines.join('\n')
  }
  /** Asks over UDP from an address of the house; the first address of the answer. */
  const ask = (from: string, name: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const socket = createSocket('udp4')
      const late = setTimeout(() => reject(new Error(`no answer for ${name}`)), 5000)
      socket.on('message', (packet) => {
        clearTimeout(late)
        socket.close()
        resolve((readPacket(packet).answers?.[0] as { data?: unknown } | undefined)?.data)
      })
      socket.bind(0, from, () => socket.send(queryPacket(name), ports.dns, '127.0.0.1'))
    })
  /** The firewall reports a connection; resolves with the verdicts that it has come to. */
  const report = async (src: string, dst: string): Promise<Stats['verdicts']> => {
    const before = await stats()
    const sum = (verdicts: Stats['verdicts']): number => Object.values(verdicts).reduce((all, n) => all + n, 0)
    const line = `${new Date().toISOString()} gw kernel: X:ACCEPT:IN=eth1 OUT=eth0 SRC=${src} DST=${dst} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=5 DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0`
    const posted = await fetch(`http://127.0.0.1:${ports.http}/api/v1/reports`, { method: 'POST', body: line })
    expect(await posted.json()).toMatchObject({ reports: 1 })
    return until(
      `the verdict on ${src} to ${dst}`,
      async () => {
        const { verdicts } = await stats()
        if (sum(verdicts) === sum(before.verdicts)) return undefined
        return Object.fromEntries(
          Object.entries(verdicts).map(([kind, n]) => [
            kind,
            n - (before.verdicts[kind as keyof typeof verdicts] ?? 0),
          ]),
        ) as Stats['verdicts']
      },
      15_000,
    )
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-forged-'))
    // n7.example is 203.0.113.7, all other names are 203.0.113.1.
    upstream = await startNameServer((query) => {
      const number = /^n(\d+)\./i.exec(readPacket(query).questions?.[0]?.name ?? '')?.[1] ?? '1'
      return [answerTo(query, `203.0.113.${number}`)]
    })
    const [dns = 0, http = 0] = await freePorts(2)
    ports = { dns, http }
    const home = await makeHome(folder, {
      listen: [`127.0.0.1:${dns}`],
      upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
      reports: { syslog: { udp: [], tcp: [] } },
      evidence: { holdBack: '1s', learning: '0s', deviceLearning: '0s' },
      network: { inside: ['127.0.0.0/8'] },
      http: { listen: [`127.0.0.1:${http}`] },
      devices: { neighbours: false },
      // Loopback would be exempt from all limits.
      limits: { exempt: [] },
    })
    const [node, args] = askfirstCommand('run', '--config', home.config)
    // As every way of starting it that we ship does.
    program = start(node, ['--max-semi-space-size=2', ...args])
    await ready(program)
  })
  afterAll(async () => {
    await program?.stop()
    await upstream?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('of a million senders leaves the memory within 50 MB, and the house served and explained', async () => {
    // A house at work: what has been asked is in cache and lane, and the memory has found its size.
    await flood(50_000, 1000)
    expect(await ask(REPORTED, 'n7.example')).toBe('203.0.113.7')
    expect(await report(REPORTED, '203.0.113.7')).toMatchObject({ asked: 1 })
    const dialled = await dial(ports.dns, { from: OVER_TCP })
    dialled.socket.write(framed(queryPacket('n8.example')))
    await dialled.count(1)
    dialled.socket.destroy()
    expect(await ask(UDP_ONLY, 'n9.example')).toBe('203.0.113.9')

    // What only the start needed must not count for the flood.
    const started = async (): Promise<boolean> => (await programInMemory(`/proc/${program?.pid}`)) < 40_000_000
    await until('what the start needed to go back', started, 20_000)
    const before = await kept()
    const { queries } = (await stats()).totals
    const said = await flood(SENDERS, SENDERS)
    // What it leaves, once all of it has been counted.
    await until('the journal to be read', async () => (await stats()).totals.queries >= queries + SENDERS, 30_000)
    const grown = (await kept()) - before
    process.stdout.write(`${said}; resident memory grew by ${(grown / 1024 ** 2).toFixed(1)} MB\n`)
    expect(grown).toBeLessThan(GROWTH_MOST)

    // The house is served, and its evidence is right.
    expect(await ask(REPORTED, 'n10.example')).toBe('203.0.113.10')
    expect(await report(REPORTED, '203.0.113.7')).toMatchObject({ asked: 1 })
    expect(await report(OVER_TCP, '203.0.113.8')).toMatchObject({ asked: 1 })
    // Nothing but its questions spoke for this one, so it went with the flood; that is known, and proves nothing.
    expect(await report(UDP_ONLY, '203.0.113.9')).toMatchObject({ 'direct-ip': 0, borrowed: 0, unproven: 1 })

    // What had to go is counted and shown.
    const { evidence, totals } = await stats()
    expect(totals.queries).toBeGreaterThan(SENDERS)
    expect(evidence.strangers).toBeLessThanOrEqual(8192)
    expect(evidence.strangersForgotten).toBeGreaterThan(SENDERS / 2)
    const metrics = await (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text()
    expect(metrics).toMatch(/askfirst_strangers_forgotten_total [1-9]/)
    // Nor does it wear out the disk.
    expect((await stat(join(folder, 'state', 'evidence.log'))).size).toBeLessThan(16 * 1024 ** 2)
  })
})
