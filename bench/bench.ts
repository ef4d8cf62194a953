// What every measurement works with: folder, cores, names, upstream, loader. Knows no measurement.

import type { Contender } from './contenders.ts'
import type { Loader } from './load.ts'
import type { Names } from './names.ts'
import { type Server, startServer } from './server.ts'

/** What a server still does after its first answer has settled by then: askfirst looks what has changed in its lists, 3 s later. */
export const SETTLED_AFTER_MS = 8000

/** Least seconds of a run at a rate of which a percentile is taken: with few queries that is a matter of luck. */
export const AT_A_RATE = 3

/** The benchmark at work. */
export interface Bench {
  readonly folder: string
  readonly cores: { readonly server: string; readonly client: string; readonly upstream: string }
  readonly rounds: number
  /** Length of one run of load. */
  readonly seconds: number
  /** The folder of collected data, which need not be there. */
  readonly data: string
  readonly names: Names
  /** The list of 1,000,000 names, and one of none. */
  readonly list: string
  readonly emptyList: string
  /** The file of queries that are hits. */
  readonly hits: string
  /** Port of the upstream. */
  readonly upstream: number
  readonly loader: Loader
  /** Tells how far it is. */
  readonly say: (what: string) => void
}

/** How a measurement wants a server. */
export interface Wanted {
  /** The list; the one of 1,000,000 names if left out. */
  readonly list?: string
  /** On which cores; the server's core if left out, `undefined` for wherever the system puts it. */
  readonly cores?: string | undefined
  /** A server that has ended, to be started again in its place. */
  readonly again?: Server
  readonly every?: number
}

/** Starts a server for a measurement and waits until it answers a blocked name rightly, or any where the list is empty. */
export function serve(bench: Bench, contender: Contender, wanted: Wanted = {}): Promise<Server> {
  const { folder, upstream, names } = bench
  const { list = bench.list, again, every } = wanted
  const blocked = list !== bench.emptyList
  return startServer(contender, {
    folder,
    upstream,
    list,
    // The last of the file: by then the whole list is in.
    probe: { name: (blocked ? names.blocked.toSorted().at(-1) : names.popular[0]) as string, blocked },
    cores: 'cores' in wanted ? wanted.cores : bench.cores.server,
    ...(again === undefined ? {} : { again: again.place }),
    ...(every === undefined ? {} : { every }),
  })
}
