import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { runAudit } from '../../../src/audit.ts'

const folder = mkdtempSync(join(tmpdir(), 'askfirst-audit-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function run(typed: Record<string, unknown>) {
  const texts = { out: '', err: '' }
  const into = (key: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        texts[key] += String(chunk)
        done()
      },
    })
  const code = await runAudit({ timeZone: 'UTC', ...typed }, { out: into('out'), err: into('err') })
  const lines = () =>
    texts.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  return { code, lines, ...texts }
}

const NOON = Date.UTC(2026, 10, 22, 12) / 1000
const asked = (said: {
  ts?: number
  client?: string
  qname?: string
  a?: string[]
  aaaa?: string[]
  server?: string
}): string =>
  `${JSON.stringify({ ts: NOON, client: '192.168.1.10', qname: 'www.example.org', a: ['203.0.113.7'], ttl: 60, ...said })}\n`
const packet = (clock: string, dst: string, more = '', src = '192.168.1.10', dport = 443): string =>
  `Nov 22 ${clock} gw kernel: Shorewall:loc2net:ACCEPT:IN=lan0 OUT=wan0 ${more}SRC=${src} DST=${dst} LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=50000 DPT=${dport} WINDOW=64240 RES=0x00 SYN URGP=0\n`

describe('an audit', () => {
  test('prints one line of JSON for each report, in the order of the firewall log', async () => {
    const { code, lines } = await run({
      dns: [file('dns.jsonl', asked({}))],
      firewall: [file('fw.log', packet('12:00:05', '203.0.113.7') + packet('12:00:01', '198.51.100.9'))],
      json: true,
    })
    expect(code).toBe(0)
    expect(lines()).toEqual([
      {
        time: '2026-11-22T12:00:05.000Z',
        src: '192.168.1.10',
        dst: '203.0.113.7',
        proto: 'tcp',
        dport: 443,
        verdict: 'asked',
        class: null,
        names: ['www.example.org'],
        reason: 'asked for www.example.org 5 s before',
      },
      {
        time: '2026-11-22T12:00:01.000Z',
        src: '192.168.1.10',
        dst: '198.51.100.9',
        proto: 'tcp',
        dport: 443,
        verdict: 'direct-ip',
        class: 'plain',
        names: [],
        reason: 'never asked for a name of 198.51.100.9',
      },
    ])
  })

  test('uses only answers from before the connection, in whatever order the DNS log stands', async () => {
    const { lines } = await run({
      dns: [
        file('late.jsonl', asked({ ts: NOON + 60 })),
        file('mixed.jsonl', asked({ ts: NOON + 30, a: ['203.0.113.8'] }) + asked({ ts: NOON, a: ['203.0.113.8'] })),
      ],
      firewall: [file('early.log', packet('12:00:10', '203.0.113.7') + packet('12:00:10', '203.0.113.8'))],
      json: true,
    })
    expect(lines().map(({ verdict }) => verdict)).toEqual(['direct-ip', 'asked'])
  })

  test('reads gzip, takes the year from the DNS log and stamps without a zone in the given one', async () => {
    const dns = gzipSync(asked({ ts: Date.UTC(2019, 10, 22, 12) / 1000 }))
    const { lines } = await run({
      dns: [file('dns.jsonl.gz', dns)],
      firewall: [file('fw.log.gz', gzipSync(packet('13:00:01', '203.0.113.7')))],
      timeZone: 'Europe/Berlin',
      json: true,
    })
    expect(lines()).toMatchObject([{ time: '2019-11-22T12:00:01.000Z', verdict: 'asked' }])
  })

  test('knows a device by its MAC from its first connection on, over IPv6 too', async () => {
    const mac = 'MAC=02:00:00:00:00:01:02:00:00:00:00:10:86:dd '
    const { lines } = await run({
      dns: [file('six.jsonl', asked({ a: [], aaaa: ['2001:db8::7'] }))],
      firewall: [
        file('six.log', packet('12:00:01', '2001:0db8::7', mac, 'fd00::10') + packet('12:00:02', '203.0.113.1', mac)),
      ],
      json: true,
    })
    expect(lines().map(({ verdict }) => verdict)).toEqual(['asked', 'direct-ip'])
  })

  test('DNS to a server that the DNS log names is no bypass, unless the resolvers are named', async () => {
    const logs = {
      dns: [file('server.jsonl', asked({ server: '198.51.100.53' }))],
      firewall: [file('server.log', packet('12:00:01', '198.51.100.53', '', '192.168.1.10', 53))],
      json: true,
    }
    expect((await run(logs)).lines()).toMatchObject([{ verdict: 'exempt' }])
    expect((await run({ ...logs, resolver: ['9.9.9.9'] })).lines()).toMatchObject([
      { verdict: 'dns-bypass', class: 'dns' },
    ])
  })

  test('window, learning, slack and inside count as they are typed', async () => {
    const dns = [file('options.jsonl', asked({}))]
    const firewall = [file('options.log', packet('13:30:00', '203.0.113.7') + packet('13:30:00', '198.51.100.9'))]
    const verdicts = async (typed: Record<string, unknown>) =>
      (await run({ dns, firewall, json: true, ...typed })).lines().map(({ verdict }) => verdict)
    expect(await verdicts({ window: '1h' })).toEqual(['stale', 'direct-ip'])
    expect(await verdicts({ learning: '2h' })).toEqual(['asked', 'unproven'])
    expect(await verdicts({ inside: ['198.51.100.0/24', '192.168.0.0/16'] })).toEqual(['asked', 'exempt'])
    const before = { firewall: [file('before.log', packet('11:59:50', '203.0.113.7'))] }
    expect(await verdicts(before)).toEqual(['direct-ip'])
    expect(await verdicts({ ...before, slack: '10s' })).toEqual(['asked'])
  })

  test('sums up for people: coverage, verdicts, findings by device, lines that could not be used', async () => {
    const { out } = await run({
      dns: [file('sum.jsonl', `${asked({})}{"ts": 5, "client": "me", "qname": "x.example"}\n`)],
      firewall: [
        file(
          'sum.log',
          [
            packet('11:00:00', '198.51.100.9'),
            packet('12:00:01', '203.0.113.7'),
            packet('12:00:02', '198.51.100.9'),
            packet('12:00:03', '8.8.8.8', '', '192.168.1.11', 53),
            packet('12:00:04', '198.51.100.9').slice(0, 130),
            '\nsome firewall I do not know: 192.168.1.10 -> 198.51.100.9\n',
          ].join(''),
        ),
      ],
    })
    expect(out).toMatch(/^DNS log +2026-11-22 12:00:00 to 2026-11-22 12:00:00 UTC, 1 answer to 1 client$/m)
    expect(out).toMatch(/^Firewall log +2026-11-22 11:00:00 to 2026-11-22 12:00:03 UTC, 4 reports$/m)
    expect(out).toMatch(/^1 connection began before the DNS log does/m)
    expect(out).toMatch(/^ +1 {2}asked/m)
    expect(out).toMatch(/^ +2 {2}direct-ip/m)
    expect(out).toMatch(/ip:192\.168\.1\.11\n +75 {2}dns-bypass dns +8\.8\.8\.8 tcp\/53 {2}1× {2}2026-11-22/)
    expect(out).toMatch(/Lines of the DNS log that could not be used:\n +1 {2}no client address/)
    expect(out).toMatch(/Lines of the firewall log that could not be used:\n +1 {2}cut/)
    expect(out).toMatch(/1 {2}hold an address but are in no format that is known/)
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(110)
  })

  test('tells every problem at once, with file or option, and ends with 1', async () => {
    const typed = await run({ dns: [], firewall: [], window: '3 days', timeZone: 'Mars/Olympus', inside: ['x'] })
    expect(typed.code).toBe(1)
    expect(typed.err.match(/ASKFIRST_E_AUDIT/g)).toHaveLength(3)
    const missing = await run({
      dns: ['/nowhere/dns.log'],
      firewall: [file('empty.log', 'hello\n'), '/nowhere/fw.log'],
    })
    expect(missing.code).toBe(1)
    expect(missing.err).toMatch(/\/nowhere\/dns\.log: cannot be read: ENOENT/)
    expect(missing.err).toMatch(/\/nowhere\/fw\.log: cannot be read/)
    const nothing = await run({ dns: [file('some.jsonl', asked({}))], firewall: [file('nothing.log', 'hello\n')] })
    expect(nothing.err).toMatch(/nothing\.log: holds no connection in a format that is known/)
    const broken = await run({ dns: [file('broken.gz', gzipSync('x'.repeat(9999)).subarray(0, 20))], firewall: [] })
    expect(broken.err).toMatch(/broken\.gz: cannot be read/)
  })
})
