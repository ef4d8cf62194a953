// Watches the lists' files and tells when they have changed and come to rest. Reads no list.
import { type BigIntStats, type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { markOf } from './file.ts'
import { type SettleTimes, settling } from './settle.ts'
import { isIgnored, type ListSources } from './sources.ts'

/** A running watch. */
export interface ListWatch {
  /** Ends it; `onChange` is not called again. */
  readonly close: () => void
}

/** How long to wait, in milliseconds. */
export interface WatchTimes extends SettleTimes {
  /** How often to look without being told: network file systems do not tell. */
  readonly poll: number
}

const TIMES: WatchTimes = { quiet: 100, patience: 5000, poll: 1000 }

/**
 * Calls `onChange` when a list was written, replaced, added or removed and the files have been at rest for 100 ms;
 * where the system gives no events, up to 1.1 s later. Only what is different counts (size, modification time, inode,
 * the set of files). It knows the files as they are when it is called: who reads them after that misses no change.
 * Does not keep the process alive.
 */
export function watchLists(sources: ListSources, onChange: () => void, times = TIMES): ListWatch {
  const folder = sources.folder === null ? undefined : resolve(sources.folder)
  const files = sources.files.map(({ path }) => resolve(path))
  const settled = settling(marksNow(folder, files), times)
  let due: NodeJS.Timeout | undefined
  let looking = false
  let hinted = false
  let closed = false

  /** Something happened. Where a look is due soon, that one will see it. */
  const hint = (): void => {
    if (looking) hinted = true
    else if (due === undefined && !closed) void look()
  }

  const look = async (): Promise<void> => {
    due = undefined
    looking = true
    await watchers.renew()
    const marks = await marksOf(folder, files)
    looking = false
    if (closed) return
    const next = settled(marks, performance.now())
    if (next.kind === 'wait') due = setTimeout(() => void look(), next.ms).unref()
    if (next.kind === 'tell') onChange()
    if (hinted) {
      hinted = false
      hint()
    }
  }

  const folders = new Set(files.map((path) => dirname(path)))
  if (folder !== undefined) folders.add(folder)
  const watchers = folderWatchers([...folders], hint)
  const poll = setInterval(hint, times.poll).unref()
  hint()
  return {
    close: () => {
      closed = true
      clearInterval(poll)
      clearTimeout(due)
      watchers.close()
    },
  }
}

/** What the files are like, in one text that changes when one of them does. */
async function marksOf(folder: string | undefined, files: readonly string[]): Promise<string> {
  const names = folder === undefined ? [] : await readdir(folder).catch(() => [])
  const paths = allPaths(folder, names, files)
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)))
  return marksText(paths, stats)
}

/** The same at once: for the start, before anybody else runs. */
function marksNow(folder: string | undefined, files: readonly string[]): string {
  const paths = allPaths(folder, folder === undefined ? [] : orElse(() => readdirSync(folder), []), files)
  return marksText(
    paths,
    paths.map((path) => orElse(() => statSync(path, { bigint: true }), undefined)),
  )
}

const allPaths = (folder: string | undefined, names: readonly string[], files: readonly string[]): string[] => {
  const inFolder = names.filter((name) => !isIgnored(name)).map((name) => join(folder as string, name))
  return [...inFolder.sort(), ...files]
}

const marksText = (paths: readonly string[], stats: readonly (BigIntStats | undefined)[]): string =>
  paths.map((path, i) => `${path}\0${stats[i]?.isFile() === true ? markOf(stats[i]) : ''}`).join('\n')

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** Watches folders, not files: who replaces a file by renaming leaves a watch on the old one behind. */
function folderWatchers(folders: readonly string[], onEvent: () => void) {
  const watchers = new Map<string, { readonly inode: bigint; readonly watcher: FSWatcher }>()
  let closed = false

  const forget = (folder: string): void => {
    watchers.get(folder)?.watcher.close()
    watchers.delete(folder)
  }

  /** Watches what is not watched yet, and folders that were replaced. Where the system cannot watch, polling is left. */
  const renew = async (): Promise<void> => {
    for (const folder of folders) {
      const inode = (await stat(folder, { bigint: true }).catch(() => undefined))?.ino
      if (closed) return
      if (watchers.get(folder)?.inode === inode) continue
      forget(folder)
      if (inode === undefined) continue
      const watcher = orElse(() => watch(folder, { persistent: false }, onEvent), undefined)
      if (watcher === undefined) continue
      watcher.on('error', () => forget(folder))
      watchers.set(folder, { inode, watcher })
    }
  }

  const close = (): void => {
    closed = true
    for (const folder of [...watchers.keys()]) forget(folder)
  }
  return { renew, close }
}
