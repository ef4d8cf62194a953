// Memory of the whole process after a stretch of load, in its default configuration.
import { join } from 'node:path'
import { type Bench, serve } from '../bench.ts'
import { askfirst } from '../contenders.ts'
import { dnsperf } from '../load.ts'
import { house, writeQueries } from '../mix.ts'
import { endOf } from '../processes.ts'
import type { LongLoad } from '../results.ts'

/** Queries a second: far more than a house asks. */
const RATE = 20_000
/** Share of names that were never asked for: they fill cache, evidence and tables to their bounds. */
const NEW = 0.05
/** Distinct queries; the file is asked round and round, which after 5 minutes makes the new names old. */
const QUERIES = 3_000_000

/** Loads askfirst for so many seconds and weighs it. */
export async function measureLongLoad(bench: Bench, seconds: number): Promise<LongLoad> {
  bench.say(`load of ${seconds} s at ${RATE} queries a second`)
  const queries = join(bench.folder, 'house.txt')
  writeQueries(queries, Math.min(QUERIES, RATE * seconds), house(bench.names, NEW))
  const server = await serve(bench, askfirst({ cache: '16MiB' }))
  const { sent, rate, lost } = await dnsperf(bench.loader, server, { queries, seconds, rate: RATE, outstanding: 1000 })
  const { now, most } = server.memory()
  // It was seen once, and passed for no memory at all.
  if (now === 0) throw new Error(`${server.contender.id} has gone\n${endOf(server.log)}`)
  await server.end()
  return { seconds, queries: sent, rate, lost, memory: now, most }
}
