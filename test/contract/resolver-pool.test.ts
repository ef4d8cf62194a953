// Resolver threads as the control thread has them: real ones, on loopback.
import { afterEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../src/base/failure.ts'
import { NO_NAMES } from '../../src/names/snapshot.ts'
import type { ListeningAt } from '../../src/threads/messages.ts'
import type { ResolverLink } from '../../src/threads/resolver-link.ts'
import { prepareResolvers, startResolvers } from '../../src/threads/resolver-pool.ts'
import { address } from '../support/asking.ts'
import { SETTINGS, snapshotOf } from '../support/in-memory.ts'

const loopback = { address: '127.0.0.1', port: 0 }
const running: ResolverLink[] = []
afterEach(async () => {
  for (const pool of running.splice(0)) await pool.close()
})

async function startPool(threads: number, port = 0) {
  const died: Problem[] = []
  const using: { lists: readonly string[]; thread: number }[] = []
  let listening: readonly ListeningAt[] = []
  let entries = 0
  const pool = await startResolvers(
    prepareResolvers(threads),
    {
      listen: { plain: [{ ...loopback, port }], tls: [], https: [], http: [] },
      pair: undefined,
      settings: { ...SETTINGS, allowFrom: [{ bytes: Uint8Array.of(127, 0, 0, 0), bits: 8 }] },
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
      flood: () => {},
      died: (problem) => void died.push(problem),
    },
  )
  running.push(pool)
  return {
    pool,
    died,
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
