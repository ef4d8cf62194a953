// A hundred changes of a list while thousands of questions a second are answered: none is lost, each is decided by one
// whole policy, and the memory stays. `ASKFIRST_RELOAD_RATE` is the rate; CI's machine has other things to do.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { ask } from '../support/asking.ts'
import { type Running, start } from '../support/house/running.ts'
import { requirePrograms, TOOL_PATH } from '../support/house/tools.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { extendedErrorOf, readPacket } from '../support/packets.ts'
import { freePorts } from '../support/ports.ts'

const RATE = Number(process.env['ASKFIRST_RELOAD_RATE'] ?? 2000)
const RELOADS = 100
/** Changes after which the memory has found its size. */
const SETTLED = 30
const NAMES = 3000
const nameOf = (number: number): string => `n${number}.blocked.example`

/** The list, in two orders: each name is blocked by both, and by another line of each. */
const names = Array.from({ length: NAMES }, (_, i) => nameOf(i))
const ORDERS = [names, names.toReversed()].map((order, i) => ['# a list', `version-${i}.example`, ...order])

describe.runIf(requirePrograms('dnsperf'))('a hundred changes of a list under load', () => {
  let folder: string
  let upstream: NameServer
  let program: Running
  let home: Home
  let port: number

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-reloads-'))
    upstream = await startNameServer((query) => [answerTo(query, '203.0.113.1')])
    const [dns = 0, http = 0] = await freePorts(2)
    port = dns
    home = await makeHome(
      folder,
      {
        listen: [`127.0.0.1:${dns}`],
        upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
        reports: { syslog: { udp: [], tcp: [] } },
        http: { listen: [`127.0.0.1:${http}`] },
        devices: { neighbours: false },
      },
      { 'ours.txt': textOf(0) },
    )
    const [node, args] = askfirstCommand('run', '--config', home.config)
    program = start(node, ['--max-semi-space-size=2', ...args])
    await ready(program)
  })
  afterAll(async () => {
    await program?.stop()
    await upstream?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const textOf = (version: number): string => `${(ORDERS[version % 2] as string[]).join('\n')}\n`
  const rss = async (): Promise<number> => {
    const status = await readFile(`/proc/${program.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
  }
  /** As an editor saves: whole, by renaming. */
  const change = async (version: number): Promise<void> => {
    await writeFile(join(folder, 'next'), textOf(version))
    await rename(join(folder, 'next'), join(home.lists, 'ours.txt'))
  }
  const lineNow = async (number: number): Promise<string> => {
    const reply = await ask(port, nameOf(number))
    const said = extendedErrorOf(reply)?.text ?? 'nothing'
    const { answers } = readPacket(reply)
    expect(answers?.map((answer) => (answer as { data?: unknown }).data)).toEqual(['127.0.0.1'])
    return said
  }

  test('loses no query, decides each by one whole policy, and needs no more memory', async () => {
    const queries = join(folder, 'queries')
    await writeFile(queries, [...names, 'free.example', 'open.example'].map((name) => `${name} A\n`).join(''))
    const options = ['-d', queries, '-Q', String(RATE), '-q', '20000', '-b', '4096', '-l', '600']
    const load = start('dnsperf', ['-s', '127.0.0.1', '-p', String(port), ...options], { env: { PATH: TOOL_PATH } })
    const known = new Set<string>()
    let settled = 0
    let version = 0
    for (; version < RELOADS; ) {
      await change(++version)
      const marker = `version-${version % 2}.example`
      await until(`version ${version} of the list`, async () => {
        for (let i = 0; i < 5; i++) known.add((await lineNow((version * 31 + i * 577) % NAMES)).replace(/\d+/g, '#'))
        const [first] = readPacket(await ask(port, marker)).answers ?? []
        return (first as { data?: unknown } | undefined)?.data === '127.0.0.1' || undefined
      })
      if (version === SETTLED) settled = await rss()
    }
    const after = await rss()
    // On which it prints its figures.
    await load.stop('SIGINT')
    const text = load.lines.join('\n')
    const figure = (what: string): number => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(text)?.[1])
    process.stdout.write(
      `${text.match(/Queries (sent|completed|lost|per second).*/g)?.join('; ')}; ${settled} kB, then ${after} kB\n`,
    )
    expect(figure('Queries sent')).toBeGreaterThan(RATE)
    expect(figure('Queries lost')).toBe(0)
    // One list, one rule each time: never another, nor none.
    expect([...known]).toHaveLength(1)
    expect(after).toBeLessThan(settled * 1.1)
  }, 300_000)
})
