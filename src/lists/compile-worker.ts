// The compile worker: loads the lists in a thread of its own, so that nothing waits for them; posts the result, saves it for
// the next start, and looks what has changed in the files.
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { openSnapshot } from '../policy/snapshot.ts'
import { comeLast } from '../system/priority.ts'
import { AFTER_START_MS } from './compiler.ts'
import { changesOf, type ListChange } from './list-changes.ts'
import { type Compilation, loadPolicy, type OnBroken } from './load.ts'
import { type LoadProgress, paced } from './load-progress.ts'
import { save } from './saved-policy.ts'
import { findLists, type ListSources } from './sources.ts'

/** What the worker is told. */
export interface CompileOrder {
  readonly sources: ListSources
  readonly onBroken: OnBroken
  /** The file of the saved policy; undefined to save none. */
  readonly saved: string | undefined
  /** Whether all is to be done, or nothing but looking what has changed: there is a policy. */
  readonly work: 'compile' | 'compare'
}

/**
 * What it posts: the number of its thread where it takes what others leave; how far it is where that takes long; the result;
 * then how list files differ from what they were.
 */
export type FromCompiler =
  | { readonly kind: 'last'; readonly thread: number }
  | { readonly kind: 'progress'; readonly progress: LoadProgress }
  | Compilation
  | { readonly kind: 'changes'; readonly changes: readonly ListChange[] }

const { sources, onBroken, saved, work } = workerData as CompileOrder

// At a start nobody is answered yet.
if (onBroken === 'refuse') {
  const thread = await comeLast()
  if (thread !== undefined) parentPort?.postMessage({ kind: 'last', thread } satisfies FromCompiler)
}

/** The policy, posted as soon as it is there; whether there is one. */
async function compile(): Promise<boolean> {
  const chance = randomBytes(12)
  const seed = [chance.readInt32LE(0), chance.readInt32LE(4), chance.readInt32LE(8)] as const
  const tell = paced(
    (progress) => parentPort?.postMessage({ kind: 'progress', progress } satisfies FromCompiler),
    () => performance.now(),
  )
  const result = await loadPolicy(sources, onBroken, seed, tell)
  parentPort?.postMessage(result)
  if (result.kind === 'refused') return false
  // A disk that is full costs the next start its second, nothing else; the evidence file tells of the folder.
  if (saved !== undefined) await save(saved, result, openSnapshot(result.buffer).size).catch(() => undefined)
  return true
}

const compiled = work === 'compare' || (await compile())
// At a start, names are answered first: on one core this would hold that up.
if (onBroken === 'leave-out' && work !== 'compare') await sleep(AFTER_START_MS)
// Here and not in a worker of its own, which would leave 12 MB behind (measured with a million names).
if (saved !== undefined && compiled) {
  const { lists } = await findLists(sources)
  const changes = await changesOf(lists, join(dirname(saved), 'list-changes'), Date.now()).catch(() => [])
  parentPort?.postMessage({ kind: 'changes', changes } satisfies FromCompiler)
}
