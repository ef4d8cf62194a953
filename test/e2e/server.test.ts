// The program as people meet it: its command line, its first minute, its signals, its way with trouble. Loopback only.
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { address, ask, cli } from '../support/asking.ts'
import { type Running, start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { extendedErrorOf, readPacket } from '../support/packets.ts'
import { freePorts } from '../support/ports.ts'

let folder: string
let upstream: NameServer
const programs: Running[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
  upstream = await startNameServer((query) => [answerTo(query, '192.0.2.7')])
})
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop()
  await upstream.close()
  await rm(folder, { recursive: true })
})

interface Started {
  readonly program: Running
  readonly home: Home
  readonly dns: number
  readonly http: string
  readonly syslog: number
}

async function run(
  config: object = {},
  lists: Record<string, string> = { 'test.hosts': '0.0.0.0 ads.example\n' },
  env: Record<string, string> = {},
): Promise<Started> {
  const [dns = 0, http = 0, syslog = 0] = await freePorts(3)
  const whole = {
    listen: [`127.0.0.1:${dns}`],
    upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
    reports: { syslog: { udp: [`127.0.0.1:${syslog}`], tcp: [`127.0.0.1:${syslog}`] } },
    http: { listen: [`127.0.0.1:${http}`] },
    evidence: { holdBack: '0s', learning: '0s', deviceLearning: '0s' },
    devices: { neighbours: false },
    ...config,
  }
  const home = await makeHome(folder, whole, lists)
  const program = start(...askfirstCommand('run', '--config', home.config), { env })
  programs.push(program)
  await ready(program)
  return { program, home, dns, syslog, http: `http://127.0.0.1:${http}` }
}

describe('the first minute', () => {
  test('says what listens where, what is blocked, who is asked and what comes next', async () => {
    const { program, dns, http } = await run()
    const text = program.lines.join('\n')
    expect(text).toContain(`answers     127.0.0.1, port ${dns}, UDP and TCP`)
    expect(text).toContain('blocks      1 names of 1 list: test.hosts')
    expect(text).toContain(`forwards    to 127.0.0.1:${upstream.endpoint.port}`)
    expect(text).toContain('none has arrived yet')
    expect(text).toContain(`figures     ${http}/api/v1/stats`)
    expect(text).toMatch(/1\. Let DHCP hand out/)
    expect(text).toMatch(/2\. Let the firewall report/)
  })

  test('ends with who holds the port and the way out', async () => {
    const { dns } = await run()
    const second = await makeHome(join(folder, 'second'), {
      listen: [`127.0.0.1:${dns}`],
      http: { listen: [] },
      reports: { syslog: { udp: [], tcp: [] } },
    })
    const { code, text } = await cli('run', '--config', second.config)
    expect(code).toBe(1)
    expect(text).toContain(`UDP 127.0.0.1:${dns} is held by`)
    expect(text).toContain('ASKFIRST_E_LISTEN_IN_USE')
    expect(text).toContain('"listen"')
  })

  test('takes a list that is saved while everything starts', async () => {
    const [dns = 0] = await freePorts(1)
    const config = {
      listen: [`127.0.0.1:${dns}`],
      // More threads take longer to start.
      threads: 4,
      http: { listen: [] },
      reports: { syslog: { udp: [], tcp: [] } },
      devices: { neighbours: false },
    }
    const home = await makeHome(folder, config, { 'test.hosts': '0.0.0.0 ads.example\n' })
    const program = start(...askfirstCommand('run', '--config', home.config))
    programs.push(program)
    // The lists are compiled, and the threads begin.
    await until('lists compiled', () => existsSync(join(folder, 'state', 'policy')), 20_000)
    await appendFile(join(home.lists, 'test.hosts'), '0.0.0.0 late.example\n')
    await ready(program)
    await until('blocked', async () => (await address(dns, 'late.example')) === '127.0.0.1', 5000)
    expect(await address(dns, 'ads.example')).toBe('127.0.0.1')
  })

  test('without a network it starts all the same: blocked and local names are answered, the rest fails at once and says why', async () => {
    await upstream.close()
    const { dns } = await run()
    expect(await address(dns, 'ads.example')).toBe('127.0.0.1')
    expect(await address(dns, 'localhost')).toBe('127.0.0.1')
    const reply = await ask(dns, 'www.example')
    expect(readPacket(reply)).toMatchObject({ rcode: 'SERVFAIL' })
    expect([22, 23]).toContain(extendedErrorOf(reply)?.code)
    upstream = await startNameServer(() => [])
  })
})

describe('while it runs', () => {
  test('an edited list is live, a broken line is told with its place, and a broken file changes nothing (I4)', async () => {
    const { program, home, dns } = await run()
    const list = join(home.lists, 'test.hosts')
    expect(await address(dns, 'other.example')).toBe('192.0.2.7')
    await appendFile(list, '0.0.0.0 other.example\n0.0.0.0 not/a/name\n')
    await until('blocked', async () => (await address(dns, 'other.example')) === '127.0.0.1')
    const line = JSON.parse(await program.waitForLine('ASKFIRST_E_LIST_LINE')) as object
    expect(line).toMatchObject({ file: list, line: 3 })
    const from = program.lines.length
    await writeFile(list, '<!DOCTYPE html><html><body>captive portal</body></html>\n')
    await program.waitForLine('the policy before stays in force', { from, within: 5000 })
    expect(await address(dns, 'other.example')).toBe('127.0.0.1')
  })

  test('a changed configuration is taken; one with a mistake is told and changes nothing (I4)', async () => {
    const { program, home, dns } = await run()
    const config = JSON.parse(await readFile(home.config, 'utf8')) as object
    await writeFile(home.config, JSON.stringify({ ...config, blocking: { answer: 'nxdomain' } }))
    await program.waitForLine('configuration loaded', { within: 5000 })
    expect(readPacket(await ask(dns, 'ads.example'))).toMatchObject({ rcode: 'NXDOMAIN' })
    await writeFile(home.config, JSON.stringify({ ...config, bloking: {} }))
    expect(await program.waitForLine('ASKFIRST_E_CONFIG_KEY', { within: 5000 })).toContain('blocking')
    await program.waitForLine('the one before stays in force')
    expect(readPacket(await ask(dns, 'ads.example'))).toMatchObject({ rcode: 'NXDOMAIN' })
  })

  test('SIGHUP takes everything anew, SIGTERM ends it in order', async () => {
    const { program } = await run()
    const from = program.lines.length
    process.kill(program.pid, 'SIGHUP')
    await program.waitForLine('lists loaded', { from, within: 5000 })
    expect(await program.stop('SIGTERM')).toBe(0)
  })

  test('a fault that nobody foresaw ends it in order: it is told with its place, and what was learnt is kept', async () => {
    const fault = "data:text/javascript,process.once('SIGUSR2',()=>{throw(Error('unforeseen'))})"
    const { program, home, dns, http } = await run({}, {}, { NODE_OPTIONS: `--import=${fault}` })
    expect(await address(dns, 'www.example')).toBe('192.0.2.7')
    process.kill(program.pid, 'SIGUSR2')
    expect(await program.ended).toBe(1)
    const [told] = program.lines.filter((line) => line.includes('ASKFIRST_E_INTERNAL'))
    expect(JSON.parse(told ?? '')).toMatchObject({ msg: expect.stringMatching(/^Error: unforeseen\n +at process/) })
    const again = start(...askfirstCommand('run', '--config', home.config))
    programs.push(again)
    await ready(again)
    const { udp } = upstream.seen
    const entries = async (): Promise<unknown> => {
      const stats = (await (await fetch(`${http}/api/v1/stats`)).json()) as { cache: { entries: number } }
      return stats.cache.entries
    }
    await until('the cache of before', async () => (await entries()) === 1)
    expect(await address(dns, 'www.example')).toBe('192.0.2.7')
    expect(upstream.seen.udp).toBe(udp)
  })

  test('blocking can be paused over HTTP, and goes on', async () => {
    const { dns, http } = await run()
    const pause = (seconds: number) =>
      fetch(`${http}/api/v1/pause`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ seconds }),
      })
    expect((await pause(60)).status).toBe(200)
    await until('paused', async () => (await address(dns, 'ads.example')) === '192.0.2.7')
    await pause(0)
    await until('blocking', async () => (await address(dns, 'ads.example')) === '127.0.0.1')
  })

  test('I1: an answer given a moment before its connection is reported counts, with no hold-back at all', async () => {
    const { dns, http } = await run({ network: { inside: ['127.0.0.0/8'] } })
    // Its own address, so that it is a device and not this machine.
    const device = '127.0.0.5'
    // Each name has an address of its own: no answer stands for another.
    upstream.behave((query) => [answerTo(query, `198.51.100.${/^n(\d+)$/i.exec(labelOf(query))?.[1] ?? 0}`)])
    for (let i = 0; i < 20; i++) {
      const stamp = new Date().toISOString()
      await ask(dns, `n${i}.example`, {}, device)
      const line = `${stamp} gw kernel: X:ACCEPT:IN=eth1 OUT=eth0 SRC=${device} DST=198.51.100.${i} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=5 DPT=${1000 + i} WINDOW=64240 RES=0x00 SYN URGP=0`
      const posted = await fetch(`${http}/api/v1/reports`, { method: 'POST', body: line })
      expect(await posted.json()).toMatchObject({ reports: 1 })
    }
    const stats = async () =>
      (await (await fetch(`${http}/api/v1/stats`)).json()) as { verdicts: Record<string, number> }
    const judged = async () => Object.values((await stats()).verdicts).reduce((sum, count) => sum + count, 0)
    await until('judged', async () => (await judged()) >= 20, 10_000)
    expect((await stats()).verdicts).toMatchObject({ asked: 20, 'direct-ip': 0 })
  })
})

/** The first label of the name asked for. */
const labelOf = (query: Buffer): string => query.toString('latin1', 13, 13 + (query[12] ?? 0))

describe('the commands', () => {
  test('check tells every problem of a configuration at once, with line and path', async () => {
    const file = join(folder, 'bad.yaml')
    await writeFile(file, 'lsiten: []\ncache:\n  size: 1KiB\nevidence:\n  window: soon\n')
    const { code, text } = await cli('check', file)
    expect(code).toBe(1)
    expect(text).toContain(`${file}:1:1`)
    expect(text).toContain('listen')
    expect(text).toContain('cache.size')
    expect(text).toContain('evidence.window')
    expect((await cli('check', file, '--json')).text).toContain('"ok":false')
  })

  test('the shipped configuration is in order', async () => {
    expect((await cli('check')).code).toBe(0)
  })

  test('stats, findings and explain ask the running server', async () => {
    const { home, dns } = await run()
    await ask(dns, 'ads.example')
    const stats = await cli('stats', '--config', home.config, '--json')
    expect(JSON.parse(stats.text)).toMatchObject({ totals: { queries: 1, blocked: 1 } })
    const explained = await cli('explain', 'ads.example', '--config', home.config, '--json')
    expect(JSON.parse(explained.text)).toMatchObject({
      decision: { kind: 'block', list: 'test.hosts', line: 1, text: '0.0.0.0 ads.example' },
      wouldAnswer: { A: { source: 'sinkhole', records: ['127.0.0.1'] } },
    })
    expect(JSON.parse((await cli('findings', '--config', home.config, '--json')).text)).toEqual({
      findings: [],
      next: null,
    })
    expect((await cli('stats', '--config', home.config)).text).toContain('1 blocked (100.0 %)')
  })

  test('say that no server runs where none does', async () => {
    const { code, text } = await cli('stats', '--url', 'http://127.0.0.1:9')
    expect(code).toBe(1)
    expect(text).toContain('ASKFIRST_E_NOT_RUNNING')
  })
})
