// Changes of the policy while 50,000 queries a second are answered: no query may be lost, none may wait long.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, isBlocked } from '../ask.ts'
import { type Bench, serve } from '../bench.ts'
import { askfirst } from '../contenders.ts'
import { dnsperf, type Load, send } from '../load.ts'
import type { Swaps } from '../results.ts'
import type { Server } from '../server.ts'
import { spreadOf, sumOf } from '../statistics.ts'

const RATE = 50_000
/** At least so long between two changes of the list. */
const BETWEEN_MS = 1000
/** How often askfirst's log is looked at. */
const LOOK_MS = 20

/**
 * Loads askfirst with and without changes in turn. A change is one more name at the end of the list of a million, which is
 * then compiled anew. The server may use all cores, since compiling in a thread of its own is what is looked at here.
 */
export async function measureSwaps(bench: Bench): Promise<Swaps> {
  const server = await serve(bench, askfirst(), { cores: undefined })
  const load = (): Promise<Load> =>
    send(bench.loader, server, {
      queries: bench.hits,
      seconds: bench.seconds * 1.5,
      rate: RATE,
      window: 20_000,
      sharesCore: true,
    })
  await dnsperf(bench.loader, server, { queries: bench.hits, seconds: 30, once: true })
  const quiet: Load[] = []
  const busy: Load[] = []
  let swaps = 0
  for (let round = 0; round < bench.rounds; round++) {
    bench.say(`policy swaps: round ${round + 1} of ${bench.rounds}`)
    quiet.push(await load())
    const changes = changing(server, round)
    busy.push(await load())
    swaps += await changes.end()
  }
  await server.end()
  if (swaps === 0) throw new Error(`the policy was never changed under load\n${server.log}`)
  return {
    rate: RATE,
    swaps,
    sent: sumOf(busy, ({ sent }) => sent),
    lost: sumOf(busy, ({ lost }) => lost),
    worst: spreadOf(busy, ({ latency }) => latency.worst / 1000),
    worstWithout: spreadOf(quiet, ({ latency }) => latency.worst / 1000),
  }
}

/** Keeps adding names to the list; `end` stops, sees that the last name is blocked, and returns how many swaps there were. */
function changing(server: Server, round: number): { end: () => Promise<number> } {
  const list = join(server.place.folder, 'lists', 'list.txt')
  const loads = (): number => readFileSync(server.log, 'utf8').split('"lists loaded"').length - 1
  const before = loads()
  let stopping = false
  let made = 0
  const work = (async () => {
    while (!stopping) {
      const seen = loads()
      appendFileSync(list, `new-${round}-${++made}.swap.benchmark\n`)
      await pause(BETWEEN_MS)
      while (loads() === seen) await pause(LOOK_MS)
    }
  })()
  return {
    async end() {
      const under = loads() - before
      stopping = true
      await work
      const last = await ask(server.place.port, `new-${round}-${made}.swap.benchmark`, 'A', 2000)
      if (last === undefined || !isBlocked(last, 'A')) throw new Error('the last name that was added is not blocked')
      return under
    },
  }
}
