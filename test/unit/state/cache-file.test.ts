import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import type { Problem } from '../../../src/base/failure.ts'
import { type CacheLink, openCacheFile } from '../../../src/state/cache-file.ts'
import { failedReply, type InMemory, inMemory, SETTINGS } from '../../support/in-memory.ts'
import { extendedErrorOf, readPacket, responsePacket } from '../../support/packets.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'askfirst-cache-'))

/** An upstream that knows every name, and can be taken away. */
const upstream = () => {
  const state = { down: false }
  return {
    state,
    answer: ({ name }: { name: string }) =>
      state.down
        ? failedReply('no-upstream')
        : responsePacket({
            questions: [{ type: 'A', name }],
            answers: [
              { type: 'CNAME', name, ttl: 300, data: `host.${name}` },
              { type: 'A', name: `host.${name}`, ttl: 300, data: '192.0.2.1' },
            ],
          }),
  }
}

/** The resolver's end, as the thread's link has it. */
function linkTo({ resolver, messages }: InMemory): CacheLink {
  const answerTo = async <K extends 'dumped' | 'restored'>(kind: K) => {
    for (;;) {
      const found = messages.findIndex((message) => message.kind === kind)
      if (found >= 0) return messages.splice(found, 1)[0] as Extract<(typeof messages)[number], { kind: K }>
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return {
    dump: async () => {
      resolver.obey({ kind: 'dump', token: 1 })
      return (await answerTo('dumped')).chunks
    },
    restore: async (chunk) => {
      resolver.obey({ kind: 'restore', token: 1, chunk })
      return (await answerTo('restored')).restored
    },
  }
}

/** A server with its cache in `at`: what was asked for before, and what was told. */
async function start(at: string, later = 0) {
  const { state, answer } = upstream()
  const server = inMemory({ upstream: answer })
  server.clock.advance(later)
  const problems: Problem[] = []
  const file = openCacheFile(at, linkTo(server), (problem) => problems.push(problem))
  await file.ready
  return { ...server, upstream: state, file, problems }
}

/** The figures of its cache now. */
function cacheOf({ resolver, messages }: InMemory): unknown {
  resolver.obey({ kind: 'sync', token: 8 })
  return messages.flatMap((message) => (message.kind === 'synced' ? [message.figures.cache] : [])).at(-1)
}

const ttlOf = (packet: Uint8Array): unknown => (readPacket(packet).answers?.[0] as { ttl?: number } | undefined)?.ttl

describe('the cache', () => {
  test('outlives a restart, and its TTLs count on over the time between', async () => {
    const at = folder()
    const before = await start(at)
    await before.ask('www.example')
    await before.ask('mail.example', { edns: 1232, dnssecOk: true })
    await before.file.close()
    expect(before.problems).toEqual([])

    const after = await start(at, 100 * SECOND)
    expect(ttlOf(await after.ask('www.example'))).toBe(200)
    expect(ttlOf(await after.ask('mail.example', { edns: 1232, dnssecOk: true }))).toBe(200)
    expect(after.forwarded).toEqual([])
    expect(cacheOf(after)).toMatchObject({ entries: 2, restored: 2, flushed: 0 })
    after.resolver.obey({ kind: 'flush', token: 7, name: 'example', zone: true })
    expect(cacheOf(after)).toMatchObject({ entries: 0, restored: 2, flushed: 2 })
    await after.ask('www.example')
    await after.ask('mail.example', { edns: 1232, dnssecOk: true })
    after.forwarded.splice(0)
    await after.ask('mail.example')
    expect(after.forwarded).toHaveLength(1)
    // What an alias stands for is still known, and who is given addresses still counts as asking.
    expect(after.entries()[0]?.handOuts).toHaveLength(1)
    expect(after.problems).toEqual([])
  })

  test('of several threads comes back with the newest answer, whichever thread had it', async () => {
    const server = await start(folder())
    const link = linkTo(server)
    await server.ask('www.example')
    const older = await link.dump()
    server.clock.advance(400 * SECOND)
    await server.ask('www.example')
    const newer = await link.dump()
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const after = await start(folder(), 410 * SECOND)
      for (const chunk of order.flat()) await linkTo(after).restore(chunk)
      expect(ttlOf(await after.ask('www.example'))).toBe(290)
    }
  })

  test('gives answers that ran out in between as stale ones where no upstream answers', async () => {
    const at = folder()
    const before = await start(at)
    await before.ask('www.example')
    await before.file.close()
    const after = await start(at, 10 * HOUR)
    after.upstream.down = true
    expect(extendedErrorOf(await after.ask('www.example', { edns: 1232 }))).toMatchObject({ code: 3 })
  })

  test('forgets what is too old even for that', async () => {
    const at = folder()
    const before = await start(at)
    await before.ask('www.example')
    await before.file.close()
    const after = await start(at, 73 * HOUR)
    after.upstream.down = true
    expect((await after.ask('www.example'))[3] as number & 15).toBe(0x82)
  })

  test('takes entries from the future, which a clock that was set back makes, for expired ones', async () => {
    const at = folder()
    const before = await start(at, 10 * MINUTE)
    await before.ask('www.example')
    await before.file.close()
    const after = await start(at)
    await after.ask('www.example')
    expect(after.forwarded).toHaveLength(1)
  })

  test('is the file of its owner alone, and small', async () => {
    const at = folder()
    const server = await start(at)
    for (let i = 0; i < 1000; i++) await server.ask(`n${i}.example`)
    await server.file.close()
    const { mode, size } = statSync(join(at, 'cache.bin'))
    expect(mode & 0o777).toBe(0o600)
    expect(size).toBeLessThan(150_000)
  })
})

describe('a cache file that is damaged', () => {
  const kept = async (): Promise<string> => {
    const at = folder()
    const server = await start(at)
    for (let i = 0; i < 3000; i++) await server.ask(`n${i}.example`)
    await server.file.close()
    return at
  }
  const spoil = (at: string, change: (bytes: Buffer) => Buffer): void => {
    const path = join(at, 'cache.bin')
    writeFileSync(path, change(readFileSync(path)))
  }

  test.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1000), 'is cut'],
    ['changed in its middle', (bytes: Buffer) => flipped(bytes, bytes.length >> 1), 'is damaged'],
    ['another file', () => Buffer.from('hello'), 'is not a cache of askfirst'],
    ['empty', () => Buffer.alloc(0), 'is not a cache of askfirst'],
    ['of another version', () => Buffer.from('askfirst cache 7\n'), 'has version 7'],
  ])('(%s) is set aside and reported, and the server starts', async (_, change, message) => {
    const at = await kept()
    spoil(at, change)
    const server = await start(at)
    expect(server.problems).toEqual([
      expect.objectContaining({ code: 'ASKFIRST_E_STATE', message: expect.stringContaining(message) }),
    ])
    expect(readdirSync(at).some((name) => name.startsWith('cache.bin.damaged-'))).toBe(true)
    expect(ttlOf(await server.ask('other.example'))).toBe(300)
    await server.file.close()
    expect((await start(at)).problems).toEqual([])
  })

  test('gives what could be read of it', async () => {
    const at = await kept()
    spoil(at, (bytes) => bytes.subarray(0, bytes.length - 1000))
    const server = await start(at)
    // The ones asked for last stand first.
    await server.ask('n2999.example')
    expect(server.forwarded).toEqual([])
  })

  test('never makes the server fail, whichever byte is another', async () => {
    const at = await kept()
    const whole = readFileSync(join(at, 'cache.bin'))
    const server = inMemory({})
    for (let i = 0; i < 3000; i++) {
      const chunk = new Uint8Array(flipped(whole, 16 + 8 + ((i * 7919) % 60_000)).subarray(24, 24 + 60_000))
      server.resolver.obey({ kind: 'restore', token: 1, chunk })
    }
    server.resolver.obey({ kind: 'restore', token: 1, chunk: new Uint8Array(0) })
    expect(server.messages.filter(({ kind }) => kind === 'trouble')).toEqual([])
  })

  test('that cannot be written is reported once, and the server goes on', async () => {
    const at = join(folder(), 'file')
    writeFileSync(at, '')
    const server = await start(at)
    await server.file.close()
    expect(server.problems.map(({ code }) => code)).toContain('ASKFIRST_E_STATE')
  })
})

const flipped = (bytes: Buffer, at: number): Buffer => {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] as number) ^ 0xff
  return changed
}

describe('flush', () => {
  const server = async () => {
    const one = inMemory({ settings: SETTINGS })
    for (const name of ['example', 'www.example', 'a.www.example', 'wwwexample', 'other']) {
      await one.ask(name)
      await one.ask(name)
      await one.ask(name, { type: 'AAAA' })
    }
    one.forwarded.length = 0
    return one
  }
  const flush = ({ resolver, messages }: InMemory, name: string, zone: boolean): number => {
    resolver.obey({ kind: 'flush', token: 1, name, zone })
    return (messages.findLast(({ kind }) => kind === 'flushed') as { gone: number }).gone
  }

  test('forgets a name, of every type and out of the lane, and nothing else', async () => {
    const one = await server()
    expect(flush(one, 'www.example', false)).toBe(2)
    for (const name of ['example', 'www.example', 'a.www.example', 'wwwexample']) await one.ask(name)
    expect(one.forwarded).toEqual(['A www.example'])
  })
  test('forgets a zone with all under it, and no name that only ends alike', async () => {
    const one = await server()
    expect(flush(one, 'example', true)).toBe(6)
    for (const name of ['example', 'a.www.example', 'wwwexample', 'other']) await one.ask(name)
    expect(one.forwarded).toEqual(['A example', 'A a.www.example'])
  })
  test('forgets all under the root', async () => {
    expect(flush(await server(), '.', true)).toBe(10)
  })
})
