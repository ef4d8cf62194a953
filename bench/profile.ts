// Where askfirst's processor time goes under a load: V8's own profiles, one a thread, added up. For bars that are missed.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Bench, serve } from './bench.ts'
import { askfirst } from './contenders.ts'
import type { Load } from './load.ts'
import type { Profile } from './results.ts'
import type { Server } from './server.ts'

/** How many functions are told. */
const TOP = 10
/** What V8 calls time in which a thread did nothing. */
const IDLE = new Set(['(idle)', '(root)'])

/** The part of a .cpuprofile that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Runs askfirst with the profiler under a load. It is slower then: only the shares tell something. */
export async function profile(bench: Bench, of: string, load: (server: Server) => Promise<Load>): Promise<Profile> {
  bench.say(`profile: ${of}`)
  const folder = join(bench.folder, `profile-${of.replaceAll(/\W+/g, '-')}`)
  mkdirSync(folder)
  const server = await serve(bench, askfirst({ node: ['--cpu-prof', `--cpu-prof-dir=${folder}`] }))
  await load(server)
  await server.end()
  const profiles = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile)
  return { of, top: topFunctions(profiles) }
}

/** The functions with the largest own share of the busy time of all threads. */
export function topFunctions(profiles: readonly CpuProfile[]): Profile['top'] {
  const own = new Map<string, number>()
  let busy = 0
  for (const { nodes, samples, timeDeltas } of profiles) {
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
    samples.forEach((sample, i) => {
      const frame = frames.get(sample)
      if (frame === undefined || IDLE.has(frame.functionName)) return
      const time = Math.max(0, timeDeltas[i] ?? 0)
      const name = nameOf(frame)
      own.set(name, (own.get(name) ?? 0) + time)
      busy += time
    })
  }
  return [...own]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([name, time]) => ({ name, share: time / busy }))
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`
}
