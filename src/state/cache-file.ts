// The cache on disk: whole, now and then and at the end, so that a restart does not begin with nothing. Knows bytes in
// chunks, not what is in them; the resolver's answers never wait for it.
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { HOUR } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'

/** The other end: where chunks come from and go to. */
export interface CacheLink {
  readonly dump: () => Promise<readonly Uint8Array[]>
  /** Puts one chunk back; says how many of its entries were none. */
  readonly restore: (chunk: Uint8Array) => Promise<{ readonly damaged: number }>
}

/** An open cache file. */
export interface CacheFile {
  /** What was kept is back. */
  readonly ready: Promise<void>
  /** Writes what there is, for the last time. */
  readonly close: () => Promise<void>
}

const VERSION = 1
const HEADER = Buffer.from(`askfirst cache ${VERSION}\n`)
const ANY_HEADER = /^askfirst cache (\d{1,6})\n/
/** Written this often, ms: a house's cache is a megabyte, and a memory card does not live for ever. */
const WRITE_EVERY = HOUR
/** Before each chunk: its length and the CRC-32 of its bytes. */
const FRAME = 8
/** What is longer was not written by us: a dump has 16 MiB at most. */
const FILE_MOST = 32 * 1024 ** 2

/**
 * Reads the cache's file in `folder` into the resolver and keeps it up to date from then on. Never fails: what cannot
 * be read or written is told to `onProblem` (ASKFIRST_E_STATE). A damaged file is set aside as
 * `cache.bin.damaged-<time>`; what could be read of it is used.
 */
export function openCacheFile(
  folder: string,
  link: CacheLink,
  onProblem: (problem: Problem) => void,
  now: () => number = Date.now,
): CacheFile {
  const path = join(folder, 'cache.bin')
  let failing = false
  const save = async (): Promise<void> => {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await write(path, await link.dump())
      failing = false
    } catch (fault) {
      if (!failing) onProblem(cannot('write', path, fault))
      failing = true
    }
  }
  const ready = load(path, link, now).then(
    (problem) => {
      if (problem !== undefined) onProblem(problem)
    },
    (fault: unknown) => onProblem(cannot('read', path, fault)),
  )
  let working = ready
  const timer = setInterval(() => {
    working = working.then(save)
  }, WRITE_EVERY).unref()
  return {
    ready,
    close: () => {
      clearInterval(timer)
      working = working.then(save)
      return working
    },
  }
}

async function load(path: string, link: CacheLink, now: () => number): Promise<Problem | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  const read = found.size > FILE_MOST ? { chunks: [], fault: 'is too large' } : framesOf(await readFile(path))
  let damaged = 0
  // The entries used last come first in the file, and must be put back last.
  for (const chunk of read.chunks.reverse()) damaged += (await link.restore(chunk)).damaged
  const fault = read.fault ?? (damaged > 0 ? `has ${damaged} damaged entries` : undefined)
  if (fault === undefined) return undefined
  const aside = `${path}.damaged-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`
  await rename(path, aside)
  return {
    code: 'ASKFIRST_E_STATE',
    message: `${path} ${fault}`,
    place: { file: aside },
    hint: `The file was set aside as ${aside}. What could be read of it is used; nothing needs to be done.`,
  }
}

/** The chunks of a file up to the first that is damaged, and what is wrong with it. */
function framesOf(bytes: Buffer): { readonly chunks: Uint8Array[]; readonly fault: string | undefined } {
  const chunks: Uint8Array[] = []
  if (!bytes.subarray(0, HEADER.length).equals(HEADER)) {
    const version = ANY_HEADER.exec(bytes.subarray(0, HEADER.length + 6).toString('latin1'))?.[1]
    return {
      chunks,
      fault: version === undefined ? 'is not a cache of askfirst' : `has version ${version}; ${VERSION} is read`,
    }
  }
  for (let at = HEADER.length; at < bytes.length; ) {
    const end = at + FRAME <= bytes.length ? at + FRAME + bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY
    if (end > bytes.length) return { chunks, fault: 'is cut' }
    // A copy of its own: it goes to another thread.
    const chunk = new Uint8Array(bytes.subarray(at + FRAME, end))
    if (crc32(chunk) !== bytes.readUInt32BE(at + 4)) return { chunks, fault: 'is damaged' }
    chunks.push(chunk)
    at = end
  }
  return { chunks, fault: undefined }
}

/** The old file stays until the new one is whole on disk. Only the owner may read it: it tells who is asked for. */
async function write(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.write(HEADER)
    for (const chunk of chunks) {
      const head = Buffer.alloc(FRAME)
      head.writeUInt32BE(chunk.length)
      head.writeUInt32BE(crc32(chunk), 4)
      await file.writev([head, chunk])
    }
    await file.datasync()
    await file.close()
    await rename(temporary, path)
  } catch (fault) {
    await file.close().catch(() => {})
    await rm(temporary, { force: true })
    throw fault
  }
}

const cannot = (what: 'read' | 'write', path: string, fault: unknown): Problem => ({
  code: 'ASKFIRST_E_STATE',
  message: `cannot ${what} ${path}: ${fault instanceof Error ? fault.message : String(fault)}`,
  place: { file: path },
  hint: 'Give the user that runs askfirst the right to use that folder, and room on the disk. Until then a restart begins with an empty cache.',
})
