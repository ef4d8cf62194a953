// Several resolver threads as one: what is sent goes to all, what they say is put together. Each has sockets of its own at
// the same addresses, and the system deals the askers out to them by address and port.
import { randomBytes } from 'node:crypto'
import type { Worker } from 'node:worker_threads'
import { DAY } from '../base/clock.ts'
import { FLOOD_PAUSE, type Flood } from '../pipeline/limits.ts'
import { mergeDumps, mergeFigures, mergeLooked } from './merge.ts'
import type { ListeningAt, ResolverStart } from './messages.ts'
import { prepareResolver, type ResolverEvents, type ResolverLink, startResolver, type Told } from './resolver-link.ts'
import { shareOf } from './share.ts'

/** Bytes that the secrets of cookies are made from. */
const COOKIE_SEED = 32
/** Bytes of keys for TLS session tickets (node:tls), and how long they are used. */
const TICKET_KEYS = 48
const TICKETS_EVERY_MS = DAY
/** Floods that are remembered, so that each is told once. */
const FLOODS_KEPT = 256

/** What the threads start with; the rest is the pool's affair. */
export type PoolStart = Omit<ResolverStart, 'listen' | 'shared' | 'secrets'> & {
  readonly listen: Exclude<ResolverStart['listen'], undefined>
}

/** Begins `count` resolver threads, see `startResolvers`. */
export const prepareResolvers = (count: number): Worker[] =>
  Array.from({ length: count }, (_, thread) => prepareResolver(thread))

/** Starts these resolver threads; rejects with a `Failure` where one of them cannot listen, and then none is left. */
export async function startResolvers(
  workers: readonly Worker[],
  start: PoolStart,
  events: ResolverEvents,
): Promise<ResolverLink> {
  const count = workers.length
  const secrets = { cookies: randomBytes(COOKIE_SEED), tickets: randomBytes(TICKET_KEYS) }
  const shared = count > 1
  const first = Promise.withResolvers<readonly ListeningAt[]>()
  first.promise.catch(() => {})
  let latest: readonly ListeningAt[] = []
  const links: ResolverLink[] = []
  const follow = (): void => {
    for (const link of links.slice(1)) link.send({ kind: 'listen', endpoints: latest })
  }
  const heard: ResolverEvents = {
    ...events,
    flood: shared ? onceEach(events.flood) : events.flood,
    listening: (endpoints) => {
      latest = endpoints
      events.listening(endpoints)
      first.resolve(endpoints)
      follow()
    },
  }
  const one = { ...start, settings: shareOf(start.settings, count), shared, secrets }
  const starting = workers.map((worker, thread) =>
    thread === 0
      ? startResolver(worker, one, heard, thread)
      : startResolver(worker, { ...one, listen: undefined }, { ...heard, listening: () => {} }, thread, first.promise),
  )
  starting[0]?.catch(first.reject)
  const started = await Promise.allSettled(starting)
  for (const one of started) if (one.status === 'fulfilled') links.push(one.value)
  const close = async (): Promise<void> => void (await Promise.all(links.map((link) => link.close())))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await close()
    throw failed.reason
  }
  // The first may have found more addresses while the others started.
  if (latest !== (await first.promise)) follow()
  return poolOf(links, close)
}

/** The threads as one. */
function poolOf(links: readonly ResolverLink[], close: () => Promise<void>): ResolverLink {
  const all = <T>(ask: (link: ResolverLink) => Promise<T>): Promise<T[]> => Promise.all(links.map(ask))
  const [leader] = links as [ResolverLink]
  const send = (message: Told): void => {
    const settings = message.kind === 'settings' ? shareOf(message.settings, links.length) : undefined
    for (const link of links) link.send(settings === undefined ? message : { kind: 'settings', settings })
  }
  const tickets = setInterval(() => send({ kind: 'tickets', keys: randomBytes(TICKET_KEYS) }), TICKETS_EVERY_MS)
  return {
    send,
    inForce: async () => void (await all((link) => link.inForce())),
    sync: async () => mergeFigures(await all((link) => link.sync())),
    look: async (name, from, manner) => mergeLooked(await all((link) => link.look(name, from, manner))),
    flush: async (name, zone) => (await all((link) => link.flush(name, zone))).reduce((sum, gone) => sum + gone, 0),
    dump: async () => mergeDumps(await all((link) => link.dump())),
    // Any thread may be asked for any of it. All read the same bytes: what is damaged is so for each.
    restore: async (chunk) => {
      const restored = await all((link) => link.restore(chunk))
      return {
        kept: Math.max(...restored.map(({ kept }) => kept)),
        damaged: Math.max(...restored.map(({ damaged }) => damaged)),
      }
    },
    resolve: (name) => leader.resolve(name),
    close: () => {
      clearInterval(tickets)
      return close()
    },
  }
}

/** Tells of a flood once where several threads see it: an asker may have many ports. */
function onceEach(tell: (flood: Flood) => void): (flood: Flood) => void {
  const told = new Map<string, number>()
  return (flood) => {
    const key = `${flood.kind} ${flood.who}`
    const before = told.get(key)
    if (before !== undefined && flood.since - before < FLOOD_PAUSE) return
    if (told.size >= FLOODS_KEPT) told.clear()
    told.set(key, flood.since)
    tell(flood)
  }
}
