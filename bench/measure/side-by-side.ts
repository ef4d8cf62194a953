// All servers side by side: started with the same list, checked, measured in turn, weighed.
import { type Bench, serve } from '../bench.ts'
import type { Contender } from '../contenders.ts'
import { versionOf } from '../need.ts'
import type { HitKind, Results, ServerRun } from '../results.ts'
import { check, type Server } from '../server.ts'
import { measureHits } from './hits.ts'
import { measureMisses } from './misses.ts'
import { bareMemory } from './starts.ts'

/** What is wanted of them. */
export interface SideBySide {
  readonly kinds: readonly HitKind[]
  readonly misses: boolean
}

/** The figures, and the servers that were left out, each with the reason. */
export type Measured = Pick<Results, 'servers' | 'hits' | 'misses' | 'leftOut'>

/**
 * Measures them. A server that does not start or answers wrongly is left out and said so; askfirst itself must do both.
 * All keep running throughout: one that waits costs nothing, and starting them anew would warm them differently.
 */
export async function measureSideBySide(
  bench: Bench,
  contenders: readonly Contender[],
  { kinds, misses }: SideBySide,
): Promise<Measured> {
  const leftOut: Record<string, string> = {}
  const running: { server: Server; start: number; bare: number | undefined }[] = []
  try {
    for (const contender of contenders) {
      bench.say(`starting ${contender.id}`)
      try {
        const bare = contender.fixed ? undefined : await bareMemory(bench, contender)
        const server = await serve(bench, contender)
        const start = server.memory().now
        running.push({ server, start, bare })
        await check(server, bench.names)
      } catch (fault) {
        if (contender.id === 'askfirst') throw fault
        leftOut[contender.id] = (fault as Error).message
        bench.say(`left out: ${leftOut[contender.id]}`)
      }
    }
    const fit = running.map(({ server }) => server).filter(({ contender }) => !(contender.id in leftOut))
    const hits = await measureHits(bench, fit, kinds)
    const forwarding = fit.filter(({ contender }) => !contender.fixed)
    const missed = misses ? await measureMisses(bench, forwarding) : undefined
    const servers = running.map(({ server, start, bare }): [string, ServerRun] => [
      server.contender.id,
      runOf(server, start, bare),
    ])
    return {
      servers: Object.fromEntries(servers),
      leftOut,
      hits,
      ...(missed === undefined ? {} : { misses: missed }),
    }
  } finally {
    for (const { server } of running) await server.end()
  }
}

const runOf = ({ contender, command, ready, memory }: Server, start: number, bare: number | undefined): ServerRun => ({
  how: contender.how,
  version: contender.from === undefined ? '' : versionOf(contender.from),
  command,
  ready,
  memory: { start, ...(bare === undefined ? {} : { bare }), most: memory().most },
})
