// What several resolver threads say, as if one had said it. Pure: values in, values out.
import type { Flood } from '../pipeline/limits.ts'
import type { ConnectionFigures, StreamKind } from '../transport/connections.ts'
import type { UpstreamFigures } from '../upstream/upstream.ts'
import type { Looked, NameLooked, ResolverFigures } from './messages.ts'

/** Bytes of all caches together that are kept across a restart: what one thread alone would keep. */
const DUMP_MOST = 16 * 1024 ** 2

/** All threads' figures as one. There is at least one. */
export function mergeFigures(all: readonly ResolverFigures[]): ResolverFigures {
  const sum = (of: (figures: ResolverFigures) => number): number => all.reduce((total, one) => total + of(one), 0)
  return {
    cpu: all.flatMap(({ cpu }) => cpu),
    cache: sums(all.map(({ cache }) => cache)),
    lane: sum(({ lane }) => lane),
    clients: sum(({ clients }) => clients),
    synthesised: sum(({ synthesised }) => synthesised),
    options: sums(all.map(({ options }) => options)),
    floods: mergeFloods(all.flatMap(({ floods }) => floods)),
    dropped: sum(({ dropped }) => dropped),
    proxied: { proxied: sum(({ proxied }) => proxied.proxied), faulty: sum(({ proxied }) => proxied.faulty) },
    connections: {
      tcp: connectionsOf(all, 'tcp'),
      tls: connectionsOf(all, 'tls'),
      https: connectionsOf(all, 'https'),
    },
    httpStatuses: sums(all.map(({ httpStatuses }) => httpStatuses)),
    upstreams: mergeUpstreams(all.map(({ upstreams }) => upstreams)),
  }
}

const connectionsOf = (all: readonly ResolverFigures[], kind: StreamKind): ConnectionFigures =>
  sums(all.map(({ connections }) => connections[kind]))

/** One who floods several threads is one who floods. The latest first. */
function mergeFloods(floods: readonly Flood[]): Flood[] {
  const merged = [...Map.groupBy(floods, ({ who, kind }) => `${kind} ${who}`).values()].map((same): Flood => {
    const [{ who, kind }] = same as [Flood]
    return {
      who,
      kind,
      limited: same.reduce((total, { limited }) => total + limited, 0),
      since: Math.min(...same.map(({ since }) => since)),
      last: Math.max(...same.map(({ last }) => last)),
    }
  })
  return merged.sort((a, b) => b.last - a.last)
}

/** Each upstream once, in the order of the first thread. */
function mergeUpstreams(all: readonly (readonly UpstreamFigures[])[]): UpstreamFigures[] {
  return [...Map.groupBy(all.flat(), ({ server }) => server).values()].map((same): UpstreamFigures => {
    const [first] = same as [UpstreamFigures]
    const sum = (of: (figures: UpstreamFigures) => number): number => same.reduce((total, one) => total + of(one), 0)
    const heard = same.filter(({ latency }) => latency !== undefined)
    const weight = heard.reduce((total, { tries }) => total + tries, 0)
    return {
      server: first.server,
      transport: first.transport,
      uses: first.uses,
      // Whoever has found it down knows more than who has not asked lately.
      healthy: same.every(({ healthy }) => healthy),
      tries: sum(({ tries }) => tries),
      failures: sums(same.map(({ failures }) => failures)),
      // Each thread's by how much it asks.
      latency:
        weight === 0
          ? first.latency
          : heard.reduce((total, { latency = 0, tries }) => total + latency * tries, 0) / weight,
      inFlight: sum(({ inFlight }) => inFlight),
      overTcp: sum(({ overTcp }) => overTcp),
      strays: sum(({ strays }) => strays),
      cutRecords: sum(({ cutRecords }) => cutRecords),
      connections: sums(same.map(({ connections }) => connections)),
    }
  })
}

/** Records of counters, key by key. */
function sums<T extends Readonly<Record<keyof T, number>>>(all: readonly T[]): T {
  const [first, ...rest] = all as [T, ...T[]]
  const total = { ...first } as Record<keyof T, number>
  for (const one of rest) for (const key of Object.keys(one) as (keyof T)[]) total[key] += one[key]
  return total as T
}

/** Of each type what the thread says that has the newest answer: the others will have one like it when theirs ends. */
export function mergeLooked(all: readonly NameLooked[]): NameLooked {
  const [first] = all as [NameLooked, ...NameLooked[]]
  const newest = (type: string): NameLooked =>
    all.reduce((best, one) => (leftOf(one, type) > leftOf(best, type) ? one : best), first)
  const types = [...new Set(all.flatMap(({ kept }) => kept.map(({ type }) => type)))]
  return {
    kept: types.flatMap((type) => newest(type).kept.filter((one) => one.type === type)),
    would: {
      A: newest('A').would.A,
      AAAA: newest('AAAA').would.AAAA,
      HTTPS: newest('HTTPS').would.HTTPS,
    },
  }
}

/** The most seconds left of an answer of this type; less than any where there is none. */
const leftOf = ({ kept }: NameLooked, type: string): number =>
  kept.reduce((most, one: Looked) => (one.type === type ? Math.max(most, one.ttl) : most), Number.NEGATIVE_INFINITY)

/** All threads' caches in turns, what was used last first, and no more than one thread alone would keep. */
export function mergeDumps(all: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  const merged: Uint8Array[] = []
  const most = Math.max(...all.map(({ length }) => length))
  let total = 0
  for (let i = 0; i < most; i++) {
    for (const chunks of all) {
      const chunk = chunks[i]
      if (chunk === undefined) continue
      total += chunk.length
      if (total > DUMP_MOST) return merged
      merged.push(chunk)
    }
  }
  return merged
}
