// The compile worker: loads the lists in a thread of its own, so that nothing waits for them, and posts the result.
import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { loadPolicy, type OnBroken } from './load.ts'
import type { ListSources } from './sources.ts'

const { sources, onBroken } = workerData as { sources: ListSources; onBroken: OnBroken }
const chance = randomBytes(12)
const seed = [chance.readInt32LE(0), chance.readInt32LE(4), chance.readInt32LE(8)] as const

parentPort?.postMessage(await loadPolicy(sources, onBroken, seed))
