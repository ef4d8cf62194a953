// The worker that compares list files with what they were, while the policy made of them is in force already.
import { parentPort, workerData } from 'node:worker_threads'
import type { EpochMs } from '../base/clock.ts'
import { changesOf } from './list-changes.ts'
import { findLists, type ListSources } from './sources.ts'

/** What the worker is told. */
export interface ChangesOrder {
  readonly sources: ListSources
  readonly folder: string
  readonly now: EpochMs
}

const { sources, folder, now } = workerData as ChangesOrder
const { lists } = await findLists(sources)
parentPort?.postMessage(await changesOf(lists, folder, now))
