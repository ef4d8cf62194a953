// Reads a list from a file, packed or not, into a `ListReader`. The only place that opens lists.
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Problem } from '../base/failure.ts'
import type { ListReader, Reading } from './read.ts'

/** Bytes read at a time. */
const CHUNK = 256 * 1024

/** What is told while a file is read. */
export interface FileEvents {
  /** How large each piece is, unpacked. */
  readonly bytes: (bytes: number) => void
  /** Each piece as it stands in the file. */
  readonly raw: (piece: Uint8Array) => void
}

/** Reads the whole file; a problem where it cannot be used as a whole. */
export async function readListFile(
  path: string,
  reader: ListReader,
  events: FileEvents = { bytes: () => {}, raw: () => {} },
): Promise<Reading | Problem> {
  try {
    // Looked at before it is opened: to open a named pipe would wait for its writer.
    if (!(await stat(path)).isFile()) return unreadable(path, 'it is no regular file')
    await using handle = await open(path)
    const before = markOf(await handle.stat({ bigint: true }))
    for await (const chunk of chunks(handle, events.raw)) {
      const problem = reader.push(chunk)
      if (problem !== undefined) return problem
      events.bytes(chunk.length)
    }
    const after = await stat(path, { bigint: true })
    return markOf(after) === before ? reader.end() : unreadable(path, 'it was changed while it was read')
  } catch (error) {
    return unreadable(path, reasonOf(error))
  }
}

/** Changes whenever a file was written or replaced. */
export const markOf = ({ ino, size, mtimeNs }: BigIntStats): string => `${ino} ${size} ${mtimeNs}`

/** A problem with a file or folder of lists. */
export const unreadable = (file: string, why: string): Problem => ({
  code: 'ASKFIRST_E_LIST_READ',
  message: `a list cannot be read: ${why}`,
  place: { file },
})

/** Why the system refused, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  if (code === 'ENOENT') return 'there is no such file or folder'
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (/^Z_/.test(code)) return 'the gzip data are broken or cut off'
  return error instanceof Error ? error.message : String(error)
}

/** The file's bytes, unpacked. A chunk is good until the next one is asked for. */
async function* chunks(handle: FileHandle, raw: FileEvents['raw']): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK)
  let at = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, CHUNK, at)
    if (bytesRead === 0) return
    if (at === 0 && bytesRead > 1 && buffer.readUInt16BE() === GZIP) return yield* unpacked(handle, raw)
    const chunk = buffer.subarray(0, bytesRead)
    raw(chunk)
    yield chunk
    at += bytesRead
  }
}

function unpacked(handle: FileHandle, raw: FileEvents['raw']): AsyncIterable<Uint8Array> {
  const packed = handle.createReadStream({ start: 0, highWaterMark: CHUNK, autoClose: false }).on('data', raw)
  // `pipeline` hands errors of the file on to the reader of the unpacked bytes.
  return pipeline(packed, createGunzip({ chunkSize: CHUNK }), () => undefined)
}

const GZIP = 0x1f8b
