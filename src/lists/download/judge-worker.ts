// The worker that judges downloads: reading a million names takes half a second, and the control thread has others waiting.
import { parentPort, workerData } from 'node:worker_threads'
import { type JudgeOrder, judge } from './judge.ts'

parentPort?.postMessage(await judge(workerData as JudgeOrder))
