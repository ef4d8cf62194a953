// Names that need not be forwarded: blocked ones and cached ones. All servers run side by side, each in its turn.
import { AT_A_RATE, type Bench } from '../bench.ts'
import { dnsperf, type Load, send } from '../load.ts'
import { type ByServer, type HitKind, type Loaded, loaded } from '../results.ts'
import type { Server } from '../server.ts'

/** The kinds of load, each with what it shows. */
const KINDS: Record<HitKind, (bench: Bench, server: Server, skip: number) => Promise<Load>> = {
  // What people run: 100 queries on their way, as many a second as dnsperf can send.
  dnsperf: ({ loader, hits, seconds }, server) => dnsperf(loader, server, { queries: hits, seconds }),
  // More than the server can take: dnsperf sends one datagram a system call and is slower than some of the servers.
  saturated: ({ loader, hits, seconds }, server, skip) =>
    send(loader, server, { queries: hits, seconds: seconds * 0.6, window: 200, skip }),
  steady: ({ loader, hits, seconds }, server, skip) =>
    send(loader, server, { queries: hits, seconds: atARate(seconds), window: 20_000, rate: 10_000, skip }),
  quiet: ({ loader, hits, seconds }, server, skip) =>
    send(loader, server, { queries: hits, seconds: atARate(seconds), window: 1000, rate: 100, skip }),
}

const atARate = (seconds: number): number => Math.max(AT_A_RATE, seconds * 0.7)

/** Measures all servers with the kinds of load that are wanted; returns the figures by kind and server. */
export async function measureHits(
  bench: Bench,
  servers: readonly Server[],
  kinds: readonly HitKind[],
): Promise<Partial<Record<HitKind, ByServer<Loaded>>>> {
  for (const server of servers) await warm(bench, server)
  const results: Partial<Record<HitKind, ByServer<Loaded>>> = {}
  for (const kind of kinds) {
    results[kind] = await inTurn(bench, servers, `hits, ${kind}`, (server, round) =>
      // Elsewhere in the file in each round, so that one short run is not like the next.
      KINDS[kind](bench, server, round * 37_000),
    )
  }
  return results
}

/**
 * Runs every server once a round; each round begins with another one, so that none has the best place. What the machine
 * does meanwhile so falls on all of them alike.
 */
export async function inTurn(
  { rounds, say }: Bench,
  servers: readonly Server[],
  what: string,
  measure: (server: Server, round: number) => Promise<Load>,
): Promise<ByServer<Loaded>> {
  const loads = new Map<Server, Load[]>(servers.map((server) => [server, []]))
  for (let round = 0; round < rounds; round++) {
    say(`${what}: round ${round + 1} of ${rounds}`)
    for (let i = 0; i < servers.length; i++) {
      const server = servers[(i + round) % servers.length] as Server
      loads.get(server)?.push(await measure(server, round))
    }
  }
  return Object.fromEntries([...loads].map(([server, its]) => [server.contender.id, loaded(its)]))
}

/** Asks for every name, three times: one run to fetch it, one to keep it, one to see that it is kept. */
async function warm({ loader, hits, say }: Bench, server: Server): Promise<void> {
  say(`warming ${server.contender.id}`)
  for (let run = 0; run < 3; run++) await dnsperf(loader, server, { queries: hits, seconds: 60, once: true })
}
