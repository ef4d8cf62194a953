// Has a download judged in a worker of its own. Knows nothing of what is judged.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Judgement, JudgeOrder } from './judge.ts'

/** Judges; resolves always, with a refusal where the worker failed. */
export const judgeInWorker = (order: JudgeOrder): Promise<Judgement> =>
  new Promise((resolve) => {
    const refused = (why: string): void => resolve({ kind: 'refused', why })
    const file = new URL(`./judge-worker${extname(import.meta.filename)}`, import.meta.url)
    const worker = new Worker(file, { name: 'askfirst-judge', workerData: order })
    worker.once('message', resolve)
    worker.once('error', (error) =>
      refused(`it could not be read: ${error instanceof Error ? error.message : String(error)}`),
    )
    worker.once('exit', () => refused('it could not be read'))
  })
