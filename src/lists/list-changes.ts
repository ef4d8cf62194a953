// How list files differ from what they were before: their rules are kept as numbers beside the state, since the old file is
// gone when a new one is there. Knows no policy.
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { EpochMs } from '../base/clock.ts'
import { difference, digestOf } from './digest.ts'
import { markOf } from './file.ts'
import type { FoundList } from './sources.ts'

/** The last change of one list file. */
export interface ListChange {
  readonly path: string
  /** When it was noticed. */
  readonly at: EpochMs
  /** Different rules that it has now. */
  readonly rules: number
  readonly added: number
  readonly removed: number
  /** This look found it, and there was one before to compare with. */
  readonly fresh: boolean
}

/** What stands before the numbers. */
interface Head extends Omit<ListChange, 'path' | 'fresh'> {
  /** Says what the numbers are of: other content, another format, other numbers. */
  readonly mark: string
  readonly crc: number
}

/** Grows with each change of how rules become numbers. */
const VERSION = 1
const HEAD_SIZE = 512
const ENDING = '.rules'

/**
 * The last change of each list file, in their order; reads only files that were written since the last look. Lists from
 * the web have their differences from elsewhere and are left out, as is what cannot be read. Half a second a million rules.
 */
export async function changesOf(
  lists: readonly FoundList[],
  folder: string,
  now: EpochMs,
): Promise<readonly ListChange[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files = lists.filter((list) => list.path !== undefined && list.url === undefined)
  const changes: ListChange[] = []
  for (const list of files) {
    const change = await changeOf(list, join(folder, keyOf(list.path as string)), now).catch(() => undefined)
    if (change !== undefined) changes.push(change)
  }
  const keys = new Set(files.map(({ path }) => keyOf(path as string)))
  for (const name of await readdir(folder)) {
    if (name.endsWith(ENDING) && !keys.has(name)) await rm(join(folder, name), { force: true })
  }
  return changes
}

async function changeOf(list: FoundList, file: string, now: EpochMs): Promise<ListChange | undefined> {
  const path = list.path as string
  const mark = `${VERSION} ${list.format} ${list.subdomains} ${markOf(await stat(path, { bigint: true }))}`
  const known = await readHead(file)
  const seen = ({ at, rules, added, removed }: Omit<Head, 'mark' | 'crc'>, fresh = false): ListChange => ({
    path,
    at,
    rules,
    added,
    removed,
    fresh,
  })
  if (known?.mark === mark) return seen(known)
  const digest = await digestOf(list)
  if ('code' in digest) return known && seen(known)
  const { rules } = digest
  const before = known === undefined ? undefined : await readRules(file, known)
  const { added, removed } = difference(before ?? new Float64Array(), rules)
  // Another comment is no change.
  const same = before !== undefined && added === 0 && removed === 0
  const found = same ? { ...(known as Head), rules: rules.length } : { at: now, rules: rules.length, added, removed }
  await write(file, { ...found, mark }, rules)
  return seen(found, before !== undefined && !same)
}

/** The name of a list's file: nothing of what a path may have belongs into it. */
const keyOf = (path: string): string => `${createHash('sha256').update(path).digest('hex').slice(0, 24)}${ENDING}`

async function readHead(file: string): Promise<Head | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_SIZE), 0, HEAD_SIZE, 0)
    return bytesRead === HEAD_SIZE ? (JSON.parse(buffer.toString('utf8')) as Head) : undefined
  } catch {
    // Missing or damaged: the list counts as new.
    return undefined
  } finally {
    await handle?.close()
  }
}

async function readRules(file: string, { crc }: Head): Promise<Float64Array | undefined> {
  const bytes = (await readFile(file)).subarray(HEAD_SIZE)
  if (bytes.length % 8 !== 0 || crc32(bytes) !== crc) return undefined
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

async function write(file: string, head: Omit<Head, 'crc'>, rules: Float64Array): Promise<void> {
  const bytes = Buffer.from(rules.buffer, rules.byteOffset, rules.byteLength)
  const text = JSON.stringify({ ...head, crc: crc32(bytes) } satisfies Head)
  const whole = `${file}.part`
  await writeFile(whole, [Buffer.from(text.padEnd(HEAD_SIZE)), bytes], { mode: 0o600 })
  await rename(whole, file)
}
