// One contract for every way to an upstream: udp, tcp, tls, https. Real sockets on loopback.
import { createHash, X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { type UpstreamServer, type UpstreamTransport, udpServer } from '../../src/base/upstream-server.ts'
import { openLibc } from '../../src/system/libc.ts'
import { openUpstreams, type Surroundings, type Upstreams } from '../../src/upstream/forward.ts'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import { SETTINGS } from '../support/in-memory.ts'
import { answerTo, startNameServer } from '../support/name-server.ts'
import { addressesIn, question } from '../support/question.ts'
import {
  type Peer,
  type PeerBehaviour,
  serverAt,
  startPeer,
  TEST_CA,
  TEST_CERTIFICATE,
} from '../support/upstream-peer.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close()
})

async function peer(transport: UpstreamTransport, behaviour: PeerBehaviour, address?: string): Promise<Peer> {
  const started = await startPeer(transport, behaviour, address === undefined ? {} : { address })
  open.push(started)
  return started
}

const ask = (
  servers: readonly UpstreamServer[],
  settings: Partial<UpstreamSettings> = {},
  surroundings: Surroundings = { ca: TEST_CA },
): Upstreams => askAmid(surroundings, servers, settings)

function askAmid(
  surroundings: Surroundings,
  servers: readonly UpstreamServer[],
  settings: Partial<UpstreamSettings>,
): Upstreams {
  const up = openUpstreams({ ...SETTINGS.upstreams, timeout: 1000, attempts: 1, ...settings, servers }, surroundings)
  open.push(up)
  return up
}

const GOOD = '192.0.2.1'
const good: PeerBehaviour = (query) => [answerTo(query, GOOD)]
const silent: PeerBehaviour = () => []
const figures = (up: Upstreams) => up.figures()[0] as NonNullable<ReturnType<Upstreams['figures']>[0]>
/** Waits for something that the other side of a socket brings about. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(condition()).toBe(true)
}

describe.each([
  ['udp', 'udp', await openLibc()],
  ['udp by node:dgram', 'udp', undefined],
  ['tcp', 'tcp', undefined],
  ['tls', 'tls', undefined],
  ['https', 'https', undefined],
] as const)('over %s', (_way, transport, libc) => {
  const ask = (servers: readonly UpstreamServer[], settings: Partial<UpstreamSettings> = {}): Upstreams =>
    askAmid({ ca: TEST_CA, libc }, servers, settings)

  test('an answer comes back, with the upstream that gave it', async () => {
    const { server } = await peer(transport, good)
    const up = ask([server])
    const reply = await up.ask(question('www.example'))
    expect(addressesIn(reply)).toEqual([GOOD])
    expect(reply.outcome).toEqual({ kind: 'forwarded', upstream: 0 })
    expect(figures(up)).toMatchObject({ transport, uses: ['servers'], healthy: true, tries: 1, inFlight: 0 })
  })

  test('over IPv6 as well', async () => {
    const { server } = await peer(transport, good, '::1')
    expect(addressesIn(await ask([server]).ask(question('www.example')))).toEqual([GOOD])
  })

  test('many questions are on their way at once, and each gets its own answer in whatever order they come', async () => {
    const COUNT = 60
    const waiting: (() => void)[] = []
    const { server } = await peer(transport, (query) => {
      const letter = query.subarray(13, 14).toString('latin1').toLowerCase()
      const reply = answerTo(query, `192.0.2.${letter.charCodeAt(0)}`)
      if (transport === 'udp') return [reply]
      return new Promise((resolve) => {
        waiting.push(() => resolve([reply]))
        if (waiting.length === COUNT) for (const send of waiting.reverse()) send()
      })
    })
    const up = ask([server], { timeout: 5000 })
    const all = Array.from({ length: COUNT }, (_, i) => `${(i % 36).toString(36)}${i}`)
    const replies = await Promise.all(all.map((name) => up.ask(question(`${name}.example`))))
    replies.forEach((reply, i) => {
      expect(addressesIn(reply)).toEqual([`192.0.2.${(all[i] as string).charCodeAt(0)}`])
    })
  })

  test('silence is a time-out', async () => {
    const { server } = await peer(transport, silent)
    const up = ask([server], { timeout: 80 })
    expect(await up.ask(question('www.example'))).toMatchObject({
      rcode: 2,
      outcome: { reason: 'upstream-timeout' },
      error: { code: 22 },
    })
    expect(figures(up).failures.timeout).toBe(1)
  })

  test('one that comes back where it was gone is asked again', async () => {
    const first = await startPeer(transport, good)
    const up = ask([first.server])
    for (let i = 0; i < 40; i++) expect(addressesIn(await up.ask(question(`www${i}.example`)))).toEqual([GOOD])
    await first.close()
    const replies = await Promise.all(Array.from({ length: 20 }, (_, i) => up.ask(question(`gone${i}.example`))))
    expect(replies.map(({ rcode }) => rcode)).toEqual(Array.from({ length: 20 }, () => 2))
    expect(figures(up).inFlight).toBe(0)
    const again = await startPeer(transport, good, { port: first.server.port })
    open.push(again)
    await until(() => figures(up).inFlight === 0)
    const back = async (): Promise<boolean> => addressesIn(await up.ask(question('back.example'))).length > 0
    const deadline = performance.now() + 5000
    let isBack = await back()
    while (!isBack && performance.now() < deadline) isBack = await back()
    expect(isBack).toBe(true)
  })

  test('where nobody listens, the upstream cannot be reached', async () => {
    const { server, close } = await startPeer(transport, good)
    await close()
    expect(await ask([server]).ask(question('www.example'))).toMatchObject({
      rcode: 2,
      outcome: { reason: 'no-upstream' },
      error: { code: 23 },
    })
  })

  test('a malformed answer is a failed try, and the next upstream is asked', async () => {
    const { server } = await peer(transport, (query) => [answerTo(query, '203.0.113.66').subarray(0, -2)])
    const next = await peer('udp', good)
    const up = ask([server, next.server], { attempts: 2 })
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
    expect(figures(up).failures.malformed).toBe(1)
  })

  test('an answer to another question is no answer', async () => {
    const { server } = await peer(transport, (query) => [answerTo(query, GOOD, (reply) => reply.write('x', 13))])
    const up = ask([server], { timeout: 100 })
    expect(await up.ask(question('www.example'))).toMatchObject({ rcode: 2 })
    expect(figures(up).strays).toBe(1)
  })

  test('DO and CD are passed on; AD is set where the upstream is trusted to validate', async () => {
    const flags: number[] = []
    const { server } = await peer(transport, (query) => {
      flags.push(query.readUInt16BE(2))
      return [answerTo(query, GOOD, (reply) => reply.writeUInt16BE(0x81a0, 2))]
    })
    const ad = async (trustAd: boolean): Promise<number> => {
      const up = ask([{ ...server, trustAd }])
      const reply = await up.ask(question('www.example', { edns: 1232, dnssecOk: true, checkingDisabled: true }))
      return reply.body.kind === 'wire' ? (reply.body.message.bytes[3] as number) & 0x20 : -1
    }
    expect(await ad(false)).toBe(0)
    expect(await ad(true)).toBe(0x20)
    expect(flags).toEqual([0x0110, 0x0130])
  })

  test('no more questions are on their way than may be', async () => {
    const { server } = await peer(transport, silent)
    const up = ask([server], { timeout: 300, maxInFlight: 2 })
    const replies = await Promise.all(['a', 'b', 'c'].map((name) => up.ask(question(`${name}.example`))))
    expect(replies.map(({ outcome }) => 'reason' in outcome && outcome.reason).sort()).toEqual([
      'overload',
      'upstream-timeout',
      'upstream-timeout',
    ])
    expect(figures(up)).toMatchObject({ inFlight: 0, failures: { busy: 1 }, healthy: true })
  })
})

describe.each(['tcp', 'tls', 'https'] as const)('a connection over %s', (transport) => {
  test('carries all questions, one after the other and at once', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server])
    for (let i = 0; i < 5; i++) await up.ask(question(`a${i}.example`))
    await Promise.all(Array.from({ length: 50 }, (_, i) => up.ask(question(`b${i}.example`))))
    expect(one.seen).toMatchObject({ queries: 55, connections: 1 })
    expect(figures(up).connections.opened).toBe(1)
  })

  test('that was closed behind our back costs one more connection, and no answer', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server])
    await up.ask(question('a.example'))
    let queries = 0
    one.behave((query) => {
      // The server hangs up on the old connection just as the question comes.
      if (queries++ === 0) {
        one.hangUp()
        return []
      }
      return [answerTo(query, GOOD)]
    })
    expect(addressesIn(await up.ask(question('b.example')))).toEqual([GOOD])
    expect(figures(up).connections).toMatchObject({ opened: 2, foundDead: 1 })
    expect(figures(up).failures.unreachable).toBe(0)
  })

  test('to a server that always hangs up is tried again once and no more', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server])
    await up.ask(question('a.example'))
    one.behave(() => {
      one.hangUp()
      return []
    })
    expect(await up.ask(question('b.example'))).toMatchObject({ rcode: 2, outcome: { reason: 'no-upstream' } })
    expect(one.seen).toMatchObject({ queries: 3, connections: 2 })
  })

  test('that falls silent is left for a new one', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server], { timeout: 5000, attempts: 2 })
    await up.ask(question('a.example'))
    one.behave((query) => (one.seen.connections === 1 ? [] : [answerTo(query, GOOD)]))
    expect(addressesIn(await up.ask(question('b.example')))).toEqual([GOOD])
    expect(one.seen.connections).toBe(2)
  })

  test('is closed when it is idle, and opened again with the next question', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server], { idle: 50 })
    await up.ask(question('a.example'))
    const connected = one.seen.connections
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(addressesIn(await up.ask(question('b.example')))).toEqual([GOOD])
    expect(one.seen.connections).toBe(connected + 1)
    expect(figures(up).connections.foundDead).toBe(0)
  })
})

describe.each(['tls', 'https'] as const)('trust over %s', (transport) => {
  const PIN = createHash('sha256')
    .update(new X509Certificate(TEST_CERTIFICATE).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
  const untrusted = { rcode: 2, error: { code: 23, text: 'no upstream could prove who it is' } }

  test('an unknown authority: nothing is asked', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server], {}, {})
    expect(await up.ask(question('www.example'))).toMatchObject(untrusted)
    expect(one.seen.queries).toBe(0)
    expect(figures(up).failures.untrusted).toBe(1)
  })

  test('a certificate for another name: nothing is asked', async () => {
    const one = await peer(transport, good)
    const up = ask([{ ...one.server, certificateName: 'dns.example.org' }])
    expect(await up.ask(question('www.example'))).toMatchObject(untrusted)
    expect(one.seen.queries).toBe(0)
  })

  test('the name of the certificate may be another than the host', async () => {
    const one = await peer(transport, good)
    const up = ask([{ ...one.server, certificateName: 'dns.example' }])
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  })

  test('a pinned key needs no authority and no name', async () => {
    const one = await peer(transport, good)
    const up = ask([{ ...one.server, certificateName: 'dns.example.org', pins: [PIN] }], {}, {})
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  })

  test('another key than the pinned one: nothing is asked, not even at the second try', async () => {
    const one = await peer(transport, good)
    const up = ask([{ ...one.server, pins: [PIN.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))] }])
    for (const name of ['a.example', 'b.example']) expect(await up.ask(question(name))).toMatchObject(untrusted)
    expect(one.seen).toMatchObject({ queries: 0, resumed: 0 })
  })

  test('a new connection takes up the TLS session of the one before', async () => {
    const one = await peer(transport, good)
    const up = ask([one.server])
    await up.ask(question('a.example'))
    await up.ask(question('b.example'))
    one.hangUp()
    await until(() => figures(up).inFlight === 0)
    await up.ask(question('c.example'))
    expect(one.seen.resumed).toBe(1)
    expect(figures(up).connections).toMatchObject({ opened: 2, resumed: 1 })
  })

  test('questions are padded to a multiple of 128 bytes (RFC 8467 §4.1)', async () => {
    const lengths: number[] = []
    const { server } = await peer(transport, (query) => {
      lengths.push(query.length)
      return [answerTo(query, GOOD)]
    })
    const up = ask([server])
    for (const name of [
      'a.example',
      'a-much-longer-name.of.several.labels.example',
      `${'x'.repeat(60)}.${'y'.repeat(60)}.example`,
    ])
      await up.ask(question(name))
    expect(lengths).toEqual([128, 128, 256])
  })

  test('a host that is a name is reached by the addresses of the configuration', async () => {
    const one = await peer(transport, good)
    const up = ask([{ ...one.server, host: 'dns.example', addresses: ['127.0.0.1'] }])
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  })

  test('or by those that the bootstrap resolvers know, asked once', async () => {
    const one = await peer(transport, good)
    const asked: string[] = []
    const bootstrap = await startNameServer((query) => {
      asked.push(query.subarray(13, 16).toString('latin1').toLowerCase())
      return [answerTo(query, '127.0.0.1')]
    })
    open.push(bootstrap)
    const up = ask([{ ...one.server, host: 'dns.example' }], { bootstrap: [bootstrap.endpoint], idle: 50 })
    expect(addressesIn(await up.ask(question('a.example')))).toEqual([GOOD])
    one.hangUp()
    expect(addressesIn(await up.ask(question('b.example')))).toEqual([GOOD])
    expect(asked).toEqual(['dns', 'dns'])
  })

  test('without any address it cannot be reached', async () => {
    const up = ask([{ ...serverAt(transport, 853), host: 'dns.example' }])
    expect(await up.ask(question('www.example'))).toMatchObject({ rcode: 2, outcome: { reason: 'no-upstream' } })
  })
})

test('an https server that answers with an error is a failed try', async () => {
  const one = await peer('https', good)
  const up = ask([{ ...one.server, path: '/elsewhere' }])
  expect(await up.ask(question('www.example'))).toMatchObject({ rcode: 2, outcome: { reason: 'no-upstream' } })
})

test('over UDP an answer longer than we said we take is fetched over TCP', async () => {
  const long = Buffer.alloc(1300)
  const ns = await startNameServer((query, transport) => {
    const reply = answerTo(query, GOOD)
    return [transport === 'udp' ? Buffer.concat([reply, long]) : reply]
  })
  open.push(ns)
  const up = ask([udpServer(ns.endpoint)])
  expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  expect(ns.seen).toEqual({ udp: 1, tcp: 1 })
})
