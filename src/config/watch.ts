// Notices that the configuration file has changed. Knows the file's bytes, not what they mean.
import { hash } from 'node:crypto'
import type { BigIntStats, FSWatcher } from 'node:fs'
import { createReadStream, statSync, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { FILE_MAX, readAtMost } from './read.ts'
import { Steady } from './steady.ts'

/** How often the file is looked at where no event comes: network file systems, links into other folders. ms */
const POLL = 1000
/** How long a file must stand still before it is taken as written: an editor empties it first. ms */
const SETTLE = 100

/** A running watch. */
export interface ConfigWatch {
  /** Stops it; `onChange` is not called any more. */
  readonly close: () => void
}

/**
 * Calls `onChange` each time the file at `path` has other content than before and has stood still for 100 ms; some
 * 200 ms after the edit, 1.2 s where the system gives no event. A touch, a rewrite with the same text and a file that
 * is gone are no change. Start it before the file is read, so that no edit falls in between. Does not keep the
 * process alive.
 */
export function watchConfig(path: string, onChange: () => void): ConfigWatch {
  const steady = new Steady(...now(path))
  let closed = false
  let looking = false
  let next: NodeJS.Timeout | undefined

  const soon = (): void => {
    if (closed) return
    next ??= setTimeout(() => {
      next = undefined
      void look()
    }, SETTLE).unref()
  }
  const look = async (): Promise<void> => {
    if (looking) return soon()
    looking = true
    const seen = steady.see(await stampOf(path))
    const changed = seen === 'read' && steady.take(await contentOf(path))
    looking = false
    if (seen === 'wait') soon()
    if (changed && !closed) onChange()
  }

  const events = watchFolder(dirname(resolve(path)), soon)
  const poll = setInterval(() => void look(), POLL).unref()
  return {
    close: () => {
      closed = true
      events?.close()
      clearInterval(poll)
      clearTimeout(next)
    },
  }
}

// The folder, not the file: an editor that writes a new file and renames it would leave us with the old one.
function watchFolder(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    return watcher.on('error', () => watcher.close())
  } catch {
    // Out of watches, or a file system that has none: the poll is there for that.
    return undefined
  }
}

/** What the file is at this moment. */
function now(path: string): [stamp: string | undefined, content: string] {
  try {
    const stamp = stampFrom(statSync(path, { bigint: true }))
    return [stamp, stamp === undefined ? '' : digest(readAtMost(path, FILE_MAX + 1))]
  } catch {
    return [undefined, '']
  }
}

const stampOf = (path: string): Promise<string | undefined> =>
  stat(path, { bigint: true }).then(stampFrom, () => undefined)

function stampFrom(stats: BigIntStats): string | undefined {
  return stats.isFile() ? [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ') : undefined
}

/** What is in the file, as a digest; why it cannot be read is content too: it is a change that should be told. */
async function contentOf(path: string): Promise<string> {
  try {
    // One byte more than is allowed tells "too large" apart; nobody needs the rest.
    return digest(Buffer.concat(await createReadStream(path, { end: FILE_MAX }).toArray()))
  } catch (error) {
    return `unreadable ${(error as NodeJS.ErrnoException).code}`
  }
}

const digest = (bytes: Buffer): string => hash('sha256', bytes)
