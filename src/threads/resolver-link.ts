// The control thread's end of a resolver thread: starts it, speaks to it, knows when all it answered has come over.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Failure, type Problem } from '../base/failure.ts'
import { type Batch, BatchReader } from '../journal/batch.ts'
import type { EntryLabels } from '../journal/tally.ts'
import type { Restored } from '../pipeline/cache/cache-dump.ts'
import type { Flood } from '../pipeline/limits.ts'
import type { Resolved } from '../pipeline/own-question.ts'
import type { Manner } from '../pipeline/profiles.ts'
import { listKey } from '../policy/decision.ts'
import type {
  FromResolver,
  ListeningAt,
  NameLooked,
  PolicySnapshot,
  ResolverFigures,
  ResolverStart,
  ToResolver,
} from './messages.ts'

/** What the composition root does with what comes over. `thread`: the number of the resolver thread, from 0. */
export interface ResolverEvents {
  /** `entries` reads it; each thread has its own. */
  readonly batch: (batch: Batch, entries: BatchReader, thread: number) => void
  /** What list and upstream numbers of that thread's entries mean from here on. */
  readonly using: (labels: EntryLabels, thread: number) => void
  readonly listening: (endpoints: readonly ListeningAt[]) => void
  readonly trouble: (problem: Problem) => void
  readonly flood: (flood: Flood) => void
  /** The thread is gone, which it never should be. */
  readonly died: (problem: Problem) => void
}

/** What is told and not answered. */
export type Told = Exclude<
  ToResolver,
  { kind: 'start' | 'sync' | 'look' | 'resolve' | 'flush' | 'dump' | 'restore' | 'close' | 'read' }
>

/** A running resolver thread, or several as one. What is asked of a thread that is gone fails; what it is told is lost. */
export interface ResolverLink {
  readonly send: (message: Told) => void
  /** Resolves when all that was sent holds, the newest policy too; or the thread is gone, and nothing holds any more. */
  readonly inForce: () => Promise<void>
  /** Resolves when every answer given before this call is with us (invariant I1); with the thread's figures. */
  readonly sync: () => Promise<ResolverFigures>
  /** What its cache holds for a name, and what it would answer to who asks from this address. */
  readonly look: (name: string, from: string | undefined, manner?: Manner) => Promise<NameLooked>
  /** Makes it forget a name, or a zone with all under it; says how many answers. */
  readonly flush: (name: string, zone: boolean) => Promise<number>
  /** Its cache as bytes, and back. */
  readonly dump: () => Promise<readonly Uint8Array[]>
  readonly restore: (chunk: Uint8Array) => Promise<Restored>
  /** Where a name leads, as the pipeline says. */
  readonly resolve: (name: string) => Promise<Resolved>
  readonly close: () => Promise<void>
}

/** As `top -H` shows it. */
const nameOf = (thread: number): string => (thread === 0 ? 'resolver' : `resolver ${thread + 1}`)

/** Begins a resolver thread, which then loads its program while others do something else; it waits to be started. */
export function prepareResolver(thread: number): Worker {
  const file = new URL(`../resolver-thread${extname(import.meta.filename)}`, import.meta.url)
  const worker = new Worker(file, { name: nameOf(thread) })
  // Until it is started, nothing waits for it.
  worker.unref()
  return worker
}

/**
 * Starts a resolver thread; rejects with a `Failure` where it cannot listen. `first`: what the thread listens on that
 * goes before it; left out, it goes first.
 */
export async function startResolver(
  worker: Worker,
  start: ResolverStart,
  events: ResolverEvents,
  thread = 0,
  first?: Promise<readonly ListeningAt[]>,
): Promise<ResolverLink> {
  worker.ref()
  const name = nameOf(thread)
  const entries = new BatchReader()
  const policies = new SentPolicies(start.policy)
  const waiting = new Map<
    number,
    { readonly resolve: (answer: never) => void; readonly reject: (why: Failure) => void }
  >()
  let gone: Failure | undefined
  let token = 0
  let closing = false
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const ready = new Promise<void>((resolve, reject) => {
    first?.then((endpoints) => worker.postMessage({ kind: 'listen', endpoints } satisfies ToResolver), reject)
    worker.on('error', (fault) => {
      const problem = { code: 'ASKFIRST_E_INTERNAL', message: `the thread "${name}" failed: ${fault}` } as const
      reject(new Failure(problem))
      if (closing) return
      gone = new Failure(problem)
      for (const one of waiting.values()) one.reject(gone)
      waiting.clear()
      policies.release()
      events.died(problem)
    })
    worker.on('message', (message: FromResolver) => {
      switch (message.kind) {
        case 'batch':
          events.batch(message.batch, entries, thread)
          handBack(worker, message.batch)
          return
        case 'synced':
          settle(message.token, message.figures)
          return
        case 'looked':
          settle(message.token, message.found)
          return
        case 'flushed':
          settle(message.token, message.gone)
          return
        case 'dumped':
          settle(message.token, message.chunks)
          return
        case 'restored':
          settle(message.token, message.restored)
          return
        case 'resolved':
          settle(message.token, message.resolved)
          return
        case 'using':
          events.using({ lists: policies.use(message.generation), upstreams: message.upstreams }, thread)
          return
        case 'listening':
          events.listening(message.endpoints)
          resolve()
          return
        case 'failed':
          reject(new Failure(...message.problems))
          return
        case 'trouble':
          events.trouble(message.problem)
          return
        case 'flood':
          events.flood(message.flood)
      }
    })
  })
  worker.postMessage({ kind: 'start', start } satisfies ToResolver)
  const settle = (of: number, answer: unknown): void => {
    waiting.get(of)?.resolve(answer as never)
    waiting.delete(of)
  }
  const ask = <T>(make: (token: number) => ToResolver): Promise<T> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) throw gone
      const mine = ++token
      waiting.set(mine, { resolve, reject })
      worker.postMessage(make(mine))
    })
  const close = async (): Promise<void> => {
    closing = true
    worker.postMessage({ kind: 'close' } satisfies ToResolver)
    const late = setTimeout(() => void worker.terminate(), CLOSE_WITHIN_MS)
    await ended
    clearTimeout(late)
  }
  await ready.catch(async (fault: unknown) => {
    await close()
    throw fault
  })
  const sync = (): Promise<ResolverFigures> => ask((mine) => ({ kind: 'sync', token: mine }))
  return {
    send: (message) => {
      if (message.kind === 'policy') policies.send(message.policy)
      worker.postMessage(message)
    },
    sync,
    inForce: async () => {
      await sync().then(
        () => policies.inForce(),
        () => {},
      )
    },
    resolve: (name) => ask((mine) => ({ kind: 'resolve', token: mine, name })),
    look: (name, from, manner) => ask((mine) => ({ kind: 'look', token: mine, name, from, manner })),
    flush: (name, zone) => ask((mine) => ({ kind: 'flush', token: mine, name, zone })),
    dump: () => ask((mine) => ({ kind: 'dump', token: mine })),
    restore: (chunk) => ask((mine) => ({ kind: 'restore', token: mine, chunk })),
    close,
  }
}

function handBack(worker: Worker, { length, buffer }: Batch): void {
  worker.postMessage({ kind: 'read', bytes: length, buffer } satisfies ToResolver, [buffer])
}

/** The policies that a thread was sent and may be using: what their list numbers mean, and which one it has reached. */
class SentPolicies {
  readonly #lists = new Map<number, readonly string[]>()
  #newest = 0
  #used = 0
  readonly #waiting: (() => void)[] = []

  constructor(first: PolicySnapshot) {
    this.send(first)
  }

  send({ generation, lists }: PolicySnapshot): void {
    this.#newest = generation
    this.#lists.set(generation, lists.map(listKey))
  }

  /** The thread uses this one from here on; returns the names of its lists. */
  use(generation: number): readonly string[] {
    this.#used = generation
    // One that was overtaken while it was made ready is never used.
    for (const old of this.#lists.keys()) if (old < generation) this.#lists.delete(old)
    if (generation === this.#newest) this.release()
    return this.#lists.get(generation) ?? []
  }

  /** Nobody waits any longer. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  async inForce(): Promise<void> {
    if (this.#used !== this.#newest) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** A thread that has not ended by then is stopped. */
const CLOSE_WITHIN_MS = 2000
