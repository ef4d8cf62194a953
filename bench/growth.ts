// How askfirst's cost grows with what a house may have more of. One table each; the other figures say who is faster.
import { join } from 'node:path'
import { type Bench, serve, type Wanted } from './bench.ts'
import { askfirst } from './contenders.ts'
import { dnsperf, type Load, send } from './load.ts'
import { hits, writeQueries } from './mix.ts'
import { gatherNames, writeList } from './names.ts'
import type { Growth } from './results.ts'
import type { Server } from './server.ts'
import { spreadOf } from './statistics.ts'

/** Rounds of a table: it shows a direction, no bar hangs on it. */
const ROUNDS = 3

const micros = (value: number): string => `${value.toFixed(1)} µs`
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
const number = (value: number): string => Math.round(value).toLocaleString('en')

/** Makes all tables. */
export async function measureGrowth(bench: Bench): Promise<Growth[]> {
  return [
    await withList(bench),
    await withClients(bench),
    await withCache(bench),
    await withWaiting(bench),
    await withThreads(bench),
  ]
}

async function withList(bench: Bench): Promise<Growth> {
  const rows: string[][] = []
  for (const names of [10_000, 100_000, 1_000_000, 10_000_000]) {
    bench.say(`growth: list of ${number(names)} names`)
    const list = join(bench.folder, 'growing.txt')
    await writeList(bench.names, names, list)
    rows.push(
      await during(bench, { list }, {}, async (server) => {
        const { now, most } = server.memory()
        const [cost] = await costOf(() => perf(bench, server))
        return [number(names), `${number(server.ready)} ms`, megabytes(now), megabytes(most), cost]
      }),
    )
  }
  return {
    title: 'Names on the list',
    note: 'Start with nothing saved, and hits by dnsperf. What published lists do not suffice for is invented.',
    columns: ['names', 'start → first answer', 'memory', 'most memory so far', 'time for an answer'],
    rows,
  }
}

async function withClients(bench: Bench): Promise<Growth> {
  const rows: string[][] = []
  for (const clients of [1, 10, 100, 1000, 10_000, 100_000]) {
    bench.say(`growth: ${number(clients)} clients`)
    rows.push(
      await during(bench, {}, {}, async (server) => {
        const [cost, p99] = await costOf(() => sent(bench, server, { rate: 20_000, window: 20_000, clients }))
        return [number(clients), cost, p99, megabytes(server.memory().now)]
      }),
    )
  }
  return {
    title: 'Clients',
    note: 'Hits at 20,000 queries a second from so many source addresses of 127.0.0.0/8 in turn, one socket.',
    columns: ['clients', 'time for an answer', 'p99', 'memory'],
    rows,
  }
}

async function withCache(bench: Bench): Promise<Growth> {
  // More names than the other runs ask for, so that a small cache is too small.
  const queries = join(bench.folder, 'wide.txt')
  const { popular, blocked } = gatherNames(bench.data, 60_000)
  writeQueries(queries, 200_000, hits({ popular, blocked }))
  const rows: string[][] = []
  for (const size of ['256KiB', '1MiB', '4MiB', '16MiB', '64MiB']) {
    bench.say(`growth: cache of ${size}`)
    rows.push(
      await during(bench, {}, { cache: size }, async (server) => {
        const before = await forwarded(server)
        const [cost] = await costOf(() => dnsperf(bench.loader, server, { queries, seconds: bench.seconds }))
        const after = await forwarded(server)
        const share = (100 * (after.forwarded - before.forwarded)) / (after.queries - before.queries)
        return [size, `${share.toFixed(1)} %`, cost, megabytes(server.memory().now)]
      }),
    )
  }
  return {
    title: 'Size of the cache',
    note: `${number(popular.length)} names by rank, blocked ones among them, by dnsperf.`,
    columns: ['cache.size', 'forwarded', 'time for an answer', 'memory'],
    rows,
  }
}

async function withWaiting(bench: Bench): Promise<Growth> {
  const rows = await during(bench, {}, {}, async (server) => {
    const all: string[][] = []
    for (const window of [1, 4, 16, 64, 256, 1024]) {
      bench.say(`growth: ${window} queries on their way`)
      const [cost, p99, rate] = await costOf(() => sent(bench, server, { window }))
      all.push([number(window), cost, rate, p99])
    }
    return all
  })
  return {
    title: 'Queries that wait at once',
    note: 'Hits as fast as they are answered; so many may be on their way, so a batch is at most as large.',
    columns: ['on their way', 'time for an answer', 'answers a second', 'p99'],
    rows,
  }
}

async function withThreads(bench: Bench): Promise<Growth> {
  const rows: string[][] = []
  for (const threads of [1, 2]) {
    bench.say(`growth: ${threads} threads`)
    rows.push(
      await during(bench, { cores: undefined }, { threads }, async (server) => {
        // Askers are dealt out by address and port: one alone would reach one thread only.
        const load = () => sent(bench, server, { window: 200, clients: 64 })
        // Each thread has a cache of its own to fill first.
        await load()
        const [cost, p99, rate] = await costOf(load)
        return [String(threads), rate, cost, p99]
      }),
    )
  }
  const note =
    'Hits at saturation from 64 source addresses; the server may use all cores, one of which the sender takes for itself.'
  return { title: 'Threads', note, columns: ['threads', 'answers a second', 'time for an answer', 'p99'], rows }
}

/** Starts askfirst, asks for every name, hands it over and ends it. */
async function during<T>(
  bench: Bench,
  wanted: Wanted,
  options: Parameters<typeof askfirst>[0],
  measure: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await serve(bench, askfirst(options), wanted)
  try {
    for (let run = 0; run < 2; run++) {
      await dnsperf(bench.loader, server, { queries: bench.hits, seconds: 60, once: true })
    }
    return await measure(server)
  } finally {
    await server.end()
  }
}

const perf = ({ loader, hits: queries, seconds }: Bench, server: Server): Promise<Load> =>
  dnsperf(loader, server, { queries, seconds })

const sent = (
  { loader, hits: queries, seconds }: Bench,
  server: Server,
  options: { window: number; rate?: number; clients?: number },
): Promise<Load> => send(loader, server, { queries, seconds, ...options })

/** Medians of some rounds: processor time for an answer, p99, answers a second. */
async function costOf(load: () => Promise<Load>): Promise<[cost: string, p99: string, rate: string]> {
  const rounds: Load[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await load())
  return [
    micros(spreadOf(rounds, ({ cost }) => cost).median),
    micros(spreadOf(rounds, ({ latency }) => latency.p99 ?? 0).median),
    number(spreadOf(rounds, ({ rate }) => rate).median),
  ]
}

/** What the server's own figures say of queries so far. */
async function forwarded({ place }: Server): Promise<{ queries: number; forwarded: number }> {
  const response = await fetch(`http://127.0.0.1:${place.spare[1]}/api/v1/stats`)
  const { totals } = (await response.json()) as { totals: { queries: number; forwarded: number } }
  return totals
}
