// Resolver threads as the control thread has them: real ones, on loopback.
import { afterEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../src/base/failure.ts'
import { RCODE } from '../../src/base/question.ts'
import { NO_NAMES } from '../../src/names/snapshot.ts'
import type { ListeningAt, ResolverSettings } from '../../src/threads/messages.ts'
import type { ResolverLink } from '../../src/threads/resolver-link.ts'
import { prepareResolvers, startResolvers } from '../../src/threads/resolver-pool.ts'
import { address, ask } from '../support/asking.ts'
import { SETTINGS, snapshotOf } from '../support/in-memory.ts'
import { fullRcodeOf } from '../support/packets.ts'

const loopback = { address: '127.0.0.1', port: 0 }
const running: ResolverLink[] = []
afterEach(async () => {
  for (const pool of running.splice(0)) await pool.close()
})

async function startPool(threads: number, port = 0, settings: Partial<ResolverSettings> = {}) {
  const died: Problem[] = []
  const floods: string[] = []
  const using: { lists: readonly string[]; thread: number }[] = []
  let listening: readonly ListeningAt[] = []
  let entries = 0
  const pool = await startResolvers(
    prepareResolvers(threads),
    {
      listen: { plain: [{ ...loopback, port }], tls: [], https: [], http: [] },
      pair: undefined,
      settings: { ...SETTINGS, ...settings, allowFrom: [{ bytes: Uint8Array.of(127, 0, 0, 0), bits: 8 }] },
      policy: snapshotOf({ block: ['ads.example'] }),
      household: { groups: [], devices: [], off: [], paused: { groups: [], devices: [] } },
      names: NO_NAMES,
    },
    {
      batch: (batch, reader) =>
        reader.read(batch, ({ count }) => {
          entries += count
        }),
      using: ({ lists }, thread) => void using.push({ lists, thread }),
      listening: (endpoints) => {
        listening = endpoints
      },
      trouble: () => {},
      flood: ({ kind, who }) => void floods.push(`${kind} ${who}`),
      died: (problem) => void died.push(problem),
    },
  )
  running.push(pool)
  return {
    pool,
    died,
    floods,
    using,
    entries: () => entries,
    udp: () => listening.find(({ kind }) => kind === 'udp')?.endpoint.port,
  }
}

describe('a pool of resolver threads', () => {
  test('shares the port that the system chose, and says what the numbers of each thread mean', async () => {
    const { pool, using, entries, udp } = await startPool(3)
    await Promise.all(
      Array.from({ length: 40 }, async () => expect(await address(udp() ?? 0, 'ads.example')).toBe('127.0.0.1')),
    )
    expect((await pool.sync()).cpu).toHaveLength(3)
    expect(entries()).toBe(40)
    expect(using.map(({ thread }) => thread).sort()).toEqual([0, 1, 2])
    expect(new Set(using.map(({ lists }) => lists.join()))).toHaveLength(1)
  })

  test('limits in each thread, and tells once of who floods them all', async () => {
    const limits = { ...SETTINGS.limits, queries: 1, exempt: [], over: 'refuse' } as const
    const { pool, floods, udp } = await startPool(3, 0, { limits })
    const packets = await Promise.all(Array.from({ length: 90 }, () => ask(udp() ?? 0, 'ads.example')))
    const refused = packets.filter((packet) => fullRcodeOf(packet) === RCODE.REFUSED).length
    expect(refused).toBeGreaterThan(45)
    expect(90 - refused).toBeGreaterThanOrEqual(3)
    expect((await pool.sync()).floods).toMatchObject([{ who: '127.0.0.1', kind: 'queries', limited: refused }])
    expect(floods).toEqual(['queries 127.0.0.1'])
  })

  test('starts none where one address is another’s', async () => {
    const { udp } = await startPool(2)
    await expect(startPool(2, udp())).rejects.toMatchObject({ problems: [{ code: 'ASKFIRST_E_LISTEN_IN_USE' }] })
  })

  test('tells of a thread that has died; nobody waits for its word any more', async () => {
    const { pool, died } = await startPool(2)
    await pool.sync()
    // No message of ours: what reads it fails, as with a fault of our own.
    pool.send({ kind: 'names', change: null as never })
    await expect(pool.sync()).rejects.toMatchObject({ problems: [{ code: 'ASKFIRST_E_INTERNAL' }] })
    await expect(pool.dump()).rejects.toThrow('failed')
    await pool.inForce()
    expect(died[0]?.message).toMatch(/^the thread "resolver/)
    await pool.close()
  })
})
