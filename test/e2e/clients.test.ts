// Every client of DNS that Debian has, over every transport that it speaks. Each is told to distrust certificates that our
// authority did not sign, where it can be. Loopback only.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stats } from '../../src/control/stats-schema.ts'
import { askfirstCommand, makeHome, ready } from '../support/askfirst.ts'
import { type Running, start } from '../support/house/running.ts'
import { TOOL_PATH } from '../support/house/tools.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { freePorts } from '../support/ports.ts'
import { havePrograms } from '../support/programs.ts'

const PEERS = {
  dig: 'bind9-dnsutils',
  delv: 'bind9-dnsutils',
  kdig: 'knot-dnsutils',
  drill: 'ldnsutils',
  dnsperf: 'dnsperf',
  '/usr/lib/python3/dist-packages/dns/__init__.py': 'python3-dnspython',
  '/usr/lib/python3/dist-packages/httpx/__init__.py': 'python3-httpx',
  '/usr/lib/python3/dist-packages/h2/__init__.py': 'python3-h2',
}
const NAME = 'dns.home.arpa'

/** Runs a client to its end; what it said. */
const said = (command: string, ...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command, args, { env: { ...process.env, PATH: TOOL_PATH }, timeout: 20_000 }, (fault, out, err) =>
      fault === null ? resolve(out) : reject(new Error(`${command} ${args.join(' ')}: ${fault.message}\n${out}${err}`)),
    )
  })

describe.skipIf(!havePrograms(PEERS))('the clients of DNS', () => {
  let folder: string
  let upstream: NameServer
  let program: Running
  let ports: { dns: number; tls: number; https: number; http: number }
  const ca = (): string => join(folder, 'tls', 'ca.pem')
  const stats = async (): Promise<Stats> =>
    (await (await fetch(`http://127.0.0.1:${ports.http}/api/v1/stats`)).json()) as Stats

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-clients-'))
    upstream = await startNameServer((query) => [answerTo(query, '192.0.2.7')])
    const [dns = 0, tls = 0, https = 0, http = 0] = await freePorts(4)
    ports = { dns, tls, https, http }
    const made = ['cert', '--out', join(folder, 'tls'), '--name', NAME, '--address', '127.0.0.1']
    const [node, options] = askfirstCommand(...made)
    await said(node, ...options)
    const home = await makeHome(
      folder,
      {
        listen: [`127.0.0.1:${dns}`],
        tls: { listen: [`127.0.0.1:${tls}`] },
        https: { listen: [`127.0.0.1:${https}`] },
        certificate: { name: NAME, file: join(folder, 'tls', 'cert.pem'), key: join(folder, 'tls', 'key.pem') },
        upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
        reports: { syslog: { udp: [], tcp: [] } },
        http: { listen: [`127.0.0.1:${http}`] },
        devices: { neighbours: false },
      },
      { 'test.hosts': '0.0.0.0 ads.example\n' },
    )
    program = start(...askfirstCommand('run', '--config', home.config))
    await ready(program)
  })
  afterAll(async () => {
    await program?.stop()
    await upstream?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Both kinds of answer, and that they came over the transport that was meant. */
  const expectBoth = async (transport: string, ask: (name: string) => Promise<string>): Promise<void> => {
    const before = (await stats()).transports[transport] ?? 0
    expect(await ask('www.example')).toContain('192.0.2.7')
    expect(await ask('ads.example')).toContain('127.0.0.1')
    expect((await stats()).transports[transport]).toBeGreaterThanOrEqual(before + 2)
  }

  test.each<[string, string, () => string[]]>([
    ['UDP', 'udp', () => ['-p', String(ports.dns), '+notcp']],
    ['TCP', 'tcp', () => ['-p', String(ports.dns), '+tcp']],
    ['TLS', 'tls', () => ['-p', String(ports.tls), '+tls', `+tls-ca=${ca()}`, `+tls-hostname=${NAME}`]],
    ['HTTPS, POST', 'https', () => ['-p', String(ports.https), '+https', `+tls-ca=${ca()}`, `+tls-hostname=${NAME}`]],
    ['HTTPS, GET', 'https', () => ['-p', String(ports.https), '+https-get', `+tls-ca=${ca()}`]],
  ])('dig over %s', async (_way, transport, how) => {
    await expectBoth(transport, (name) => said('dig', '@127.0.0.1', '+short', '+time=5', '+tries=1', ...how(), name))
  })

  test.each<[string, string, () => string[]]>([
    ['UDP', 'udp', () => ['-p', String(ports.dns)]],
    ['TCP', 'tcp', () => ['-p', String(ports.dns), '+tcp']],
    ['TLS', 'tls', () => ['-p', String(ports.tls), `+tls-ca=${ca()}`, `+tls-hostname=${NAME}`]],
    ['HTTPS, POST', 'https', () => ['-p', String(ports.https), '+https', `+tls-ca=${ca()}`, `+tls-hostname=${NAME}`]],
    [
      'HTTPS, GET',
      'https',
      () => ['-p', String(ports.https), '+https-get', `+tls-ca=${ca()}`, `+tls-hostname=${NAME}`],
    ],
  ])('kdig over %s', async (_way, transport, how) => {
    await expectBoth(transport, (name) => said('kdig', '@127.0.0.1', '+short', ...how(), name))
  })

  test('dig and kdig turn away from a certificate that another authority signed', async () => {
    const other = ['cert', '--out', join(folder, 'other'), '--name', NAME, '--address', '127.0.0.1']
    const [node, options] = askfirstCommand(...other)
    await said(node, ...options)
    const wrong = [`+tls-ca=${join(folder, 'other', 'ca.pem')}`, `+tls-hostname=${NAME}`]
    const port = String(ports.tls)
    const byDig = said('dig', '@127.0.0.1', '-p', port, '+tls', '+tries=1', ...wrong, 'www.example')
    expect(await byDig.catch(String)).toMatch(/certificate verification .*failed/)
    const byKdig = said('kdig', '@127.0.0.1', '-p', port, ...wrong, 'www.example')
    expect(await byKdig.catch(String)).not.toContain('192.0.2.7')
  })

  test.each([
    ['UDP', 'udp', '-u'],
    ['TCP', 'tcp', '-t'],
  ])('drill over %s', async (_way, transport, flag) => {
    await expectBoth(transport, (name) => said('drill', '-p', String(ports.dns), flag, name, '@127.0.0.1'))
  })

  test.each([
    ['UDP', 'udp', '+notcp'],
    ['TCP', 'tcp', '+tcp'],
  ])('delv over %s, without validation', async (_way, transport, how) => {
    await expectBoth(transport, (name) => said('delv', '@127.0.0.1', '-p', String(ports.dns), '-i', how, name))
  })

  const dnsperf = async (mode: string, port: number, ...more: string[]): Promise<string> => {
    const queries = join(folder, 'queries.txt')
    const names = Array.from({ length: 300 }, (_unused, i) => `n${i % 100}.example A\nads.example A\n`)
    await writeFile(queries, names.join(''))
    return said('dnsperf', '-s', '127.0.0.1', '-p', String(port), '-m', mode, '-d', queries, ...more)
  }

  test.each<[string, string, string, () => number]>([
    ['UDP', 'udp', 'udp', () => ports.dns],
    ['TCP', 'tcp', 'tcp', () => ports.dns],
    ['TLS', 'dot', 'tls', () => ports.tls],
  ])('dnsperf over %s: thousands of queries, none lost, none refused', async (_way, mode, transport, port) => {
    const before = (await stats()).transports[transport] ?? 0
    const out = await dnsperf(mode, port(), '-n', '5', '-c', '4', '-q', '80')
    expect(out).toMatch(/Queries completed: +3000 \(100\.00%\)/)
    expect(out).toMatch(/Response codes: +NOERROR 3000 \(100\.00%\)/)
    expect((await stats()).transports[transport]).toBe(before + 3000)
  })

  // dnsperf 2.10 gives up where two replies of HTTP/2 come in one piece: one at a time, in which it waits for itself.
  test.each(['GET', 'POST'])('dnsperf over HTTPS by %s: none lost, none refused', async (method) => {
    const uri = `doh-uri=https://127.0.0.1:${ports.https}/dns-query`
    const out = await dnsperf('doh', ports.https, '-l', '2', '-q', '1', '-O', uri, '-O', `doh-method=${method}`)
    expect(out).toMatch(/Queries completed: +[1-9]\d* \(100\.00%\)/)
    expect(out).toMatch(/Response codes: +NOERROR [1-9]\d* \(100\.00%\)/)
  })

  test('dnspython over UDP, TCP, TLS and HTTPS by POST and GET', async () => {
    const script = `
import sys, ssl, dns.message, dns.query
dns_port, tls_port, https_port, ca = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=ca)
url = 'https://127.0.0.1:' + https_port + '/dns-query'
def asked(name):
  q = dns.message.make_query(name, 'A', use_edns=0, payload=1232)
  yield dns.query.udp(q, '127.0.0.1', port=dns_port, timeout=5)
  yield dns.query.tcp(q, '127.0.0.1', port=dns_port, timeout=5)
  yield dns.query.tls(q, '127.0.0.1', port=tls_port, timeout=5, ssl_context=context, server_hostname='${NAME}')
  yield dns.query.https(q, url, timeout=5, verify=ca)
  yield dns.query.https(q, url, timeout=5, verify=ca, post=False)
for name in ('www.example', 'ads.example'):
  print(*[reply.answer[0][0] for reply in asked(name)])
`
    const at = [ports.dns, ports.tls, ports.https].map(String)
    const out = await said('/usr/bin/python3', '-c', script, ...at, ca())
    expect(out).toBe(`${Array(5).fill('192.0.2.7').join(' ')}\n${Array(5).fill('127.0.0.1').join(' ')}\n`)
  })
})
