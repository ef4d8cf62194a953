// A real network on one machine: device ─ gateway ─ outside, with Debian's DHCP server and client, the kernel's own
// firewall log through rsyslog, conntrack, an authoritative server and web servers. askfirst runs on the gateway.
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '../../src/ledger/verdict.ts'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { buildHouse, type House, PLAN, type Running, requireTools, until } from '../support/house.ts'

const LOAD = new URL('../support/house/query-load.ts', import.meta.url).pathname
const HOLD_BACK = 1

const config = {
  listen: ['0.0.0.0:53', '[::]:53'],
  allowFrom: [PLAN.lan.ipv4, '127.0.0.0/8', PLAN.lan.ipv6],
  upstreams: { servers: ['203.0.113.53'] },
  reports: { syslog: { udp: ['127.0.0.1:5514'], tcp: [] } },
  evidence: { holdBack: `${HOLD_BACK}s`, learning: '0s', deviceLearning: '0s' },
  network: { inside: [PLAN.lan.ipv4, PLAN.lan.ipv6] },
  http: { listen: ['127.0.0.1:8053'] },
  // The world outside lives under .test, which would stay inside (RFC 6761 §6.2).
  special: { forward: ['test'] },
  // The load comes from one device.
  limits: { queries: 0 },
}

describe.skipIf(!requireTools())('a house', () => {
  let house: House
  let home: Home
  let askfirst: Running

  const start = async (...args: string[]): Promise<Running> => {
    const program = house.gateway.spawn(...askfirstCommand('run', '--config', home.config, ...args))
    await ready(program)
    return program
  }
  const curl = (url: string) => house.device.run('curl', ['-sS', '-m', '5', url])
  const dig = (...args: string[]) => house.device.must('dig', ['+short', '+time=2', '+tries=1', ...args])
  const api = async <T>(path: string): Promise<T> =>
    JSON.parse(await house.gateway.must('curl', ['-sS', `http://127.0.0.1:8053${path}`])) as T
  const verdicts = async () => (await api<{ verdicts: Record<string, number> }>('/api/v1/stats')).verdicts
  const count = async (verdict: string): Promise<number> => (await verdicts())[verdict] ?? 0
  const findings = async () => (await api<{ findings: Finding[] }>('/api/v1/findings')).findings
  const judged = async (verdict: string, least: number) => {
    const enough = async () => ((await count(verdict)) >= least ? true : undefined)
    await until(`${least} ${verdict}`, enough, 10_000).catch(async (fault: unknown) => {
      const { verdicts, intake, evidence } = await api<Record<string, unknown>>('/api/v1/stats')
      throw new Error(`${fault}: ${JSON.stringify({ verdicts, intake, evidence })}`)
    })
  }

  beforeAll(async () => {
    house = await buildHouse()
    home = await makeHome(join(house.folder, 'askfirst'), config, { 'test.hosts': '0.0.0.0 blocked.example.test\n' })
    askfirst = await start()
    await house.forwardLog()
  })
  afterAll(async () => {
    await house?.close()
  })

  test('the device has its lease and resolver from a real DHCP client', async () => {
    expect(house.device.ipv4).toMatch(/^192\.168\.77\./)
    expect(await house.device.must('cat', ['/etc/resolv.conf'])).toContain('192.168.77.1')
  })

  test('a blocked name is 127.0.0.1 and cannot be reached; another name loads', async () => {
    expect((await dig('blocked.example.test')).trim()).toBe('127.0.0.1')
    expect((await dig('blocked.example.test', 'AAAA')).trim()).toBe('::1')
    expect((await curl('http://blocked.example.test/')).code).toBe(7)
    const page = await curl('http://web.example.test/')
    expect(page.stdout).toContain('web.example.test')
  })

  test('replies leave from the address that was asked, on a machine with several', async () => {
    const wan = await house.device.must('dig', ['@203.0.113.1', '+time=2', '+tries=1', 'web.example.test'])
    expect(wan).toContain('203.0.113.80')
    expect(wan).toContain('SERVER: 203.0.113.1#53')
    const six = await house.device.must('dig', ['@2001:db8:77::1', '+time=2', '+tries=1', 'web.example.test'])
    expect(six).toContain('SERVER: 2001:db8:77::1#53')
  })

  test('a connection by name is explained', async () => {
    const before = await count('asked')
    expect((await curl('http://web.example.test/')).code).toBe(0)
    await judged('asked', before + 1)
  })

  test('a connection to a bare address is named: in the log, the API and the metrics', async () => {
    expect((await curl('http://203.0.113.99/')).code).toBe(0)
    const line = JSON.parse(
      await askfirst.waitForLine(/"verdict":"direct-ip".*"address":"203\.0\.113\.99"/, { within: 15_000 }),
    )
    expect(line).toMatchObject({
      level: 'warn',
      device: `mac:${house.device.mac}`,
      src: house.device.ipv4,
      address: '203.0.113.99',
      port: 80,
      protocol: 'tcp',
      rule: 'Shorewall:loc2net:ACCEPT:',
      count: 1,
    })
    expect(await findings()).toContainEqual(
      expect.objectContaining({ kind: 'direct-ip', class: 'plain', dst: '203.0.113.99', dport: 80, count: 1 }),
    )
    const metrics = await house.gateway.must('curl', ['-sS', 'http://127.0.0.1:8053/metrics'])
    expect(metrics).toMatch(/askfirst_verdicts_total\{verdict="direct-ip"\} [1-9]/)
  })

  test('DNS that goes elsewhere is a bypass', async () => {
    await house.device.must('dig', ['@203.0.113.53', '+time=2', '+tries=1', 'web.example.test'])
    await askfirst.waitForLine(/"verdict":"dns-bypass".*"address":"203\.0\.113\.53"/, { within: 15_000 })
    expect(await findings()).toContainEqual(
      expect.objectContaining({ kind: 'dns-bypass', class: 'dns', dst: '203.0.113.53', dport: 53 }),
    )
  })

  test('AAAA asked over IPv4, connection over IPv6: one device, and it asked', async () => {
    const asked = await count('asked')
    const direct = await count('direct-ip')
    await dig('@192.168.77.1', 'six.example.test', 'AAAA')
    expect((await curl('http://[2001:db8:ff::80]/')).code).toBe(0)
    await judged('asked', asked + 1)
    expect(await count('direct-ip')).toBe(direct)
  })

  test('a name added to a list is blocked within a second, under load, and no query is lost', async () => {
    expect((await dig('other.example.test')).trim()).toBe('203.0.113.81')
    const load = house.device.spawn(process.execPath, [
      LOAD,
      '192.168.77.1',
      '2000',
      '4',
      'web.example.test',
      'other.example.test',
    ])
    await until(
      'load',
      async () =>
        (await api<{ totals: { queries: number } }>('/api/v1/stats')).totals.queries > 500 ? true : undefined,
      10_000,
    )
    await appendFile(join(home.lists, 'test.hosts'), '0.0.0.0 other.example.test\n')
    await until(
      'the edit is live',
      async () => ((await dig('other.example.test')).trim() === '127.0.0.1' ? true : undefined),
      1000,
    )
    const result = JSON.parse(await load.waitForLine('answered', { within: 15_000 })) as {
      sent: number
      answered: number
      blocked: number
    }
    expect(result.answered).toBe(result.sent)
    expect(result.sent).toBe(8000)
    expect(result.blocked).toBeGreaterThan(0)
  })

  test('after a restart the first connection is still explained', async () => {
    await dig('web.example.test')
    await askfirst.stop()
    askfirst = await start()
    expect((await curl('http://203.0.113.80/')).code).toBe(0)
    await judged('asked', 1)
    expect(await count('direct-ip')).toBe(0)
  })

  test('after a sudden death, too', async () => {
    const asked = await count('asked')
    await dig('alias.example.test')
    await until('stored', async () => ((await count('asked')) >= asked ? true : undefined), 2000)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await askfirst.stop('SIGKILL')
    askfirst = await start()
    expect((await curl('http://203.0.113.80/')).code).toBe(0)
    await judged('asked', 1)
  })

  test('the kernel’s connection table, piped in, gives the same verdicts', async () => {
    await askfirst.stop()
    await writeFile(
      home.config,
      JSON.stringify({
        ...config,
        reports: { syslog: { udp: [], tcp: [] } },
        lists: { folder: home.lists },
        state: join(home.folder, 'state'),
      }),
    )
    const program = house.gateway.spawn(...askfirstCommand('run', '--config', home.config, '--reports-stdin'))
    await ready(program)
    const events = await house.conntrack()
    events.child.stdout.pipe(program.child.stdin)
    const asked = await count('asked')
    expect((await curl('http://web.example.test/')).code).toBe(0)
    await judged('asked', asked + 1)
    await house.outside.addAddress('203.0.113.123')
    expect((await curl('http://203.0.113.123/')).code).toBe(0)
    await program.waitForLine(/"verdict":"direct-ip".*"address":"203\.0\.113\.123"/, { within: 15_000 })
    expect((await findings()).find(({ dst }) => dst === '203.0.113.123')).toMatchObject({ kind: 'direct-ip', count: 1 })
  })
})
