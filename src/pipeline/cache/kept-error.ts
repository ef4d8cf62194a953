// What an upstream had to say of its answer (RFC 8914), as the cache keeps it.
import type { ExtendedError } from '../../base/question.ts'
import { putU16, u16 } from '../../wire/bytes.ts'

const NOTHING = new Uint8Array(0)

/** A code u16, then the text. */
export function errorBytes(error: ExtendedError | undefined): Uint8Array {
  if (error === undefined) return NOTHING
  const text = Buffer.from(error.text)
  const bytes = new Uint8Array(2 + text.length)
  putU16(bytes, 0, error.code)
  bytes.set(text, 2)
  return bytes
}

/** The same read back. */
export function readError(bytes: Uint8Array, at: number, length: number): ExtendedError | undefined {
  if (length === 0) return undefined
  return { code: u16(bytes, at), text: Buffer.from(bytes.buffer, at + 2, length - 2).toString() }
}
