// askfirst between real name servers: in front of it unbound, BIND, nsd, knot and dnsdist, with zones signed by
// ldns-signzone; behind it a validating unbound, dnsmasq, delv and drill. Loopback only.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Reply } from '../../src/base/reply.ts'
import type { UpstreamServer, UpstreamTransport } from '../../src/base/upstream-server.ts'
import { openUpstreams, type Upstreams } from '../../src/upstream/forward.ts'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { type Running, start } from '../support/house/running.ts'
import { requirePrograms } from '../support/house/tools.ts'
import { until } from '../support/house/until.ts'
import { SETTINGS } from '../support/in-memory.ts'
import * as peers from '../support/name-servers.ts'
import { addressesIn, question } from '../support/question.ts'
import { serverAt, TEST_CA } from '../support/upstream-peer.ts'

const { dig, client, freePort } = peers
const able = requirePrograms(
  'nsd',
  'unbound',
  'named',
  'knotd',
  'dnsdist',
  'dnsmasq',
  'ldns-signzone',
  'dig',
  'delv',
  'drill',
)

describe.skipIf(!able)('between real name servers', () => {
  let folder = ''
  let anchors = ''
  const programs: Running[] = []
  const open: Upstreams[] = []
  const at = { nsd: 0, knot: 0, bind: 0, unbound: 0, unboundTls: 0, dnsdist: 0, dnsdistTls: 0, dnsdistHttps: 0 }
  const keep = async (started: Promise<peers.Started>): Promise<number> => {
    const { program, port } = await started
    programs.push(program)
    return port
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
    anchors = await peers.makeZones(folder)
    at.nsd = await keep(peers.startNsd(folder, await freePort()))
    at.knot = await keep(peers.startKnot(folder, await freePort()))
    at.unboundTls = await freePort()
    const unbound = { kind: 'stub', ask: at.nsd, anchors, tls: at.unboundTls } as const
    at.unbound = await keep(peers.startUnbound(folder, await freePort(), unbound))
    at.bind = await keep(peers.startBind(folder, await freePort(), at.nsd))
    at.dnsdistTls = await freePort()
    at.dnsdistHttps = await freePort()
    const dnsdist = { port: await freePort(), tls: at.dnsdistTls, https: at.dnsdistHttps, ask: at.unbound }
    at.dnsdist = await keep(peers.startDnsdist(folder, dnsdist))
  })
  afterAll(async () => {
    for (const upstreams of open.splice(0)) upstreams.close()
    for (const program of programs.splice(0).reverse()) await program.stop()
    if (folder !== '') await rm(folder, { recursive: true })
  })

  const asking = (...servers: UpstreamServer[]): Upstreams => {
    const up = openUpstreams({ ...SETTINGS.upstreams, servers }, { ca: TEST_CA })
    open.push(up)
    return up
  }
  const types = (reply: Reply): string[] => {
    if (reply.body.kind !== 'wire') return []
    return [
      ...reply.body.message.ttlOffsets.map((offset) => {
        const { bytes } = (reply.body as Extract<Reply['body'], { kind: 'wire' }>).message
        return String(((bytes[offset - 4] as number) << 8) | (bytes[offset - 3] as number))
      }),
    ]
  }

  describe.each([
    ['nsd over udp', 'udp', 'nsd'],
    ['nsd over tcp', 'tcp', 'nsd'],
    ['knot over udp', 'udp', 'knot'],
    ['knot over tcp', 'tcp', 'knot'],
    ['BIND over udp', 'udp', 'bind'],
    ['BIND over tcp', 'tcp', 'bind'],
    ['unbound over udp', 'udp', 'unbound'],
    ['unbound over tcp', 'tcp', 'unbound'],
    ['unbound over tls', 'tls', 'unboundTls'],
    ['dnsdist over tls', 'tls', 'dnsdistTls'],
    ['dnsdist over https', 'https', 'dnsdistHttps'],
  ] as const satisfies readonly (readonly [string, UpstreamTransport, keyof typeof at])[])(
    '%s',
    (_, transport, peer) => {
      test('answers, denies, follows aliases, and sends what does not fit a datagram', async () => {
        const up = asking(serverAt(transport, at[peer]))
        expect(addressesIn(await up.ask(question('www.signed.example')))).toContain('192.0.2.10')
        expect(addressesIn(await up.ask(question('alias.plain.example')))).toContain('192.0.2.10')
        expect(addressesIn(await up.ask(question('x.wild.signed.example')))).toContain('192.0.2.11')
        const no = await up.ask(question('nobody.signed.example'))
        expect(no).toMatchObject({ rcode: 3, body: { message: { negative: true } } })
        // A resolver may have had it for some seconds.
        expect(no.reusable).toBeGreaterThan(250)
        expect(no.reusable).toBeLessThanOrEqual(300)
        const big = await up.ask(question('big.plain.example', { type: 'TXT' }))
        expect(big.body.kind === 'wire' ? big.body.message.bytes.length : 0).toBeGreaterThan(2400)
        const figures = up.figures()[0]
        expect(figures).toMatchObject({ healthy: true, strays: 0, overTcp: transport === 'udp' ? 1 : 0 })
        expect(Object.values(figures?.failures ?? {}).every((count) => count === 0)).toBe(true)
      })

      test('gives signatures to those who set DO, and to no others', async () => {
        const up = asking(serverAt(transport, at[peer]))
        const RRSIG = '46'
        const NSEC = '47'
        const DO = { edns: 1232, dnssecOk: true }
        expect(types(await up.ask(question('www.signed.example', DO)))).toContain(RRSIG)
        expect(types(await up.ask(question('www.signed.example')))).not.toContain(RRSIG)
        expect(types(await up.ask(question('nobody.signed.example', DO)))).toContain(NSEC)
        expect(types(await up.ask(question('nobody.signed.example')))).not.toContain(NSEC)
        expect(types(await up.ask(question('x.wild.signed.example', DO)))).toContain(NSEC)
      })

      test('carries a hundred questions at once', async () => {
        const up = asking(serverAt(transport, at[peer]))
        const names = Array.from({ length: 100 }, (_unused, i) => `n${i}.wild.signed.example`)
        const replies = await Promise.all(names.map((name) => up.ask(question(name))))
        expect(replies.every((reply) => addressesIn(reply)[0] === '192.0.2.11')).toBe(true)
      })
    },
  )

  test('what unbound found forged is SERVFAIL with its reason, and no other upstream is asked', async () => {
    const up = asking(serverAt('tls', at.unboundTls), serverAt('udp', at.nsd))
    const reply = await up.ask(question('www.broken.example', { edns: 1232, dnssecOk: true }))
    expect(reply.rcode).toBe(2)
    expect(reply.error?.code).toBeGreaterThanOrEqual(6)
    expect(reply.error?.code).toBeLessThanOrEqual(12)
    expect(up.figures()[1]?.tries).toBe(0)
    // With CD the asker judges for himself (RFC 4035 §3.2.2).
    const unchecked = await up.ask(question('www.broken.example', { edns: 1232, checkingDisabled: true }))
    expect(addressesIn(unchecked)).toEqual(['203.0.113.66'])
  })

  describe('askfirst as an upstream of others', () => {
    let dns = 0
    let http = 0
    let home: Home
    beforeAll(async () => {
      ;[dns, http] = [await freePort(), await freePort()]
      const tls = `tls://127.0.0.1:${at.unboundTls}`
      home = await makeHome(folder, {
        listen: [`127.0.0.1:${dns}`, `127.0.0.77:${dns}`],
        upstreams: { servers: [tls], options: [{ server: tls, trustAd: true }] },
        http: { listen: [`127.0.0.1:${http}`] },
        reports: { syslog: { udp: [], tcp: [] } },
        devices: { neighbours: false },
        records: { 'nas.home.arpa': ['192.168.1.5'] },
        connections: { proxyProtocol: ['127.0.0.9'], proxyProtocolUdp: ['127.0.0.9'] },
        groups: [{ name: 'asker', members: ['127.0.0.5'], block: ['www.plain.example'] }],
        access: [{ at: '127.0.0.77', allowFrom: ['127.0.0.6'] }],
      })
      const [command, args] = askfirstCommand('run', '--config', home.config)
      const ca = new URL('../data/tls/ca.pem', import.meta.url).pathname
      const program = start(command, args, { env: { NODE_EXTRA_CA_CERTS: ca } })
      programs.push(program)
      await ready(program)
    })

    test('AD reaches those who set AD or DO, from a trusted upstream over TLS (RFC 6840 §5.8)', async () => {
      expect(await dig(dns, 'www.signed.example', '+adflag')).toMatch(/flags:[^;]* ad/)
      expect(await dig(dns, 'www.signed.example', '+noadflag', '+dnssec')).toMatch(/flags:[^;]* ad/)
      expect(await dig(dns, 'www.signed.example', '+noadflag')).not.toMatch(/flags:[^;]* ad/)
      expect(await dig(dns, 'www.plain.example', '+adflag')).not.toMatch(/flags:[^;]* ad/)
      // And again from the cache and the lane.
      for (let i = 0; i < 3; i++) expect(await dig(dns, 'www.signed.example', '+adflag')).toMatch(/flags:[^;]* ad/)
      expect(await dig(dns, 'www.signed.example', '+noadflag')).not.toMatch(/flags:[^;]* ad/)
    })

    test('the reason why an answer is bogus reaches the asker', async () => {
      const text = await dig(dns, 'www.broken.example', '+noadflag')
      expect(text).toContain('SERVFAIL')
      expect(text).toMatch(/EDE: ([6-9]|1[0-2])\b/)
      expect(await dig(dns, 'www.broken.example', '+cdflag', '+short')).toContain('203.0.113.66')
    })

    test('delv validates through it', async () => {
      const lines = anchors
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(/\s+/))
      const file = join(folder, 'delv.keys')
      const keys = lines.map(
        ([zone, , , tag, algorithm, digestType, digest]) =>
          `"${zone}" static-ds ${tag} ${algorithm} ${digestType} "${digest}";`,
      )
      await writeFile(file, `trust-anchors { ${keys.join(' ')} };\n`)
      const delv = (name: string): Promise<string> =>
        client('delv', '@127.0.0.1', '-p', String(dns), '-a', file, '+root=signed.example', name)
      const validated = await delv('www.signed.example')
      expect(validated).toContain('fully validated')
      expect(await delv('nobody.signed.example')).toContain('negative response, fully validated')
      expect(await delv('x.wild.signed.example')).toContain('fully validated')
    })

    test('drill finds the signatures and checks them', async () => {
      const file = join(folder, 'drill.ds')
      await writeFile(file, `${anchors.split('\n')[0]}\n`)
      const args = ['-p', String(dns), '-D', '@127.0.0.1', 'www.signed.example']
      expect(await client('drill', ...args)).toMatch(/RRSIG\s+A 13/)
      expect(await client('drill', '-p', String(dns), '-S', '-k', file, '@127.0.0.1', 'www.signed.example')).toContain(
        'Chase successful',
      )
    })

    test('a validating unbound behind it validates', async () => {
      const options = { kind: 'forward', ask: dns, anchors } as const
      const port = await keep(peers.startUnbound(folder, await freePort(), options))
      expect(await dig(port, 'www.signed.example', '+adflag')).toMatch(/flags:[^;]* ad/)
      expect(await dig(port, 'nobody.signed.example', '+adflag')).toMatch(/NXDOMAIN[\s\S]*flags:[^;]* ad/)
      expect(await dig(port, 'alias.signed.example', '+adflag')).toMatch(/flags:[^;]* ad/)
      expect(await dig(port, 'www.broken.example')).toContain('SERVFAIL')
      expect(await dig(port, 'www.plain.example', '+short')).toContain('192.0.2.10')
    })

    test('a validating unbound behind it takes home.arpa, which its parent leaves unsigned (RFC 8375 §4)', async () => {
      const port = await keep(peers.startUnbound(folder, await freePort(), { kind: 'forward', ask: dns, anchors }))
      expect(await dig(port, 'nas.home.arpa', '+short')).toBe('192.168.1.5\n')
      const there = await dig(port, 'nas.home.arpa', '+adflag')
      expect(there).toContain('NOERROR')
      // Not validated, and not bogus either: there is proof that nobody could sign it.
      expect(there).not.toMatch(/flags:[^;]* ad/)
      expect(await dig(port, 'nowhere.home.arpa')).toContain('NXDOMAIN')
      expect(await dig(port, 'nas.home.arpa', 'TXT')).toMatch(/NOERROR[\s\S]*ANSWER: 0/)
      // The zone above it is signed, and the proof is in it.
      expect(await dig(port, 'www.arpa', '+adflag')).toMatch(/flags:[^;]* ad/)
      expect(await dig(port, 'home.arpa', 'DS', '+adflag')).toMatch(/flags:[^;]* ad[\s\S]*ANSWER: 0/)
    })

    test('dnsmasq behind it answers', async () => {
      const port = await keep(peers.startDnsmasq(folder, await freePort(), dns))
      expect(await dig(port, 'www.signed.example', '+short')).toContain('192.0.2.10')
      expect(await dig(port, 'big.plain.example', 'TXT', '+short')).toContain('x39')
      expect(await dig(port, 'nobody.plain.example')).toContain('NXDOMAIN')
    })

    test('dnsdist in front of it says who asks, over UDP and TCP, with the PROXY protocol', async () => {
      const ports = { port: await freePort(), tls: await freePort(), https: await freePort(), ask: dns, proxy: true }
      const port = await keep(peers.startDnsdist(folder, ports))
      for (const how of ['+notcp', '+tcp']) {
        expect(await dig(port, 'www.plain.example', how, '+short', '-b', '127.0.0.5')).toBe('127.0.0.1\n')
        expect(await dig(port, 'www.plain.example', how, '+short', '-b', '127.0.0.6')).toBe('192.0.2.10\n')
      }
      const text = await (await fetch(`http://127.0.0.1:${http}/api/v1/stats`)).text()
      const { datagrams } = JSON.parse(text) as { datagrams: Record<string, number> }
      expect(datagrams['proxied']).toBeGreaterThanOrEqual(2)
      expect(datagrams['faulty']).toBe(0)
      // Who speaks for others must say for whom.
      expect(await dig(dns, 'www.plain.example', '+notcp', '+time=1', '-b', '127.0.0.9')).toContain('no servers')
      const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()
      expect(metrics).toMatch(/askfirst_datagrams_total\{result="proxied"\} [1-9]/)
      expect(metrics).toMatch(/askfirst_datagrams_total\{result="faulty"\} 1\b/)
    })

    test('the figures and metrics say how each upstream is asked', async () => {
      const stats = (await (await fetch(`http://127.0.0.1:${http}/api/v1/stats`)).json()) as { upstreams: object[] }
      expect(stats.upstreams[0]).toMatchObject({
        server: `tls://127.0.0.1:${at.unboundTls}`,
        transport: 'tls',
        uses: ['servers'],
        healthy: true,
      })
      const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text()
      expect(metrics).toMatch(/askfirst_upstream_connections_total\{upstream="tls:\/\/127[^}]*what="opened"\} [1-9]/)
      expect(metrics).toMatch(/askfirst_upstream_failures_total\{[^}]*reason="bogus"\} [1-9]/)
    })

    test('an address of this machine has an access list of its own, over UDP and TCP, and a new one counts at once', async () => {
      const at = (how: string, from: string) =>
        client('dig', '@127.0.0.77', '-p', String(dns), '+time=2', '+tries=1', how, '-b', from, 'www.plain.example')
      // Whoever may not ask is no device of ours, whatever address stands on his packets.
      expect(await at('+notcp', '127.0.0.8')).toContain('REFUSED')
      for (const how of ['+notcp', '+tcp']) {
        expect(await at(how, '127.0.0.6')).toContain('192.0.2.10')
        expect(await at(how, '127.0.0.7')).toContain('REFUSED')
        expect(await dig(dns, 'www.plain.example', how, '-b', '127.0.0.7')).toContain('192.0.2.10')
      }
      // What became of the first question is known before what became of the last.
      const known = await until('the last one to be known', async () => {
        const { devices } = (await (await fetch(`http://127.0.0.1:${http}/api/v1/devices`)).json()) as {
          devices: { addresses: string[] }[]
        }
        const addresses = devices.flatMap((device) => device.addresses)
        return addresses.includes('127.0.0.7') ? addresses : undefined
      })
      expect(known).toContain('127.0.0.6')
      expect(known).not.toContain('127.0.0.8')
      const config = JSON.parse(await readFile(home.config, 'utf8')) as object
      const access = [{ at: `127.0.0.77:${dns}`, allowFrom: ['127.0.0.7'] }]
      await writeFile(home.config, JSON.stringify({ ...config, access }))
      await until('the new list to count', async () => (await at('+notcp', '127.0.0.7')).includes('192.0.2.10'))
      expect(await at('+tcp', '127.0.0.6')).toContain('REFUSED')
    })
  })

  test('an upstream that was killed and is back is found within 5 s', async () => {
    // None that the system gives away while nobody listens there.
    const port = 25_353
    const options = { kind: 'stub', ask: at.nsd, anchors } as const
    const first = await peers.startUnbound(folder, port, options)
    const up = asking(serverAt('udp', port))
    expect(addressesIn(await up.ask(question('a.wild.signed.example')))).toEqual(['192.0.2.11'])
    await first.program.stop('SIGKILL')
    for (let i = 0; i < 12; i++) await up.ask(question(`k${i}.wild.signed.example`))
    expect(up.figures()[0]?.healthy).toBe(false)
    await keep(peers.startUnbound(folder, port, options))
    const back = performance.now()
    await until('recovery', async () => addressesIn(await up.ask(question('b.wild.signed.example'))).length > 0, 5000)
    expect(performance.now() - back).toBeLessThan(5000)
  })
})
