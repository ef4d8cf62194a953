// The ledger's state on disk: an append-only log, made anew whole now and then. Knows how to write safely; judges nothing.
// Long because loading, appending and making anew share one file and must not step on each other.
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MINUTE } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { HEADER, lineOf, recordOf, STATE_VERSION, versionOf } from './record-line.ts'

/** An open state file. */
export interface EvidenceFile {
  /** Writes what is pending, makes the file anew and closes it. Afterwards nothing is written any more. */
  readonly close: () => Promise<void>
}

/** How often what changed is written: what a `kill -9` may cost at most, ms. */
const FLUSH_EVERY = 500
/** The file is made anew when it has grown by this many bytes and to twice its size. */
const COMPACT_FROM = 4 * 1024 ** 2
/** Changes that wait for a slow disk, characters; beyond that they are left to the next whole file. */
const PENDING_MOST = 16 * 1024 ** 2
/** How much of a whole file is put together before it is written, so that answers and reports get their turn. */
const CHUNK = 64 * 1024
/** Longest line: a finding with the longest reason stays under it. What is longer is not ours. */
const LINE_MOST = 64 * 1024
/** A stop shorter than this leaves no gap: devices ask again for that long before they turn to another resolver. */
const SHORT_STOP = MINUTE

/**
 * Reads the state in `folder` into the ledger, and from then on keeps the file up to date: within half a second for
 * what is new, every ten minutes for what is only renewed. Never fails: what cannot be read or written is told to
 * `onProblem` (ASKFIRST_E_STATE) and the ledger works on without. A damaged file is set aside as
 * `evidence.log.damaged-<time>`, what could be read of it is used. Only the owner may read the file: it tells who
 * asked for what.
 */
export async function openEvidenceFile(
  folder: string,
  ledger: Ledger,
  onProblem: (problem: Problem) => void,
  { now = Date.now, compactFrom = COMPACT_FROM }: { now?: () => number; compactFrom?: number } = {},
): Promise<EvidenceFile> {
  const path = join(folder, 'evidence.log')
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await load(path, ledger, onProblem, now())
    const writer = new Writer(path, ledger, onProblem, compactFrom)
    await writer.renew()
    return writer
  } catch (fault) {
    onProblem(cannot('use', path, fault))
    return { close: async () => {} }
  }
}

async function load(path: string, ledger: Ledger, onProblem: (problem: Problem) => void, now: number): Promise<void> {
  const before = await stat(path).catch(() => undefined)
  if (before === undefined) return
  const read = await readInto(path, ledger)
  if (read.foreign !== undefined || read.damaged > 0) {
    const aside = `${path}.damaged-${new Date(now).toISOString().replace(/[:.]/g, '-')}`
    await rename(path, aside)
    onProblem({
      code: 'ASKFIRST_E_STATE',
      message: read.foreign ?? `${read.damaged} of ${read.lines} lines of ${path} are damaged`,
      place: { file: aside },
      hint: `The file was set aside as ${aside}. What could be read of it is used; nothing needs to be done.`,
    })
    ledger.lost(now)
  } else if (now - before.mtimeMs > SHORT_STOP) ledger.lost(now)
}

/** What reading a file came to. `foreign` says why it is not a state file that can be read. */
interface Read {
  lines: number
  damaged: number
  foreign: string | undefined
}

/** Puts every line that can be read into the ledger. A last line without its end was being written: not damage. */
async function readInto(path: string, ledger: Ledger): Promise<Read> {
  const read: Read = { lines: 0, damaged: 0, foreign: undefined }
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK })) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      take(line, path, read, ledger)
      if (read.foreign !== undefined) return read
    }
    if (rest.length > LINE_MOST) return { ...read, foreign: `${path} is not a state file of askfirst` }
  }
  if (read.lines === 0) read.foreign = `${path} is empty`
  return read
}

function take(line: string, path: string, read: Read, ledger: Ledger): void {
  if (read.lines++ > 0) {
    const record = recordOf(line)
    if (record === undefined) read.damaged++
    else ledger.restore(record)
    return
  }
  const version = versionOf(line)
  if (version === STATE_VERSION) return
  const what = version === undefined ? 'is not a state file of askfirst' : `has version ${version}`
  read.foreign = `${path} ${what}; this askfirst reads version ${STATE_VERSION}`
}

/** Appends what the ledger tells, and makes the file anew. One write at a time. */
class Writer implements EvidenceFile {
  readonly #path: string
  readonly #ledger: Ledger
  readonly #onProblem: (problem: Problem) => void
  readonly #compactFrom: number
  #file: FileHandle | undefined
  #pending: string[] = []
  #pendingSize = 0
  /** Changes were dropped, so only a whole file is complete again. */
  #incomplete = false
  #size = 0
  #sizeWhenNew = 0
  #working: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** Whether the last write failed: it is told once. */
  #failing = false

  constructor(path: string, ledger: Ledger, onProblem: (problem: Problem) => void, compactFrom: number) {
    this.#path = path
    this.#ledger = ledger
    this.#onProblem = onProblem
    this.#compactFrom = compactFrom
    ledger.storeWith((record) => this.#note(lineOf(record)))
  }

  /** Makes the file anew from all that the ledger knows; the old one stays until the new one is whole on disk. */
  renew(): Promise<void> {
    return this.#inTurn(() => this.#renew())
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closed = true
    this.#ledger.storeWith(() => {})
    await this.renew()
    await this.#file?.close()
  }

  #note(line: string): void {
    if (this.#pendingSize > PENDING_MOST) {
      this.#incomplete = true
      return
    }
    this.#pending.push(line)
    this.#pendingSize += line.length + 1
    if (this.#closed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#inTurn(() => this.#flush())
    }, FLUSH_EVERY).unref()
  }

  /** Runs one piece of work after the other; a failure is told, and ends only its own piece. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work).then(
      () => {
        this.#failing = false
      },
      (fault: unknown) => {
        if (!this.#failing) this.#onProblem(cannot('write', this.#path, fault))
        this.#failing = true
        this.#incomplete = true
      },
    )
    return this.#working
  }

  async #flush(): Promise<void> {
    const grown = this.#size - this.#sizeWhenNew
    if (this.#incomplete || (grown > this.#compactFrom && grown > this.#sizeWhenNew)) return this.#renew()
    const text = this.#takePending()
    if (text === '' || this.#file === undefined) return
    await this.#file.appendFile(text)
    this.#size += Buffer.byteLength(text)
  }

  async #renew(): Promise<void> {
    const temporary = `${this.#path}.new`
    // Whatever is pending now is in what the ledger tells; what comes meanwhile is appended to the new file.
    this.#takePending()
    this.#incomplete = false
    await rm(temporary, { force: true })
    const file = await open(temporary, 'ax', 0o600)
    try {
      const size = await writeAll(file, this.#ledger)
      await file.datasync()
      await rename(temporary, this.#path)
      await this.#file?.close()
      this.#file = file
      this.#size = size
      this.#sizeWhenNew = size
    } catch (fault) {
      await file.close()
      await rm(temporary, { force: true })
      throw fault
    }
  }

  #takePending(): string {
    const text = this.#pending.length === 0 ? '' : `${this.#pending.join('\n')}\n`
    this.#pending = []
    this.#pendingSize = 0
    return text
  }
}

async function writeAll(file: FileHandle, ledger: Ledger): Promise<number> {
  let text = `${HEADER}\n`
  let size = 0
  for (const record of ledger.records()) {
    text += `${lineOf(record)}\n`
    if (text.length < CHUNK) continue
    await file.appendFile(text)
    size += Buffer.byteLength(text)
    text = ''
  }
  await file.appendFile(text)
  return size + Buffer.byteLength(text)
}

function cannot(what: 'use' | 'write', path: string, fault: unknown): Problem {
  const message = fault instanceof Error ? fault.message : String(fault)
  return {
    code: 'ASKFIRST_E_STATE',
    message: `cannot ${what} ${path}: ${message}`,
    place: { file: path },
    hint: 'Give the user that runs askfirst the right to write there, and room on the disk. Until then a restart forgets who asked for what.',
  }
}
