// How long askfirst takes to serve, and what a million names weigh in it.
import { renameSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { askUntil, isBlocked } from '../ask.ts'
import { type Bench, SETTLED_AFTER_MS, serve } from '../bench.ts'
import { askfirst, type Contender } from '../contenders.ts'
import type { Starts } from '../results.ts'
import { spreadOf } from '../statistics.ts'

/** A start is exact to this, ms. */
const EVERY_MS = 2

/** Measures starts with nothing, with a list that nobody has compiled, with a saved one, and a list that is dropped in. */
export async function measureStarts(bench: Bench): Promise<Starts> {
  const rounds: { cold: number; live: number; restart: number; bare: number; withList: number }[] = []
  for (let round = 0; round < bench.rounds; round++) {
    bench.say(`starts: round ${round + 1} of ${bench.rounds}`)
    rounds.push(await once(bench))
  }
  return {
    cold: spreadOf(rounds, ({ cold }) => cold),
    live: spreadOf(rounds, ({ live }) => live),
    restart: spreadOf(rounds, ({ restart }) => restart),
    bare: spreadOf(rounds, ({ bare }) => bare),
    withList: spreadOf(rounds, ({ withList }) => withList),
    added: spreadOf(rounds, ({ bare, withList }) => withList - bare),
  }
}

async function once(bench: Bench) {
  const own = askfirst({ cache: '32MiB' })
  const empty = await serve(bench, own, { list: bench.emptyList })
  await pause(SETTLED_AFTER_MS)
  const bare = empty.memory().now
  const live = await dropIn(bench, empty.place.folder, empty.place.port)
  await empty.end()

  const full = await serve(bench, own, { every: EVERY_MS })
  await pause(SETTLED_AFTER_MS)
  const withList = full.memory().now
  await full.end()

  const again = await serve(bench, own, { again: full, every: EVERY_MS })
  await again.end()
  return { cold: full.ready, live, restart: again.ready, bare, withList }
}

/** Moves the list, whole, into the folder of a running server; returns the milliseconds until its last name is blocked. */
async function dropIn({ list, folder, names }: Bench, place: string, port: number): Promise<number> {
  const copy = join(folder, 'drop-in.txt')
  await copyFile(list, copy)
  renameSync(copy, join(place, 'lists', 'dropped.txt'))
  const last = names.blocked.toSorted().at(-1) as string
  return askUntil(port, last, (seen) => isBlocked(seen, 'A'), 60_000, EVERY_MS)
}

/** The memory of a server without a list, in bytes. */
export async function bareMemory(bench: Bench, contender: Contender): Promise<number> {
  const server = await serve(bench, contender, { list: bench.emptyList })
  await pause(SETTLED_AFTER_MS)
  const { now } = server.memory()
  await server.end()
  return now
}
