// How upstreams are asked and distrusted: real sockets on loopback, a name server that lies in every way.
import { createSocket } from 'node:dgram'
import { afterEach, describe, expect, test } from 'vitest'
import { udpServer } from '../../src/base/upstream-server.ts'
import { openLibc } from '../../src/system/libc.ts'
import { openUpstreams, type Surroundings, type Upstreams } from '../../src/upstream/forward.ts'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import { SETTINGS } from '../support/in-memory.ts'
import { answerTo, type Behaviour, type NameServer, rcodeTo, startNameServer } from '../support/name-server.ts'
import { addressesIn, question } from '../support/question.ts'
import { TEST_CA } from '../support/upstream-peer.ts'

const libc = await openLibc()
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

async function server(behaviour: Behaviour): Promise<NameServer> {
  const started = await startNameServer(behaviour)
  open.push(started)
  return started
}

function upstreams(servers: readonly NameServer[], timeout = 400, attempts = 3): Upstreams {
  return opened({ servers: servers.map(({ endpoint }) => udpServer(endpoint)), timeout, attempts })
}

function opened(settings: Partial<UpstreamSettings>, surroundings: Surroundings = {}): Upstreams {
  const defaults = { ...SETTINGS.upstreams, timeout: 400 }
  const up = openUpstreams({ ...defaults, ...settings }, { ca: TEST_CA, libc, ...surroundings })
  open.push(up)
  return up
}

const GOOD = '192.0.2.1'
const FORGED = '203.0.113.66'
const good: Behaviour = (query) => [answerTo(query, GOOD)]
const silent: Behaviour = () => []

test('an answer comes back as it was sent, with the upstream that gave it', async () => {
  const up = upstreams([await server(good)])
  const reply = await up.ask(question('www.example'))
  expect(addressesIn(reply)).toEqual([GOOD])
  expect(reply.outcome).toEqual({ kind: 'forwarded', upstream: 0 })
  expect(up.figures()[0]).toMatchObject({ healthy: true, tries: 1, latency: expect.any(Number) })
})

test('each query has a port, an ID and a letter case that a forger must guess', async () => {
  const ids = new Set<number>()
  const names = new Set<string>()
  const ns = await server((query) => {
    ids.add(query.readUInt16BE(0))
    names.add(query.subarray(12, -15).toString('latin1'))
    return [answerTo(query, GOOD)]
  })
  const up = upstreams([ns])
  for (let i = 0; i < 60; i++) await up.ask(question('www.abcdefghijklm.example'))
  expect(ids.size).toBeGreaterThan(55)
  expect(names.size).toBeGreaterThan(55)
  expect(ns.ports.size).toBeGreaterThan(5)
})

describe('what is not believed', () => {
  const lies: [string, (reply: Buffer, query: Buffer) => void][] = [
    ['a wrong ID', (reply) => reply.writeUInt16BE((reply.readUInt16BE(0) + 1) & 0xffff, 0)],
    ['another name', (reply) => reply.write('x', 13)],
    ['another type', (reply, query) => reply.writeUInt16BE(28, query.length - 11 - 4)],
  ]
  test.each(lies)('%s: the forged packet is passed over and the true one counts', async (_what, spoil) => {
    const ns = await server((query) => [answerTo(query, FORGED, (reply) => spoil(reply, query)), answerTo(query, GOOD)])
    const up = upstreams([ns])
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
    expect(up.figures()[0]?.strays).toBe(1)
  })

  test('a packet from another address', async () => {
    const forger = createSocket('udp4')
    open.push({ close: () => forger.close() })
    const ns = await server(silent)
    ns.behave((query) => {
      for (const port of ns.ports) forger.send(answerTo(query, FORGED), port, '127.0.0.1')
      return [answerTo(query, GOOD)]
    })
    expect(addressesIn(await upstreams([ns]).ask(question('www.example')))).toEqual([GOOD])
  })

  test('another letter case: the answer is fetched again over TCP', async () => {
    const lower: Behaviour = (query, transport) =>
      transport === 'tcp'
        ? [answerTo(query, GOOD)]
        : [
            answerTo(query, FORGED, (reply) =>
              reply.write(reply.subarray(12, 40).toString('latin1').toLowerCase(), 12, 'latin1'),
            ),
          ]
    const ns = await server(lower)
    expect(addressesIn(await upstreams([ns]).ask(question('www.abcdefghijklmno.example')))).toEqual([GOOD])
    expect(ns.seen.tcp).toBe(1)
  })

  test('a malformed message: a failed try, and the next upstream is asked', async () => {
    const bad = await server((query) => [answerTo(query, FORGED).subarray(0, -2)])
    const up = upstreams([bad, await server(good)])
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
    expect(up.figures()[0]?.failures.malformed).toBe(1)
  })
})

test('a cut answer is fetched over TCP', async () => {
  const ns = await server((query, transport) => [
    answerTo(query, GOOD, (reply) => {
      if (transport === 'udp') reply[2] = 0x83
    }),
  ])
  const reply = await upstreams([ns]).ask(question('www.example'))
  expect(addressesIn(reply)).toEqual([GOOD])
  expect(ns.seen).toEqual({ udp: 1, tcp: 1 })
})

test.each([
  ['SERVFAIL', 2],
  ['REFUSED', 5],
  ['NOTIMP', 4],
])('%s from one upstream makes the next one be asked', async (_name, rcode) => {
  const up = upstreams([await server((query) => [rcodeTo(query, rcode)]), await server(good)])
  expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
})

test('when one is silent the next one is asked before the first has timed out', async () => {
  const up = upstreams([await server(silent), await server(good)], 30_000)
  expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
})

describe('when none answers', () => {
  test('the reply is SERVFAIL with EDE 22, and says why', async () => {
    const reply = await upstreams([await server(silent)], 100, 2).ask(question('www.example'))
    expect(reply).toMatchObject({
      rcode: 2,
      outcome: { kind: 'failed', reason: 'upstream-timeout' },
      error: { code: 22, text: 'no upstream answered in time' },
    })
  })

  test('and the network says so, it is SERVFAIL with EDE 23', async () => {
    const ns = await startNameServer(silent)
    await ns.close()
    const reply = await upstreams([ns], 5000, 2).ask(question('www.example'))
    expect(reply).toMatchObject({ rcode: 2, outcome: { reason: 'no-upstream' }, error: { code: 23 } })
  })

  test('and none is configured, it is SERVFAIL at once', async () => {
    const reply = await upstreams([]).ask(question('www.example'))
    expect(reply).toMatchObject({ rcode: 2, error: { text: 'no upstream is configured' } })
  })
})

test('an upstream that is down is left alone but for a try now and then, and found again when it is back', async () => {
  const ns = await server(silent)
  const up = upstreams([ns], 50, 1)
  for (let i = 0; i < 3; i++) await up.ask(question(`www${i}.example`))
  expect(up.figures()[0]?.healthy).toBe(false)
  const before = ns.seen.udp
  for (let i = 0; i < 20; i++) await up.ask(question('www.example'))
  expect(ns.seen.udp - before).toBeLessThanOrEqual(1)
  ns.behave(good)
  const deadline = Date.now() + 5000
  while (up.figures()[0]?.healthy !== true && Date.now() < deadline) {
    await up.ask(question('www.example'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
})

describe('the fallback set', () => {
  const down = async (up: Upstreams): Promise<void> => {
    for (let i = 0; i < 3; i++) await up.ask(question(`down${i}.example`))
  }
  test('is asked only while none of the servers answers', async () => {
    const first = await server(good)
    const second = await server((query) => [answerTo(query, '192.0.2.2')])
    const [a, b] = [udpServer(first.endpoint), udpServer(second.endpoint)]
    const up = opened({ servers: [a], fallback: [b], timeout: 50, attempts: 1 })
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
    expect(second.seen.udp).toBe(0)
    first.behave(silent)
    await down(up)
    expect(addressesIn(await up.ask(question('a.example')))).toEqual(['192.0.2.2'])
    expect(up.figures().map(({ uses, healthy }) => ({ uses, healthy }))).toEqual([
      { uses: ['servers'], healthy: false },
      { uses: ['fallback'], healthy: true },
    ])
  })
  test('is left again when a server is back, and nobody waits for the trial', async () => {
    const first = await server(silent)
    const second = await server((query) => [answerTo(query, '192.0.2.2')])
    const [a, b] = [udpServer(first.endpoint), udpServer(second.endpoint)]
    const up = opened({ servers: [a], fallback: [b], timeout: 50, attempts: 1 })
    await down(up)
    first.behave(good)
    const deadline = Date.now() + 5000
    let slowest = 0
    while (up.figures()[0]?.healthy !== true && Date.now() < deadline) {
      const before = performance.now()
      await up.ask(question('b.example'))
      slowest = Math.max(slowest, performance.now() - before)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(addressesIn(await up.ask(question('c.example')))).toEqual([GOOD])
    expect(slowest).toBeLessThan(50)
  })
})

describe('names of a zone', () => {
  const zoned = async (behaviour: Behaviour) => {
    const outside = await server(good)
    const router = await server(behaviour)
    const up = opened({
      servers: [udpServer(outside.endpoint)],
      fallback: [udpServer(outside.endpoint)],
      zones: [{ names: ['home.arpa', '1.168.192.in-addr.arpa'], servers: [udpServer(router.endpoint)] }],
      timeout: 50,
    })
    return { up, outside, router }
  }
  test('are asked at its servers, and private answers come back', async () => {
    const { up, outside } = await zoned((query) => [answerTo(query, '192.168.1.7')])
    const reply = await up.ask(question('tv.home.arpa'))
    expect(addressesIn(reply)).toEqual(['192.168.1.7'])
    expect(reply.outcome).toEqual({ kind: 'forwarded', upstream: 1 })
    await up.ask(question('7.1.168.192.in-addr.arpa', { type: 'PTR' }))
    expect(outside.seen.udp).toBe(0)
    expect(up.figures().map(({ uses }) => uses)).toEqual([
      ['servers', 'fallback'],
      ['home.arpa 1.168.192.in-addr.arpa'],
    ])
  })
  test('never go to the outside, not even when its servers are down', async () => {
    const { up, outside } = await zoned(silent)
    for (let i = 0; i < 5; i++) expect(await up.ask(question(`a${i}.home.arpa`))).toMatchObject({ rcode: 2 })
    expect(outside.seen.udp).toBe(0)
    expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  })
})

test('in a race two are asked at once and the first usable answer counts', async () => {
  const first = await server(silent)
  const second = await server(good)
  const servers = [first, second].map(({ endpoint }) => udpServer(endpoint))
  const up = opened({ servers, strategy: 'race', timeout: 5000, attempts: 2 })
  const before = performance.now()
  expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  expect(performance.now() - before).toBeLessThan(200)
  expect([first.seen.udp, second.seen.udp]).toEqual([1, 1])
})

test('by lot every upstream gets its share', async () => {
  const peers = await Promise.all([server(good), server(good)])
  const servers = peers.map(({ endpoint }, i) => ({ ...udpServer(endpoint), weight: i === 0 ? 1 : 3 }))
  let draw = 0
  const up = opened({ servers, strategy: 'random' }, { chance: () => ((draw++ / 2) % 4) / 4 })
  for (let i = 0; i < 40; i++) await up.ask(question(`a${i}.example`))
  expect(peers.map(({ seen }) => seen.udp)).toEqual([10, 30])
})

test('an upstream that found forged data has the last word, and its reason is passed on', async () => {
  const bogus: Behaviour = (query) => {
    const reply = rcodeTo(query, 2)
    reply.writeUInt16BE(1, 10)
    return [
      Buffer.concat([reply, Buffer.from('0000291000000000000012000f000e0006', 'hex'), Buffer.from('signature!!!')]),
    ]
  }
  const other = await server(good)
  const up = upstreams([await server(bogus), other])
  expect(await up.ask(question('www.example'))).toMatchObject({ rcode: 2, error: { code: 6, text: 'signature!!!' } })
  expect(other.seen.udp).toBe(0)
  expect(up.figures()[0]).toMatchObject({ healthy: true, failures: { bogus: 1 } })
})

test('a server that only points elsewhere is no upstream', async () => {
  const referral: Behaviour = (query) => {
    const reply = rcodeTo(query, 0)
    reply.writeUInt16BE(0x8000, 2)
    reply.writeUInt16BE(1, 8)
    return [Buffer.concat([reply, Buffer.from('000002000100000e100003016100', 'hex')])]
  }
  const up = upstreams([await server(referral), await server(good)])
  expect(addressesIn(await up.ask(question('www.example')))).toEqual([GOOD])
  expect(up.figures()[0]?.failures.refused).toBe(1)
})
