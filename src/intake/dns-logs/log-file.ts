// A log of the past, read from its first line to its last, packed with gzip or not. Knows no format.
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { EpochMs } from '../../base/clock.ts'
import { type LineSink, LineSplitter } from '../lines.ts'

/** What is known of a log file before its first line. */
export interface LogFile {
  /** Bytes on disk. */
  readonly size: number
  /** When it was last written: stamps without a year lie before this. */
  readonly written: EpochMs
  readonly packed: boolean
  /** Its first 64 KiB, unpacked, as text. */
  readonly beginning: string
}

/** How much is looked at before a log is read. */
const BEGINNING = 64 * 1024

/** Looks at a file without reading all of it. Rejects where it cannot be read. */
export async function lookAtLog(path: string): Promise<LogFile> {
  const file = await open(path)
  try {
    const { size, mtimeMs } = await file.stat()
    const magic = Buffer.alloc(2)
    await file.read(magic, 0, 2, 0)
    const packed = magic[0] === 0x1f && magic[1] === 0x8b
    const raw: Readable = file.createReadStream({ start: 0, autoClose: false })
    const pieces: Buffer[] = []
    let length = 0
    for await (const chunk of packed ? raw.pipe(createGunzip()) : raw) {
      pieces.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length >= BEGINNING) break
    }
    raw.destroy()
    return { size, written: mtimeMs, packed, beginning: Buffer.concat(pieces).toString('utf8', 0, BEGINNING) }
  } finally {
    await file.close()
  }
}

/**
 * Reads every line of a file into the sink. `afterChunk` is told how many bytes on disk are behind, and is waited
 * for: what the lines led to can be written out there. Rejects where the file cannot be read or its packing is broken.
 */
export async function readLog(
  path: string,
  { packed }: LogFile,
  sink: LineSink,
  afterChunk: (bytes: number) => void | Promise<void>,
): Promise<void> {
  const splitter = new LineSplitter(sink)
  const file = await open(path)
  const raw = file.createReadStream({ highWaterMark: 256 * 1024 })
  const unpacked = packed ? createGunzip() : undefined
  if (unpacked !== undefined) raw.on('error', (fault) => unpacked.destroy(fault)).pipe(unpacked)
  for await (const chunk of unpacked ?? raw) {
    splitter.push(chunk as Buffer)
    await afterChunk(raw.bytesRead)
  }
  splitter.end()
  await afterChunk(raw.bytesRead)
}
