// A log file that is followed as it grows, through rotation and truncation. Knows files; knows nothing of what the
// lines say.
import { type FSWatcher, watch } from 'node:fs'
import { constants, type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { SECOND } from '../../base/clock.ts'
import type { Problem } from '../../base/failure.ts'
import { NEWLINE } from '../characters.ts'
import type { Intake } from '../intake.ts'
import { LineSplitter, MAX_LINE } from '../lines.ts'

export interface FollowOptions {
  readonly intake: Intake
  /** The file; also the source's name in reports and health. */
  readonly path: string
  /** Read what the file holds already, too; otherwise only what is added. */
  readonly fromStart?: boolean
  /** Milliseconds between two looks at the file where the system does not tell of changes. */
  readonly poll?: number
}

/** A file that is being followed. */
export interface Follower {
  /** Reads what has been written until now, then stops. */
  readonly close: () => Promise<void>
}

/**
 * Follows a file by its name. A file that is not there yet is waited for and then read from its start. When another
 * file takes the name, the old one is read on for as long as its writer may still hold it (`RETIREMENT`); when the
 * file has become shorter it is read from its start again. Resolves after the first look, so that what is written from
 * then on is seen. Problems (`ASKFIRST_E_REPORTS`) stand in the health of the source and pass by themselves.
 *
 * Limits: lines written between the copy and the truncation of a `copytruncate` rotation are in neither file; a file
 * that is truncated and grows past its former length between two looks is not seen to have been truncated; of two
 * rotations between two looks the file in the middle is not seen.
 */
export async function followFile(options: FollowOptions): Promise<Follower> {
  const following = new Following(options)
  await following.look()
  following.start()
  return { close: () => following.close() }
}

/** Milliseconds for which the old file is still read: log daemons reopen their files when rotation tells them to. */
const RETIREMENT = 30 * SECOND
const POLL = SECOND

/** One open file and how far it has been read. */
interface OpenFile {
  readonly handle: FileHandle
  readonly device: number
  readonly inode: number
  position: number
  readonly lines: LineSplitter
}

class Following {
  readonly #intake: Intake
  readonly #path: string
  readonly #poll: number
  /** Where the next file that is opened is read from: a file that comes later is read whole. */
  #fromStart: boolean
  #current: OpenFile | undefined
  #retired: OpenFile | undefined
  /** Looks left until the retired file is closed; growing renews them. */
  #looksLeft = 0
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  /** Something changed while a look was going on. */
  #again = false
  #closed = false
  readonly #buffer = Buffer.allocUnsafe(64 * 1024)

  constructor(options: FollowOptions) {
    this.#intake = options.intake
    this.#path = options.path
    this.#poll = options.poll ?? POLL
    this.#fromStart = options.fromStart ?? false
    this.#intake.open(options.path)
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), this.#poll)
    this.#watch()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    this.#watcher?.close()
    await this.#looking
    await this.#look()
    await this.#release(this.#retired)
    await this.#release(this.#current)
  }

  /** One look at the file; never two at a time, and never one missed. Never rejects. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#again = true
      return this.#looking
    }
    const looking = this.#look().finally(() => {
      this.#looking = undefined
      if (this.#again && !this.#closed) this.#wake()
    })
    this.#again = false
    this.#looking = looking
    return looking
  }

  #wake(): void {
    void this.look()
  }

  #tick(): void {
    if (this.#watcher === undefined) this.#watch()
    if (this.#looksLeft > 0) this.#looksLeft--
    this.#wake()
  }

  /** The folder is watched, not the file: a watch on a file stays with it when it is renamed. */
  #watch(): void {
    const name = basename(this.#path)
    try {
      const watcher = watch(dirname(this.#path), (_, changed) => {
        if (changed === null || changed === name) this.#wake()
      })
      watcher.on('error', () => {
        watcher.close()
        this.#watcher = undefined
      })
      this.#watcher = watcher
    } catch {
      // No such folder yet, or out of watches: the timer looks once a second and tries again.
    }
  }

  async #look(): Promise<void> {
    try {
      await this.#readRetired()
      const found = await stat(this.#path)
      if (this.#current !== undefined && !isSame(this.#current, found.dev, found.ino)) {
        await this.#retire(this.#current)
      }
      this.#current ??= await this.#open()
      if (this.#current !== undefined) await this.#readOn(this.#current)
      // From now on, whatever appears under the name is new.
      this.#fromStart = true
      if (this.#current !== undefined) this.#intake.note(this.#path, undefined)
    } catch (error) {
      await this.#failed(error as NodeJS.ErrnoException)
    }
  }

  async #failed(error: NodeJS.ErrnoException): Promise<void> {
    if (error.code === 'ENOENT') {
      this.#fromStart = true
      // Renamed or removed: its writer may still hold it.
      if (this.#current !== undefined) await this.#readOn(this.#current).catch(() => false)
    }
    this.#intake.note(this.#path, followProblem(this.#path, error))
  }

  async #open(): Promise<OpenFile | undefined> {
    // Without O_NONBLOCK the open of a pipe that nobody writes to would never return.
    const handle = await open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const found = await handle.stat()
      if (!found.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOTFILE' })
      const position = this.#fromStart ? 0 : await this.#lastLineStart(handle, found.size)
      const lines = new LineSplitter(this.#intake.sink(this.#path))
      return { handle, device: found.dev, inode: found.ino, position, lines }
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /**
   * Where to begin in a file whose past does not matter: its end, or the start of the line that is being written
   * there, which would otherwise come without its head.
   */
  async #lastLineStart(handle: FileHandle, size: number): Promise<number> {
    const from = Math.max(0, size - MAX_LINE)
    const { bytesRead } = await handle.read(this.#buffer, 0, size - from, from)
    const newline = this.#buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE)
    return newline < 0 ? size : from + newline + 1
  }

  /** Reads up to where the file ends now: growth after that brings another look. Tells whether there was anything. */
  async #readOn(file: OpenFile): Promise<boolean> {
    const { size } = await file.handle.stat()
    if (size < file.position) {
      file.lines.end()
      file.position = 0
    }
    const before = file.position
    while (file.position < size) {
      const { bytesRead } = await file.handle.read(this.#buffer, 0, this.#buffer.length, file.position)
      if (bytesRead === 0) break
      file.lines.push(this.#buffer.subarray(0, bytesRead))
      file.position += bytesRead
    }
    return file.position > before
  }

  /** Another file has the name: the old one is read to its end before the new one is begun. */
  async #retire(file: OpenFile): Promise<void> {
    await this.#release(this.#retired)
    await this.#readOn(file)
    this.#retired = file
    this.#current = undefined
    this.#looksLeft = Math.ceil(RETIREMENT / this.#poll)
  }

  async #readRetired(): Promise<void> {
    if (this.#retired === undefined) return
    const grew = await this.#readOn(this.#retired)
    if (grew) this.#looksLeft = Math.ceil(RETIREMENT / this.#poll)
    if (this.#looksLeft > 0) return
    await this.#release(this.#retired)
    this.#retired = undefined
  }

  /** Ends a file: what it holds is read, and a last line without its newline counts. */
  async #release(file: OpenFile | undefined): Promise<void> {
    if (file === undefined) return
    await this.#readOn(file).catch(() => false)
    file.lines.end()
    await file.handle.close().catch(() => undefined)
  }
}

const isSame = (file: OpenFile, device: number, inode: number): boolean =>
  file.device === device && file.inode === inode

function followProblem(path: string, error: NodeJS.ErrnoException): Problem {
  const code = 'ASKFIRST_E_REPORTS'
  const place = { file: path }
  if (error.code === 'ENOENT') return { code, message: 'there is no such file yet', place, hint: WAITED_FOR }
  if (error.code === 'EACCES') return { code, message: 'this user may not read it', place, hint: READABLE }
  return { code, message: error.message, place }
}

const WAITED_FOR = 'It is read as soon as it appears; check the path if it should be there.'
const READABLE = 'Let the user that askfirst runs as read it, for instance through the group adm.'
