// Gives the policy of lists: the saved one at a start, else what the compile worker makes. Knows nothing of lists but where
// they are.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Problem } from '../base/failure.ts'
import { hurry } from '../system/priority.ts'
import type { CompileOrder, FromCompiler } from './compile-worker.ts'
import { reasonOf } from './file.ts'
import type { ListChange } from './list-changes.ts'
import type { Compilation, OnBroken } from './load.ts'
import type { LoadProgress } from './load-progress.ts'
import { readSaved } from './saved-policy.ts'
import type { ListSources } from './sources.ts'

/** What is told besides the result. */
export interface CompileEvents {
  /** It takes long, and is so far. */
  readonly progress: (progress: LoadProgress) => void
  /** The last change of each list file. Nobody waits for it. */
  readonly changes: (changes: readonly ListChange[]) => void
}

/** So long after a start others have had their turn. */
export const AFTER_START_MS = 3000

/** So long a new policy may wait for a moment in which nobody else wants a processor. A million names take a second of it. */
const PATIENCE_MS = 15_000

/**
 * Compiles all lists in a worker thread of its own. Resolves always: with a whole policy, or refused with the problems
 * (`ASKFIRST_E_LIST_READ`, `ASKFIRST_E_LIST_LINE` for a page that is no list, `ASKFIRST_E_LIST_BOUND`; or
 * `ASKFIRST_E_INTERNAL` where the worker itself failed). For a start use `leave-out`, for a reload `refuse`. `saved`
 * names a file in which the result is kept: at a start, while no source has changed, it is taken from there; what changed
 * in list files is kept beside it, and told after the result.
 */
export async function compilePolicy(
  sources: ListSources,
  onBroken: OnBroken,
  saved?: string,
  events: CompileEvents = { progress: () => {}, changes: () => {} },
): Promise<Compilation> {
  const order = { sources: plainSources(sources), onBroken, saved }
  // At a start there is nothing yet that this thread would keep waiting, and a worker costs 60 ms. Later on something has
  // changed, or else somebody wants everything to be read anew.
  const known = onBroken === 'leave-out' && saved !== undefined ? await readSaved(saved, order.sources) : undefined
  if (known === undefined) return inWorker({ ...order, work: 'compile' }, events)
  setTimeout(() => void inWorker({ ...order, work: 'compare' }, events), AFTER_START_MS).unref()
  return known
}

/** Resolves with the result, or when the worker has ended. */
function inWorker(order: CompileOrder, { progress, changes }: CompileEvents): Promise<Compilation> {
  return new Promise((resolve) => {
    // The worker has the ending of this file: .ts from the sources, .js from the package.
    const worker = new Worker(new URL(`./compile-worker${extname(import.meta.filename)}`, import.meta.url), {
      name: 'askfirst-compile',
      workerData: order,
    })
    // Nobody waits for what comes behind the result.
    if (order.work === 'compare') worker.unref()
    let patience: NodeJS.Timeout | undefined
    worker.on('message', (message: FromCompiler) => {
      if (message.kind === 'last') patience = setTimeout(() => void hurry(message.thread), PATIENCE_MS).unref()
      else if (message.kind === 'progress') progress(message.progress)
      else if (message.kind === 'changes') changes(message.changes)
      else {
        worker.unref()
        resolve(message)
      }
    })
    worker.once('error', (error) => resolve(failed(reasonOf(error))))
    worker.once('exit', (code) => {
      clearTimeout(patience)
      resolve(failed(`it ended with code ${code}`))
    })
  })
}

/** Just what the worker needs: the configuration's objects may hold what cannot be sent. */
export const plainSources = ({ folder, files, block, allow, audience }: ListSources): ListSources => ({
  folder,
  files: files.map(({ path, kind, format, subdomains = false, url, rewrites = true }) => ({
    path,
    kind,
    format,
    subdomains,
    rewrites,
    ...(url === undefined ? {} : { url }),
  })),
  block,
  allow,
  ...(audience === undefined ? {} : { audience }),
})

const failed = (why: string): Compilation => {
  const problem: Problem = { code: 'ASKFIRST_E_INTERNAL', message: `the lists could not be compiled: ${why}` }
  return { kind: 'refused', problems: [problem] }
}
