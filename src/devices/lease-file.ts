// A lease file that is read again whenever it changes. Knows no format and no ledger.
import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** How often the file is looked at where the system does not tell of changes (network file systems), ms. */
const LOOK_EVERY = 30_000
/** Changes come in bursts (a new file is written, then renamed): one look after them, ms. */
const SETTLE = 100
/** Largest file that is read, bytes: 65,536 leases have room. */
const SIZE_MOST = 16 * 1024 ** 2

/**
 * Reads the file now and after each change, also when it is replaced or appears late. `onText` gets all of it,
 * `onFault` says why it cannot be read, once until it can be again. Returns what ends the watching.
 */
export function watchLeaseFile(
  path: string,
  onText: (text: string) => void,
  onFault: (message: string) => void,
): () => void {
  let version = ''
  let failing = false
  let settling: NodeJS.Timeout | undefined
  let ended = false

  const look = async (): Promise<void> => {
    try {
      const { mtimeMs, size, ino } = await stat(path)
      const found = `${mtimeMs} ${size} ${ino}`
      if (found !== version) {
        if (size > SIZE_MOST) throw new Error(`larger than ${SIZE_MOST} bytes`)
        const text = await readFile(path, 'utf8')
        if (ended) return
        version = found
        onText(text)
      }
      failing = false
    } catch (fault) {
      if (!failing && !ended) onFault(fault instanceof Error ? fault.message : String(fault))
      failing = true
    }
  }
  const soon = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined
      void look()
    }, SETTLE).unref()
  }
  const watcher = watchFolder(path, soon)
  const timer = setInterval(() => void look(), LOOK_EVERY).unref()
  void look()
  return () => {
    ended = true
    watcher?.close()
    clearInterval(timer)
    clearTimeout(settling)
  }
}

/** The folder is watched, since a file that is replaced would be lost sight of. */
function watchFolder(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name === null || name === basename(path)) onChange()
    })
    // The folder may go away; the timer still looks.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
