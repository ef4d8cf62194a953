import { describe, expect, test } from 'vitest'
import { SECOND } from '../../../src/base/clock.ts'
import { RCODE } from '../../../src/base/question.ts'
import type { ResolverFigures } from '../../../src/threads/messages.ts'
import { failedReply, type InMemory, inMemory, noSuchName, SETTINGS } from '../../support/in-memory.ts'
import { extendedErrorOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

const DAY_S = 86_400
const rcodeOf = (packet: Uint8Array): number => (packet[3] as number) & 15
const dataOf = (packet: Uint8Array): unknown[] =>
  (readPacket(packet).answers ?? []).map((record) => (record as { data: unknown }).data)
const ttlOf = (packet: Uint8Array): unknown => (readPacket(packet).answers?.[0] as { ttl?: number } | undefined)?.ttl

/** An upstream that can be taken away, told what to say, and made to hang. */
class Upstream {
  address = '192.0.2.1'
  ttl = 100
  trouble: 'upstream-timeout' | 'no-upstream' | 'upstream-error' | 'hangs' | undefined
  readonly #hanging: (() => void)[] = []

  readonly answer = ({ name }: { name: string }) => {
    const packet = () =>
      responsePacket({
        questions: [{ type: 'A', name }],
        answers: [{ type: 'A', name, ttl: this.ttl, data: this.address }],
      })
    if (this.trouble === undefined) return packet()
    if (this.trouble !== 'hangs') return failedReply(this.trouble)
    return new Promise<Uint8Array>((resolve) => this.#hanging.push(() => resolve(packet())))
  }

  release(): void {
    for (const go of this.#hanging.splice(0)) go()
  }
}

const house = (settings: Parameters<typeof inMemory>[0]['settings'] = {}) => {
  const upstream = new Upstream()
  return { upstream, ...inMemory({ upstream: upstream.answer, settings }) }
}

function figuresOf({ resolver, messages }: InMemory): ResolverFigures {
  resolver.obey({ kind: 'sync', token: 1 })
  const synced = messages.findLast((message) => message.kind === 'synced')
  return (synced as { figures: ResolverFigures }).figures
}

/** Lets everything that can happen without time passing happen. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

const EDNS = { edns: 1232 }

describe('an answer past its end (RFC 8767)', () => {
  test('is given with TTL 30 and EDE 3 when the upstreams do not answer, and the figures say so', async () => {
    const { upstream, clock, ask, entries } = house()
    await ask('www.example', EDNS)
    upstream.trouble = 'no-upstream'
    clock.advance(101 * SECOND)
    const reply = await ask('www.example', EDNS)
    expect(dataOf(reply)).toEqual(['192.0.2.1'])
    expect(ttlOf(reply)).toBe(30)
    expect(extendedErrorOf(reply)).toMatchObject({ code: 3 })
    expect(entries().map(({ outcome }) => outcome.kind)).toEqual(['forwarded', 'stale'])
  })

  test('waits for a fresh one as long as configured and no longer', async () => {
    const { upstream, clock, ask } = house({
      cacheHabits: { ...SETTINGS.cacheHabits, stale: { max: DAY_S, wait: 700 } },
    })
    await ask('www.example')
    upstream.trouble = 'hangs'
    clock.advance(101 * SECOND)
    let reply: Uint8Array | undefined
    const waiting = ask('www.example', EDNS).then((packet) => (reply = packet))
    await settle()
    clock.advance(699)
    await settle()
    expect(reply).toBeUndefined()
    clock.advance(1)
    await waiting
    expect(extendedErrorOf(reply as unknown as Uint8Array)).toMatchObject({ code: 3 })
  })

  test('is not given where the upstream answers in time', async () => {
    const { upstream, clock, ask } = house()
    await ask('www.example')
    upstream.trouble = 'hangs'
    upstream.address = '192.0.2.2'
    clock.advance(101 * SECOND)
    const waiting = ask('www.example', EDNS)
    await settle()
    upstream.release()
    const reply = await waiting
    expect(dataOf(reply)).toEqual(['192.0.2.2'])
    expect(extendedErrorOf(reply)).toBeUndefined()
  })

  test('comes at once for every name while the upstreams are known to be silent', async () => {
    const { upstream, clock, ask } = house()
    await ask('one.example')
    await ask('two.example')
    upstream.trouble = 'hangs'
    clock.advance(101 * SECOND)
    const first = ask('one.example', EDNS)
    await settle()
    clock.advance(1000)
    await first
    // No time passes any more: this one did not wait.
    expect(extendedErrorOf(await ask('two.example', EDNS))).toMatchObject({ code: 3 })
  })

  test('gives way within seconds when the upstreams are back, whichever name finds out', async () => {
    const { upstream, clock, ask } = house()
    await ask('www.example')
    upstream.trouble = 'no-upstream'
    clock.advance(101 * SECOND)
    for (let i = 0; i < 60; i++) {
      expect(dataOf(await ask('www.example'))).toEqual(['192.0.2.1'])
      clock.advance(500)
    }
    upstream.trouble = undefined
    upstream.address = '192.0.2.2'
    let seconds = 0
    for (; dataOf(await ask('www.example'))[0] !== '192.0.2.2'; seconds += 0.5) clock.advance(500)
    expect(seconds).toBeLessThan(5)

    await settle()
    clock.advance(101 * SECOND)
    upstream.trouble = 'no-upstream'
    await ask('www.example')
    upstream.trouble = undefined
    upstream.address = '192.0.2.3'
    await ask('another.example')
    expect(dataOf(await ask('www.example'))).toEqual(['192.0.2.3'])
  })

  test('is forgotten after its longest time', async () => {
    const { upstream, clock, ask } = house()
    await ask('www.example')
    upstream.trouble = 'no-upstream'
    clock.advance((100 + 3 * DAY_S - 1) * SECOND)
    expect(rcodeOf(await ask('www.example'))).toBe(RCODE.NOERROR)
    clock.advance(5 * SECOND)
    expect(rcodeOf(await ask('www.example'))).toBe(RCODE.SERVFAIL)
  })

  test('is not given where that is switched off', async () => {
    const { upstream, clock, ask } = house({ cacheHabits: { ...SETTINGS.cacheHabits, stale: undefined } })
    await ask('www.example')
    upstream.trouble = 'no-upstream'
    clock.advance(101 * SECOND)
    expect(rcodeOf(await ask('www.example'))).toBe(RCODE.SERVFAIL)
  })

  test('that says "no such name" carries EDE 19 (RFC 8914 §4.20)', async () => {
    let down = false
    const { clock, ask } = inMemory({ upstream: (query) => (down ? failedReply('no-upstream') : noSuchName(query)) })
    await ask('gone.example')
    down = true
    clock.advance(61 * SECOND)
    const reply = await ask('gone.example', EDNS)
    expect(rcodeOf(reply)).toBe(RCODE.NXDOMAIN)
    expect(extendedErrorOf(reply)).toMatchObject({ code: 19 })
  })

  test('never enters the fast lane', async () => {
    const { upstream, clock, ask, quick } = house()
    await ask('www.example')
    upstream.trouble = 'no-upstream'
    clock.advance(101 * SECOND)
    await ask('www.example')
    await ask('www.example')
    expect(quick(queryPacket('www.example'))).toBeUndefined()
  })
})

describe('a failure (RFC 9520)', () => {
  test('is held for a second, then longer with each in a row up to the bound, and says what it was (EDE 13)', async () => {
    const { upstream, clock, ask, forwarded, entries } = house()
    upstream.trouble = 'upstream-error'
    const held = async (): Promise<number> => {
      const before = forwarded.length
      await ask('broken.example', EDNS)
      expect(forwarded).toHaveLength(before + 1)
      for (let ms = 0; ; ms += 100) {
        const reply = await ask('broken.example', EDNS)
        if (forwarded.length > before + 1) return ms
        expect(extendedErrorOf(reply)).toMatchObject({ code: 13, text: 'a moment ago: upstream-error' })
        clock.advance(100)
      }
    }
    await ask('broken.example', EDNS)
    clock.advance(1000)
    expect(await held()).toBe(2000)
    clock.advance(3000)
    expect(await held()).toBe(3000)
    expect(entries().some(({ outcome }) => outcome.kind === 'failed' && outcome.reason === 'remembered')).toBe(true)
  })

  test('of one name is not held against another', async () => {
    const { upstream, ask } = house()
    upstream.trouble = 'upstream-error'
    await ask('broken.example')
    upstream.trouble = undefined
    expect(rcodeOf(await ask('fine.example'))).toBe(RCODE.NOERROR)
  })

  test('for want of any upstream is over as soon as one answers', async () => {
    const { upstream, ask } = house()
    upstream.trouble = 'upstream-timeout'
    await ask('one.example')
    upstream.trouble = undefined
    expect(rcodeOf(await ask('one.example'))).toBe(RCODE.SERVFAIL)
    await ask('two.example')
    expect(rcodeOf(await ask('one.example'))).toBe(RCODE.NOERROR)
  })

  test('takes bounded memory, however many names fail', async () => {
    const server = house()
    server.upstream.trouble = 'upstream-error'
    for (let i = 0; i < 12_000; i++) await server.ask(`n${i}.example`)
    expect(figuresOf(server).cache.failures).toBeLessThanOrEqual(10_000)
  })
})

describe('a popular name', () => {
  test('is fetched before it expires although the lane answers for it, so that nobody waits', async () => {
    const { upstream, clock, quick, ask, forwarded, ...rest } = house()
    await ask('other.example')
    const names = ['www.example', 'www.example', 'www.example']
    for (const name of names) await ask(name)
    upstream.address = '192.0.2.2'
    const packet = queryPacket('www.example')
    for (let second = 0; second < 1000; second++) {
      if (quick(packet) === undefined) await ask('www.example')
      await settle()
      clock.advance(SECOND)
    }
    // 10 lifetimes: but for the first, all were fetched by nobody's question. Its share of the upstream is bounded.
    expect(forwarded.filter((name) => name === 'A www.example').length).toBeGreaterThan(9)
    const { cache } = figuresOf({ ...rest, forwarded, clock, quick, ask })
    expect(cache.prefetches).toBeGreaterThan(0)
    expect(cache.prefetches).toBeLessThanOrEqual(Math.ceil(forwarded.length / 2))
  })

  test('gets its fresh answer without any question waiting', async () => {
    const { upstream, clock, ask, forwarded } = house()
    for (let i = 0; i < 3; i++) await ask('www.example')
    upstream.trouble = 'hangs'
    upstream.address = '192.0.2.2'
    clock.advance(95 * SECOND)
    expect(dataOf(await ask('www.example'))).toEqual(['192.0.2.1'])
    expect(forwarded).toHaveLength(2)
    upstream.release()
    await settle()
    expect(dataOf(await ask('www.example'))).toEqual(['192.0.2.2'])
    expect(forwarded).toHaveLength(2)
  })

  test('is told from one that is asked for once in a while', async () => {
    const { clock, ask, forwarded } = house()
    await ask('www.example')
    clock.advance(95 * SECOND)
    await ask('www.example')
    expect(forwarded).toHaveLength(1)
  })

  test('does not take more than half of what the upstreams get', async () => {
    const { clock, ask, forwarded } = house()
    for (let i = 0; i < 20; i++) await ask(`n${i}.example`)
    for (let round = 0; round < 50; round++) {
      for (let second = 0; second < 100; second += 5) {
        for (let i = 0; i < 20; i++) await ask(`n${i}.example`)
        clock.advance(5 * SECOND)
      }
    }
    expect(forwarded.length).toBeLessThan(2 * 20 * 51)
  })
})

describe('a change of settings', () => {
  test('keeps what is cached, unless the upstreams or the bounds of the cache are others', async () => {
    const { ask, forwarded, resolver } = house()
    await ask('www.example')
    resolver.obey({ kind: 'settings', settings: { ...SETTINGS, udpSize: 1400 } })
    await ask('www.example')
    expect(forwarded).toHaveLength(1)
    resolver.obey({ kind: 'settings', settings: { ...SETTINGS, cache: { ...SETTINGS.cache, maxTtl: 50 } } })
    await ask('www.example')
    expect(forwarded).toHaveLength(2)
  })
})
