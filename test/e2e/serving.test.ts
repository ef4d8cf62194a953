// The program as real clients of DNS meet it over TCP, TLS and HTTPS, straight, behind nginx and behind haproxy; and how
// it gives up root. Loopback only.
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Stats } from '../../src/control/stats-schema.ts'
import { askfirstCommand, makeHome, ready } from '../support/askfirst.ts'
import { type Running, start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { queryPacket } from '../support/packets.ts'
import { freePorts } from '../support/ports.ts'
import { havePrograms } from '../support/programs.ts'
import { collect, framed } from '../support/streams.ts'

const PEERS = {
  dig: 'bind9-dnsutils',
  kdig: 'knot-dnsutils',
  curl: 'curl',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
}
const NAME = 'dns.home.arpa'

/** Runs a program to its end; what it said on stdout. */
const said = (command: string, ...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
    execFile(command, args, { env, timeout: 15_000 }, (fault, out, err) =>
      fault === null ? resolve(out) : reject(new Error(`${command} ${args.join(' ')}: ${fault.message}\n${out}${err}`)),
    )
  })

describe.skipIf(!havePrograms(PEERS))('the server, over every transport', () => {
  let folder: string
  let upstream: NameServer
  let program: Running
  let ports: { dns: number; tls: number; https: number; plain: number; http: number; nginx: number; haproxy: number }
  const peers: Running[] = []
  const file = (name: string): string => join(folder, 'tls', name)
  const trusted = (): string[] => [`+tls-ca=${file('ca.pem')}`, `+tls-hostname=${NAME}`]
  const kdig = (...args: string[]): Promise<string> => said('kdig', '@127.0.0.1', '+short', ...args)
  const stats = async (): Promise<Stats> =>
    (await (await fetch(`http://127.0.0.1:${ports.http}/api/v1/stats`)).json()) as Stats
  const cert = (...args: string[]): Promise<string> => {
    const [node, options] = askfirstCommand(
      'cert',
      '--out',
      join(folder, 'tls'),
      '--name',
      NAME,
      '--address',
      '127.0.0.1',
      ...args,
    )
    return said(node, ...options)
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-serving-'))
    upstream = await startNameServer((query) => [answerTo(query, '192.0.2.7')])
    const [dns = 0, tls = 0, https = 0, plain = 0, http = 0, nginx = 0, haproxy = 0] = await freePorts(7)
    ports = { dns, tls, https, plain, http, nginx, haproxy }
    await cert()
    const home = await makeHome(
      folder,
      {
        listen: [`127.0.0.1:${dns}`],
        tls: { listen: [`0.0.0.0:${tls}`] },
        https: { listen: [`0.0.0.0:${https}`], plain: [`127.0.0.1:${plain}`], proxies: ['127.0.0.1'] },
        certificate: { name: NAME, file: file('cert.pem'), key: file('key.pem') },
        groups: [{ name: 'screens', members: ['id:tv'], block: ['shows.example'] }],
        connections: { idle: '3s', perClient: 1000, proxyProtocol: ['127.0.0.9'] },
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
    for (const peer of [...peers, program]) await peer?.stop()
    await upstream?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('the first minute names every transport with its address', () => {
    const text = program.lines.join('\n')
    for (const part of [`port ${ports.tls}, TLS`, `port ${ports.https}, HTTPS`, `port ${ports.plain}, HTTP`]) {
      expect(text).toContain(part)
    }
  })

  test('dig over TCP, many queries on one connection kept open', async () => {
    const queries = ['www.example', 'ads.example', 'other.example'].flatMap((name) => [
      name,
      'A',
      '+tcp',
      '+keepopen',
      '+short',
    ])
    const out = await said('dig', '@127.0.0.1', '-p', String(ports.dns), ...queries)
    expect(out.trim().split('\n')).toEqual(['192.0.2.7', '127.0.0.1', '192.0.2.7'])
  })

  test('kdig over TLS checks our certificate and is answered', async () => {
    expect(await kdig('-p', String(ports.tls), ...trusted(), 'www.example')).toBe('192.0.2.7\n')
    expect(await kdig('-p', String(ports.tls), ...trusted(), 'ads.example')).toBe('127.0.0.1\n')
  })

  test('who calls himself by the name of a client, in TLS or in the path, is in its group and in the figures of that', async () => {
    const named = [`+tls-ca=${file('ca.pem')}`, `+tls-hostname=tv.${NAME}`, `+tls-sni=tv.${NAME}`]
    const path = ['-p', String(ports.https), '+https=/dns-query/tv', ...trusted()]
    for (const [name, address] of [
      ['www.example', '192.0.2.7'],
      ['shows.example', '127.0.0.1'],
    ] as const) {
      expect(await kdig('-p', String(ports.tls), ...named, name)).toBe(`${address}\n`)
      expect(await kdig(...path, name)).toBe(`${address}\n`)
    }
    expect(await kdig('-p', String(ports.tls), ...trusted(), 'shows.example')).toBe('192.0.2.7\n')
    expect((await stats()).groups).toMatchObject([{ name: 'screens', queries: 4, blocked: 2 }])
    const metrics = await (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text()
    expect(metrics).toContain('askfirst_group_blocked_total{group="screens"} 2\n')
  })

  test.each([
    ['POST', ['+https']],
    ['GET', ['+https-get']],
  ])('kdig over HTTPS by %s', async (_way, how) => {
    const out = await kdig('-p', String(ports.https), ...how, ...trusted(), 'www.example')
    expect(out).toBe('192.0.2.7\n')
  })

  test.each(['--http1.1', '--http2'])('curl looks names up at our address, %s', async (version) => {
    const body = await said(
      'curl',
      '-sS',
      version,
      '--cacert',
      file('ca.pem'),
      '--doh-url',
      `https://${NAME}:${ports.https}/dns-query`,
      '--resolve',
      `${NAME}:${ports.https}:127.0.0.1`,
      // Blocked, so its address is this machine's: there our API says that it is not meant for that name.
      `http://ads.example:${ports.http}/healthz`,
      '--ipv4',
    )
    expect(body).toContain('ASKFIRST_E_HTTP_REQUEST')
  })

  test('discovery (RFC 9462) announces what is on, and a resolver that follows it is answered', async () => {
    const out = await kdig('-p', String(ports.dns), 'SVCB', '_dns.resolver.arpa')
    const lines = out.trim().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain(`1 ${NAME}. alpn=dot port=${ports.tls}`)
    expect(lines[1]).toMatch(
      new RegExp(`^2 ${NAME}. alpn=h2,http/1.1 port=${ports.https}.*(key7|dohpath)="?/dns-query\\{\\?dns\\}`),
    )
    expect(await kdig('-p', String(ports.dns), 'SVCB', `_dns.${NAME}`)).toBe(out)
  })

  test('behind nginx, clients are told apart by X-Forwarded-For', async () => {
    const conf = join(folder, 'nginx.conf')
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    )
    await writeFile(
      conf,
      `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {}
http { access_log off; ${temporary.join(' ')}
  server { listen 127.0.0.1:${ports.nginx} ssl http2; ssl_certificate ${file('cert.pem')}; ssl_certificate_key ${file('key.pem')};
    location /dns-query { proxy_pass http://127.0.0.1:${ports.plain}; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }`,
    )
    const nginx = start('nginx', ['-c', conf, '-p', folder])
    peers.push(nginx)
    const ask = (...how: string[]) => kdig('-p', String(ports.nginx), ...how, ...trusted(), 'www.example')
    await until('nginx answers', () =>
      ask('+https').then(
        (out) => out === '192.0.2.7\n',
        () => false,
      ),
    )
    expect(await ask('+https-get')).toBe('192.0.2.7\n')
    // A stranger's address in the header that the proxy vouches for: not one that may ask.
    const refused = await said(
      'curl',
      '-sS',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{content_type}',
      '--http1.1',
      '-H',
      'X-Forwarded-For: 203.0.113.9',
      `http://127.0.0.1:${ports.plain}/dns-query?dns=${queryPacket('www.example').toString('base64url')}`,
    )
    expect(refused).toBe('200 application/dns-message')
    expect((await stats()).refused['access']).toBe(1)
  })

  test('behind haproxy with the PROXY protocol, version 1 and 2, over TCP and TLS', async () => {
    const conf = join(folder, 'haproxy.cfg')
    const [v1 = 0, v2 = 0] = await freePorts(2)
    await writeFile(
      conf,
      `defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen one
  bind 127.0.0.1:${v1}
  server s 127.0.0.1:${ports.dns} source 127.0.0.9 send-proxy
listen two
  bind 127.0.0.1:${v2}
  server s 127.0.0.1:${ports.tls} source 127.0.0.9 send-proxy-v2
`,
    )
    peers.push(start('haproxy', ['-db', '-f', conf]))
    await until('haproxy answers', () =>
      kdig('+tcp', '-p', String(v1), 'www.example').then(
        (out) => out === '192.0.2.7\n',
        () => false,
      ),
    )
    expect(await kdig('-p', String(v2), ...trusted(), 'www.example')).toBe('192.0.2.7\n')
  })

  test('a new certificate is served to new connections while an open one goes on; a broken one changes nothing', async () => {
    const options = { port: ports.tls, host: '127.0.0.1', servername: NAME, ca: await readFile(file('ca.pem')) }
    const old = connectTls(options)
    const before = collect(old)
    old.write(framed(queryPacket('www.example')))
    await before.count(1)
    const serial = old.getPeerCertificate().serialNumber
    const from = program.lines.length
    await cert('--renew')
    await program.waitForLine('certificate loaded', { from, within: 10_000 })
    const fresh = connectTls(options)
    await new Promise((resolve) => fresh.once('secureConnect', resolve))
    const renewed = fresh.getPeerCertificate().serialNumber
    expect(renewed).not.toBe(serial)
    old.write(framed(queryPacket('www.example')))
    await before.count(2)
    await writeFile(file('key.pem'), 'broken')
    await program.waitForLine('ASKFIRST_E_CERTIFICATE', { from, within: 10_000 })
    const later = connectTls(options)
    await new Promise((resolve) => later.once('secureConnect', resolve))
    expect(later.getPeerCertificate().serialNumber).toBe(renewed)
    expect((await stats()).certificate?.problem).toContain('ASKFIRST_E_CERTIFICATE')
    for (const socket of [old, fresh, later]) socket.destroy()
  })

  test('with hundreds of idle and slow connections others are answered at once, and in the end those are gone', async () => {
    const sockets: Socket[] = []
    const query = framed(queryPacket('www.example'))
    for (let i = 0; i < 300; i++) {
      const socket = connect(i % 2 === 0 ? ports.dns : ports.tls, '127.0.0.1')
      socket.on('error', () => {})
      sockets.push(socket)
      // A third says nothing, a third sends a part, a third goes on byte by byte below.
      if (i % 3 !== 0) socket.write(i % 2 === 0 ? query.subarray(0, 3) : Buffer.of(0x16, 3, 1, 2, 0))
    }
    await until('they are there', async () => {
      const { tcp, tls } = (await stats()).connections
      return tcp.open + tls.open >= 300
    })
    const loris = setInterval(() => {
      for (let i = 2; i < sockets.length; i += 3) if (sockets[i]?.writable) sockets[i]?.write(Buffer.of(0))
    }, 200)
    try {
      const begun = performance.now()
      expect(await kdig('-p', String(ports.dns), 'www.example')).toBe('192.0.2.7\n')
      expect(await kdig('-p', String(ports.tls), ...trusted(), 'www.example')).toBe('192.0.2.7\n')
      expect(performance.now() - begun).toBeLessThan(2000)
      await until(
        'they are gone',
        async () => {
          const { tcp, tls } = (await stats()).connections
          return tcp.open + tls.open === 0
        },
        20_000,
      )
    } finally {
      clearInterval(loris)
      for (const socket of sockets) socket.destroy()
    }
  })

  test('the figures tell every transport apart', async () => {
    const { transports, connections, httpStatuses } = await stats()
    for (const transport of ['udp', 'tcp', 'tls', 'https']) expect(transports[transport], transport).toBeGreaterThan(0)
    for (const kind of ['tcp', 'tls', 'https'] as const) expect(connections[kind].accepted, kind).toBeGreaterThan(0)
    expect(httpStatuses['200']).toBeGreaterThan(4)
    const metrics = await (await fetch(`http://127.0.0.1:${ports.http}/metrics`)).text()
    expect(metrics).toMatch(/askfirst_queries_by_transport_total\{transport="https"\} [1-9]/)
    expect(metrics).toMatch(/askfirst_connections_total\{transport="tls",result="accepted"\} [1-9]/)
  })
})

describe.skipIf(process.getuid?.() !== 0)('started as root with a user to become', () => {
  let folder: string
  let program: Running
  const config = (user: string) => ({
    listen: ['127.0.0.77:53'],
    upstreams: { servers: [] },
    reports: { syslog: { udp: [], tcp: [] } },
    http: { listen: [] },
    devices: { neighbours: false },
    user,
  })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-user-'))
  })
  afterAll(async () => {
    await program?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('it serves port 53, no thread of it is root any more, and what it keeps is the user’s', async () => {
    const home = await makeHome(folder, config('nobody'), { 'test.hosts': '0.0.0.0 ads.example\n' })
    await said('chmod', '755', folder)
    program = start(...askfirstCommand('run', '--config', home.config))
    await ready(program)
    expect(program.lines.join('\n')).toContain('root is given up')
    for (const thread of await readdir(`/proc/${program.pid}/task`)) {
      const status = await readFile(`/proc/${program.pid}/task/${thread}/status`, 'utf8')
      expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m)
      expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m)
      expect(status).toMatch(/^CapEff:\t0+$/m)
    }
    expect(await said('dig', '@127.0.0.77', '+short', 'ads.example')).toBe('127.0.0.1\n')
    const owners = await said(
      'stat',
      '-c',
      '%U',
      join(folder, 'state'),
      ...(await readdir(join(folder, 'state'))).map((name) => join(folder, 'state', name)),
    )
    expect(new Set(owners.trim().split('\n'))).toEqual(new Set(['nobody']))
    expect(await program.stop()).toBe(0)
  })

  test('a user that there is not ends the start, with what to do', async () => {
    const home = await makeHome(join(folder, 'second'), config('nobody-of-that-name'))
    const refused = start(...askfirstCommand('run', '--config', home.config))
    expect(await refused.ended).toBe(1)
    expect(refused.lines.join('\n')).toMatch(/ASKFIRST_E_USER.*\n.*useradd/)
  })
})
