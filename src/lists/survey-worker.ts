// The worker that compares lists, so that nobody waits for it but who asked.
import { parentPort, workerData } from 'node:worker_threads'
import type { ListSources } from './sources.ts'
import { survey } from './survey.ts'

parentPort?.postMessage(await survey(workerData as ListSources))
