// Prepares the benchmark: a folder, names, lists, queries, programs, the upstream. Measures nothing.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from './bench.ts'
import { build, upstream } from './contenders.ts'
import { compile } from './load.ts'
import { hits, MIX, writeQueries } from './mix.ts'
import { gatherNames, writeList } from './names.ts'
import type { Plan } from './options.ts'
import { startServer } from './server.ts'

/** The benchmark, ready to measure; `end` stops the upstream and removes the folder. */
export interface Prepared {
  readonly bench: Bench
  /** Where `bench/floor.c` was compiled to. */
  readonly floor: string
  readonly end: () => Promise<void>
}

/** Names on the list. */
const LISTED = 1_000_000

/** Prepares everything; `data` is the folder of collected data, which need not be there. */
export async function prepare(plan: Plan, data: string, say: (what: string) => void): Promise<Prepared> {
  const folder = mkdtempSync(join(tmpdir(), 'askfirst-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  say(`preparing in ${folder}`)
  const names = gatherNames(data)
  const [list, emptyList, queries] = ['list.txt', 'empty.txt', 'hits.txt'].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ]
  await writeList(names, LISTED, list)
  writeFileSync(emptyList, '')
  writeQueries(queries, MIX.queries, hits(names))
  const [sender, floor] = await Promise.all([compile('sender', folder), compile('floor', folder), build()])
  const above = await startServer(upstream, {
    folder,
    upstream: 0,
    list,
    probe: { name: names.popular[0] as string, blocked: false },
    cores: plan.cores.upstream,
  })
  const bench: Bench = {
    folder,
    cores: plan.cores,
    rounds: plan.rounds,
    seconds: plan.seconds,
    data,
    names,
    list,
    emptyList,
    hits: queries,
    upstream: above.place.port,
    loader: { folder, sender, cores: plan.cores.client },
    say,
  }
  return { bench, floor, end: above.end }
}
