// A file that is read again whenever it changes: leases, hosts. Knows no format and no ledger.
import { type FSWatcher, watch } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

/** How often the file is looked at where the system does not tell of changes (network file systems), ms. */
const LOOK_EVERY = 1000
/** Changes come in bursts (a new file is written, then renamed): one look after them, ms. */
const SETTLE = 100
/** Largest file that is read, bytes: 65,536 leases have room. */
const SIZE_MOST = 16 * 1024 ** 2

/** A running watch. */
export interface WatchedFile {
  /** Resolves when the file has been read for the first time, or could not be. */
  readonly ready: Promise<void>
  readonly close: () => void
}

/**
 * Reads the file now and after each change, within 200 ms, or 1.2 s where the system does not tell; also when it is
 * replaced or appears late. `onTexts` gets all of it, behind those of its `siblings` (endings of its name, oldest
 * first) that exist; `onFault` says why it cannot be read, once until it can be again.
 */
export function watchFile(
  path: string,
  onTexts: (texts: readonly string[]) => void,
  onFault: (message: string) => void,
  siblings: readonly string[] = [],
): WatchedFile {
  const paths = [...siblings.map((ending) => `${path}${ending}`), path]
  let version = ''
  let failing = false
  let settling: NodeJS.Timeout | undefined
  let ended = false

  const look = async (): Promise<void> => {
    try {
      const found = await Promise.all(paths.map((one) => markOf(one, one === path)))
      const marks = found.join('\n')
      if (marks !== version) {
        const texts = await Promise.all(paths.filter((_, i) => found[i] !== '').map((one) => readFile(one, 'utf8')))
        if (ended) return
        version = marks
        onTexts(texts)
      }
      failing = false
    } catch (fault) {
      if (!failing && !ended) onFault(fault instanceof Error ? fault.message : String(fault))
      failing = true
    }
  }
  // One look at a time: an older one must not end after a newer one and tell what was.
  let looking = Promise.resolve()
  const lookNext = (): Promise<void> => (looking = looking.then(look))
  const soon = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined
      void lookNext()
    }, SETTLE).unref()
  }
  const names = new Set(paths.map((one) => basename(one)))
  const watcher = watchFolder(dirname(path), names, soon)
  const timer = setInterval(() => void lookNext(), LOOK_EVERY).unref()
  return {
    ready: lookNext(),
    close: () => {
      ended = true
      watcher?.close()
      clearInterval(timer)
      clearTimeout(settling)
    },
  }
}

/** What changes when a file does; empty for one that is not there and need not be. */
async function markOf(path: string, needed: boolean): Promise<string> {
  const found = await stat(path, { bigint: true }).catch((fault: unknown) => {
    if (needed) throw fault
    return undefined
  })
  if (found === undefined) return ''
  if (!found.isFile()) throw new Error('it is not a file')
  if (found.size > SIZE_MOST) throw new Error(`larger than ${SIZE_MOST} bytes`)
  return [found.dev, found.ino, found.size, found.mtimeNs].join(' ')
}

/** The folder is watched, since a file that is replaced would be lost sight of. */
function watchFolder(folder: string, names: ReadonlySet<string>, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => {
      if (name === null || names.has(name)) onChange()
    })
    // The folder may go away; the timer still looks.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
