// The compiled policy on disk, so that a restart need not compile: read back only if every source is what it was. Knows
// how to store safely, not what is in a policy.
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { threadId } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { roomFor } from '../policy/memory.ts'
import { keyOf } from './list-key.ts'
import type { Compilation } from './load.ts'
import { findLists, type ListSources } from './sources.ts'

type Compiled = Extract<Compilation, { kind: 'compiled' }>

/** Grows with each change of a snapshot, of a `Compilation`, or of how any list is read: old files are then passed over. */
const VERSION = 5
/** Magic, version, key, checksum, length of the description, length of the snapshot. */
const HEAD = { magic: 0, version: 8, key: 12, checksum: 44, about: 48, snapshot: 52, size: 60 } as const
const MAGIC = 'askfpol\n'
/** Longest description: names and reports of a thousand lists, and the conditional rules. */
const ABOUT_MAX = 256 * 1024 ** 2

/** Reads the policy that was saved of these sources as they are now; `undefined` where there is none, or the file is not what was written. */
export async function readSaved(file: string, sources: ListSources): Promise<Compiled | undefined> {
  const started = performance.now()
  try {
    await using handle = await open(file)
    const head = Buffer.alloc(HEAD.size)
    if (!(await fill(handle, head, 0))) return undefined
    if (head.toString('latin1', HEAD.magic, HEAD.version) !== MAGIC) return undefined
    if (head.readUInt32LE(HEAD.version) !== VERSION) return undefined
    const { lists, problems } = await findLists(sources)
    if (problems.length > 0) return undefined
    const key = await keyOf(lists)
    if (key === undefined || !head.subarray(HEAD.key, HEAD.checksum).equals(key)) return undefined
    const about = head.readUInt32LE(HEAD.about)
    const size = Number(head.readBigUInt64LE(HEAD.snapshot))
    // What it says must be what it has: nothing is allocated by the word of a damaged file.
    if (about > ABOUT_MAX || (await handle.stat()).size !== HEAD.size + about + size) return undefined
    const description = Buffer.alloc(about)
    const buffer = new SharedArrayBuffer(roomFor(size))
    const snapshot = new Uint8Array(buffer, 0, size)
    if (!(await fill(handle, description, HEAD.size)) || !(await fill(handle, snapshot, HEAD.size + about)))
      return undefined
    if (crc32(snapshot, crc32(description)) !== head.readUInt32LE(HEAD.checksum)) return undefined
    const rest = deserialize(description) as Omit<Compiled, 'buffer'>
    return { ...rest, buffer, ms: performance.now() - started }
  } catch {
    // Missing, unreadable or damaged: compiling gives the same, a little later.
    return undefined
  }
}

/** Saves a policy that has a key, whole or not at all; only the owner may read it. Rejects with the system's error. */
export async function save(file: string, { buffer, ...rest }: Compiled, size: number): Promise<void> {
  if (rest.key === undefined) return
  const snapshot = new Uint8Array(buffer, 0, size)
  const description = serialize(rest)
  const head = Buffer.alloc(HEAD.size)
  head.write(MAGIC, HEAD.magic, 'latin1')
  head.writeUInt32LE(VERSION, HEAD.version)
  head.set(rest.key, HEAD.key)
  head.writeUInt32LE(crc32(snapshot, crc32(description)), HEAD.checksum)
  head.writeUInt32LE(description.length, HEAD.about)
  head.writeBigUInt64LE(BigInt(size), HEAD.snapshot)
  // A worker that still saves must not write into the file of the next one.
  const temporary = `${file}.${threadId}.new`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await rm(temporary, { force: true })
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writev([head, description, snapshot])
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
}

/** Fills the whole of `into` from the file; false where the file ends before. */
async function fill(handle: FileHandle, into: Uint8Array, from: number): Promise<boolean> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, Math.min(into.length - at, 1024 ** 3), from + at)
    if (bytesRead === 0) return false
    at += bytesRead
  }
  return true
}
