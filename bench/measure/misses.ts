// Names that nobody asked for before: each is forwarded over UDP to the upstream and kept.
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { dnsperf } from '../load.ts'
import { misses, writeQueries } from '../mix.ts'
import type { ByServer, Loaded } from '../results.ts'
import type { Server } from '../server.ts'
import { inTurn } from './hits.ts'

/** More than any server answers in a run: at the end of the file dnsperf ends. */
const PER_SECOND = 60_000

/** Measures all servers; every round has names of its own, the same for all servers. */
export async function measureMisses(bench: Bench, servers: readonly Server[]): Promise<ByServer<Loaded>> {
  const { loader, folder, seconds, names } = bench
  const files = new Map<number, string>()
  const queries = (round: number): string => {
    let file = files.get(round)
    if (file === undefined) {
      file = join(folder, `misses-${round}.txt`)
      writeQueries(file, PER_SECOND * seconds, misses(names, round))
      files.set(round, file)
    }
    return file
  }
  return inTurn(bench, servers, 'misses', (server, round) =>
    dnsperf(loader, server, { queries: queries(round), seconds, once: true }),
  )
}
