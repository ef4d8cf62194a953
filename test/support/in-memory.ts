// A whole resolver in memory: no socket, no thread, time in the test's hands. Packets in, packets out.

import { addressBytes, PRIVATE_RANGES } from '../../src/base/address.ts'
import { type After, type Clock, Moment } from '../../src/base/clock.ts'
import { wireFromName } from '../../src/base/name.ts'
import { type Query, RCODE, type TransportKind, typeName, wantsDnssec } from '../../src/base/question.ts'
import { EMPTY_BODY, type FailedReason, type Reply } from '../../src/base/reply.ts'
import { type Batch, BatchReader } from '../../src/journal/batch.ts'
import type { Entry } from '../../src/journal/entry.ts'
import { type NamesSnapshot, NO_NAMES } from '../../src/names/snapshot.ts'
import { CANARIES } from '../../src/names/special-zones.ts'
import type { Client } from '../../src/pipeline/clients.ts'
import type { Household } from '../../src/pipeline/profiles.ts'
import { policyBuilder } from '../../src/policy/compile.ts'
import type { ListInfo } from '../../src/policy/decision.ts'
import { createResolver, type Resolver } from '../../src/resolver.ts'
import type { FromResolver, PolicySnapshot, ResolverSettings } from '../../src/threads/messages.ts'
import { type Scanned, scanMessage } from '../../src/wire/scan-message.ts'
import { type AskOptions, queryPacket, responsePacket } from './packets.ts'

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #ms = 1_000_000
  /** Milliseconds that pass whenever somebody looks. */
  pace = 0
  readonly now = (): number => 1_790_000_000_000 + this.#ms
  readonly ticks = (): number => (this.#ms += this.pace)
  readonly #waiting = new Set<{ readonly at: number; readonly run: () => void }>()
  readonly after: After = (ms, run) => {
    const waiting = { at: this.#ms + ms, run }
    this.#waiting.add(waiting)
    return () => this.#waiting.delete(waiting)
  }
  advance(ms: number): void {
    this.#ms += ms
    for (const waiting of this.#waiting) {
      if (waiting.at > this.#ms || !this.#waiting.delete(waiting)) continue
      waiting.run()
    }
  }
}

/** A snapshot of these rules: one blocklist, one allowlist; `*.x` covers what is under x and x itself. */
export function snapshotOf(
  rules: { block?: readonly string[]; allow?: readonly string[] },
  generation = 1,
): PolicySnapshot {
  const builder = policyBuilder([1, 2, 3])
  const lists: ListInfo[] = []
  for (const kind of ['block', 'allow'] as const) {
    builder.beginList()
    const names = rules[kind] ?? []
    names.forEach((text, i) => {
      const subtree = text.startsWith('*.')
      builder.add(kind, subtree, wireFromName(subtree ? text.slice(2) : text) as Uint8Array, i + 1)
    })
    const count = names.length
    lists.push({
      name: `${kind}.txt`,
      path: undefined,
      kind,
      formats: ['domains'],
      rules: count,
      lines: count,
      rejected: 0,
    })
  }
  return { buffer: builder.finish().buffer, lists, generation }
}

/** Settings as the default configuration has them. */
export const SETTINGS: ResolverSettings = {
  allowFrom: PRIVATE_RANGES,
  upstreams: {
    servers: [],
    strategy: 'order',
    fallback: [],
    zones: [],
    groups: [],
    bootstrap: [],
    timeout: 2000,
    attempts: 3,
    maxInFlight: 2000,
    idle: 15_000,
  },
  sinkhole: { mode: 'loopback', addresses: [], ttl: 60 },
  safeSearch: false,
  cache: { bytes: 8 * 1024 ** 2, minTtl: 0, maxTtl: 86_400, maxNegativeTtl: 3600 },
  cacheHabits: { stale: { max: 259_200, wait: 1000 }, failureTtl: 3, prefetch: true },
  udpSize: 1232,
  serving: {
    connections: { most: 2048, perClient: 64, idle: 30_000 },
    trust: { proxyProtocol: [], httpProxies: [] },
    proxyDatagrams: [],
    allowFrom: { tls: PRIVATE_RANGES, https: PRIVATE_RANGES },
    access: [],
    name: undefined,
    designated: undefined,
  },
  names: { canaries: CANARIES, forwarded: [], dns64: undefined, rebinding: undefined },
  edns: { cookies: 'answer', clientSubnet: 'strip', nsid: undefined, idle: 10_000 },
  identity: { version: undefined, host: undefined },
  limits: { queries: 0, perPrefix: 0, names: 0, inFlight: 0, over: 'truncate', exempt: [] },
}

/** A resolver in memory. */
export interface InMemory {
  readonly resolver: Resolver
  readonly clock: TestClock
  /** Questions that left the house, in order: `A www.example.com`. */
  readonly forwarded: string[]
  readonly entries: () => Entry[]
  readonly messages: FromResolver[]
  readonly client: (address: string) => Client
  readonly ask: (
    name: string,
    options?: AskOptions & { from?: string; transport?: TransportKind },
  ) => Promise<Uint8Array>
  /** The same through the fast lane alone; undefined where the lane passes. */
  readonly quick: (packet: Uint8Array, from?: string, transport?: TransportKind) => Uint8Array | undefined
  /** The same through the pipeline alone. */
  readonly slow: (packet: Uint8Array, from?: string, transport?: TransportKind) => Promise<Uint8Array | undefined>
}

/** Builds one. `upstream` answers what leaves the house: as a packet that a server would send, or as a finished reply. */
export function inMemory(options: {
  readonly rules?: Parameters<typeof snapshotOf>[0]
  readonly settings?: Partial<ResolverSettings>
  readonly upstream?: (query: Query) => Promise<Uint8Array | Reply> | Uint8Array | Reply
  readonly names?: NamesSnapshot
  /** Instead of `rules`. */
  readonly policy?: PolicySnapshot
  readonly household?: Household
  readonly later?: (run: () => void) => void
}): InMemory {
  const clock = new TestClock()
  const messages: FromResolver[] = []
  const forwarded: string[] = []
  const { upstream = addressOf } = options
  const resolver = createResolver({
    settings: { ...SETTINGS, ...options.settings },
    policy: options.policy ?? snapshotOf(options.rules ?? {}),
    ...(options.household === undefined ? {} : { household: options.household }),
    names: options.names ?? NO_NAMES,
    clock,
    after: clock.after,
    ...(options.later === undefined ? {} : { later: options.later }),
    seed: new Uint8Array(32).fill(7),
    post: (message) => void messages.push(message),
    upstreams: () => ({
      ask: async (query) => {
        forwarded.push(`${typeName(query.type)} ${query.name}`)
        const said = await upstream(query)
        return said instanceof Uint8Array ? asForwarded(said, query) : said
      },
      figures: () => [],
      close: () => {},
    }),
  })
  const client = (address: string): Client => resolver.clients.of(address)
  const slow: InMemory['slow'] = (packet, from = '192.168.1.5', transport = 'udp') =>
    new Promise((resolve) => {
      const { dropped } = resolver.answerer
      resolver.answerer.answer(packet, client(from), transport, (reply) => resolve(reply.slice()))
      if (resolver.answerer.dropped > dropped) resolve(undefined)
    })
  const out = new Uint8Array(70_000)
  const quick: InMemory['quick'] = (packet, from = '192.168.1.5', transport = 'udp') => {
    const time = new Moment().take(clock)
    const size = resolver.answerer.quick(packet, 0, packet.length, client(from), transport, out, 0, time)
    return size === 0 ? undefined : out.slice(0, size)
  }
  return {
    resolver,
    clock,
    forwarded,
    messages,
    client,
    quick,
    slow,
    ask: async (name, ask = {}) => (await slow(queryPacket(name, ask), ask.from, ask.transport)) as Uint8Array,
    entries: () => {
      resolver.journal.flush()
      const batches = messages.flatMap((message): Batch[] => (message.kind === 'batch' ? [message.batch] : []))
      const reader = new BatchReader()
      const entries: Entry[] = []
      for (const batch of batches) reader.read(batch, (entry) => entries.push(entry))
      return entries
    },
  }
}

/** What the upstreams' stage says when nobody answers, or when the one that did could not help. */
export const failedReply = (reason: FailedReason): Reply => ({
  rcode: RCODE.SERVFAIL,
  body: EMPTY_BODY,
  outcome: { kind: 'failed', reason },
  error: { code: 22, text: reason },
  reusable: 0,
})

function asForwarded(packet: Uint8Array, query: Query): Reply {
  const scanned = scanMessage(packet, { dnssecOk: wantsDnssec(query), trustAd: true })
  if ('malformed' in scanned) throw new Error(scanned.malformed)
  return forwardedReply(scanned, query)
}

/** What the upstreams' stage makes of a message that reads well. */
export const forwardedReply = ({ message, rcode }: Scanned, query: Query): Reply => ({
  rcode,
  body: { kind: 'wire', message, since: query.received },
  outcome: { kind: 'forwarded', upstream: 0 },
  reusable: message.ttl,
})

/** An upstream for which every name has one address, made of its length. */
export function addressOf(query: Query): Uint8Array {
  const type = typeName(query.type)
  const questions = [{ type, name: query.name } as never]
  if (type !== 'A' && type !== 'AAAA') return responsePacket({ questions, authorities: [SOA] })
  const last = addressBytes('192.0.2.0') as Uint8Array
  const data = type === 'A' ? `${last[0]}.${last[1]}.${last[2]}.${query.name.length}` : `2001:db8::${query.name.length}`
  return responsePacket({ questions, answers: [{ type, name: query.name, ttl: 300, data }] })
}

/** "No such name", kept for 60 s. */
export const noSuchName = (query: Query): Uint8Array =>
  responsePacket({
    flags: 0x0180 | RCODE.NXDOMAIN,
    questions: [{ type: typeName(query.type), name: query.name } as never],
    authorities: [SOA],
  })

const SOA = {
  type: 'SOA',
  name: 'example',
  ttl: 60,
  data: { mname: 'ns.example', rname: 'h.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
} as const
