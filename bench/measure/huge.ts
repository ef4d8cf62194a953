// Ten million names: how long askfirst takes to serve them and what it weighs then.
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Bench, SETTLED_AFTER_MS, serve } from '../bench.ts'
import { askfirst } from '../contenders.ts'
import { writeList } from '../names.ts'
import type { Huge } from '../results.ts'
import { spreadOf } from '../statistics.ts'

const NAMES = 10_000_000
/** Enough for a figure of this size. */
const ROUNDS_MAX = 3

/** Measures starts with nothing saved; the default configuration but for the list. */
export async function measureHuge(bench: Bench): Promise<Huge> {
  bench.say('writing ten million names')
  const list = join(bench.folder, 'huge.txt')
  await writeList(bench.names, NAMES, list)
  const rounds: { ready: number; now: number; most: number }[] = []
  for (let round = 0; round < Math.min(ROUNDS_MAX, bench.rounds); round++) {
    bench.say(`ten million names: round ${round + 1}`)
    const server = await serve(bench, askfirst({ cache: '32MiB' }), { list })
    await pause(SETTLED_AFTER_MS)
    rounds.push({ ready: server.ready, ...server.memory() })
    await server.end()
  }
  return {
    names: NAMES,
    ready: spreadOf(rounds, ({ ready }) => ready),
    memory: spreadOf(rounds, ({ now }) => now),
    most: spreadOf(rounds, ({ most }) => most),
  }
}
