// The copies of downloaded lists on disk, each with what is known of it. A copy is replaced whole or not at all.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What is known of one list. Times are epoch milliseconds. */
export interface ListRecord {
  readonly url: string
  /** The copy that is in force; undefined where none ever came. */
  readonly copy: ListCopy | undefined
  /** When the server last said something useful. */
  readonly checked: number | undefined
  readonly tried: number | undefined
  readonly failures: number
  /** Why the last try changed nothing, where it should have. */
  readonly why: string | undefined
}

export interface ListCopy {
  /** When its content came. */
  readonly fetched: number
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** Rules in it, and how it differs from the one before. */
  readonly rules: number
  readonly added: number
  readonly removed: number
}

/** The folder of copies. */
export interface ListStore {
  /** Makes the folder where it is not there. */
  readonly prepare: () => Promise<void>
  /** Where the copy of this URL stands, or would. */
  readonly path: (url: string) => string
  /** Where a download is written until it is judged. */
  readonly candidate: (url: string) => string
  /** What is known; a copy that is not what was written is forgotten. */
  readonly read: (url: string) => Promise<ListRecord>
  readonly write: (record: ListRecord) => Promise<void>
  /** The candidate takes the place of the copy. */
  readonly accept: (url: string) => Promise<void>
  /** Removes what belongs to none of these. */
  readonly keepOnly: (urls: readonly string[]) => Promise<void>
}

/** Opens a folder, which need not be there yet. What writes to it rejects as the file system does. */
export function openStore(folder: string): ListStore {
  const base = (url: string): string => join(folder, keyOf(url))
  const path = (url: string): string => `${base(url)}.list`
  const candidate = (url: string): string => `${base(url)}.new`

  const read = async (url: string): Promise<ListRecord> => {
    const text = await readFile(`${base(url)}.json`, 'utf8').catch(() => '')
    const record = parseRecord(text, url)
    if (record.copy === undefined) return record
    const digest = await digestOf(path(url)).catch(() => undefined)
    return digest === record.copy.sha256 ? record : nothingOf(url)
  }

  const write = async (record: ListRecord): Promise<void> => {
    const target = `${base(record.url)}.json`
    await writeFile(`${target}.part`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
    await rename(`${target}.part`, target)
  }

  const keepOnly = async (urls: readonly string[]): Promise<void> => {
    const keys = new Set(urls.map(keyOf))
    for (const name of await readdir(folder).catch(() => [])) {
      if (OURS.test(name) && !keys.has(name.slice(0, KEY_LENGTH))) await rm(join(folder, name), { force: true })
    }
  }

  const prepare = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  }
  return { prepare, path, candidate, read, write, accept: (url) => rename(candidate(url), path(url)), keepOnly }
}

const KEY_LENGTH = 24
const OURS = new RegExp(`^[0-9a-f]{${KEY_LENGTH}}\\.(list|new|json|json\\.part)$`)

/** The name of a URL's files: nothing of what a URL may have belongs into a file name. */
const keyOf = (url: string): string => createHash('sha256').update(url).digest('hex').slice(0, KEY_LENGTH)

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export const nothingOf = (url: string): ListRecord => ({
  url,
  copy: undefined,
  checked: undefined,
  tried: undefined,
  failures: 0,
  why: undefined,
})

/** Reads a record; where it is broken or of another URL, nothing is known. */
function parseRecord(text: string, url: string): ListRecord {
  try {
    const { copy, ...rest } = JSON.parse(text) as ListRecord
    if (rest.url !== url || !Number.isSafeInteger(rest.failures)) return nothingOf(url)
    const whole = copy !== undefined && /^[0-9a-f]{64}$/.test(copy.sha256) && Number.isFinite(copy.fetched)
    return { ...nothingOf(url), ...rest, copy: whole ? copy : undefined }
  } catch {
    return nothingOf(url)
  }
}
