// Has a download judged in a worker of its own. Knows nothing of what is judged.
import { reasonOf } from '../file.ts'
import { inWorker } from '../in-worker.ts'
import type { Judgement, JudgeOrder } from './judge.ts'

/** Judges; resolves always, with a refusal where the worker failed. */
export const judgeInWorker = (order: JudgeOrder): Promise<Judgement> =>
  inWorker<Judgement>(new URL('./judge-worker', import.meta.url), 'askfirst-judge', order).catch((error: unknown) => ({
    kind: 'refused',
    why: `it could not be read: ${reasonOf(error)}`,
  }))
