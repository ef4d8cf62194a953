// Has something done in a worker of its own, so that this thread has others' turn meanwhile. Knows nothing of what is done.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/**
 * Starts the worker module `file` (a URL without its ending: .ts from the sources, .js from the package), hands it `order`
 * and resolves with the first thing that it posts; rejects where it fails or ends without a word. Does not keep the process.
 */
export const inWorker = <T>(file: URL, name: string, order: unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`${file.href}${extname(import.meta.filename)}`), { name, workerData: order })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`${name} ended with code ${code}`)))
    worker.unref()
  })
