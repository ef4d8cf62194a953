// DNS messages out of a stream: a 16-bit length, then so many bytes (RFC 1035 §4.2.2), in whatever pieces they come.
// Knows no socket. Keeps at most one message of `QUERY_MAX` bytes; of a longer one only the header.
import { HEADER } from '../wire/read-query.ts'
import { QUERY_MAX } from './udp.ts'

/** Takes a stream apart. */
export class Frames {
  #chunk: Uint8Array = NOTHING
  #at = 0
  /** The length's first byte, where a chunk ended behind it; -1 where none did. */
  #high = -1
  /** Bytes of the present message that are still to come; -1 before its length is known. */
  #missing = -1
  /** What has come of the present message before this chunk. */
  #begun: Uint8Array = NOTHING
  #have = 0

  /** Takes the next piece of the stream; what the one before left is not lost. */
  push(chunk: Uint8Array): void {
    const left = this.#chunk.length - this.#at
    this.#chunk = left === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk])
    this.#at = 0
  }

  /** Whether a message has begun and is not whole yet. */
  get isPartial(): boolean {
    return this.#high >= 0 || this.#missing >= 0 || this.#at < this.#chunk.length
  }

  /**
   * The next whole message; `undefined` where it is not there yet. Of one longer than `QUERY_MAX` bytes the header,
   * which is malformed without the rest. `'junk'`: what comes is no query, and the connection not worth keeping.
   */
  next(): Uint8Array | 'junk' | undefined {
    if (this.#missing < 0 && !this.#readLength()) return undefined
    const chunk = this.#chunk
    const from = this.#at
    const size = this.#missing
    const there = Math.min(size, chunk.length - from)
    this.#at += there
    this.#missing -= there
    if (this.#missing > 0) {
      this.#keep(chunk.subarray(from, from + there), size)
      return undefined
    }
    this.#missing = -1
    if (this.#have === 0) return judged(chunk.subarray(from, from + Math.min(there, QUERY_MAX)), there)
    this.#keep(chunk.subarray(from, from + there), size)
    const [whole, length] = [this.#begun.subarray(0, Math.min(this.#have, QUERY_MAX)), this.#have]
    this.#begun = NOTHING
    this.#have = 0
    return judged(whole, length)
  }

  #readLength(): boolean {
    const chunk = this.#chunk
    if (this.#at >= chunk.length) return false
    if (this.#high < 0) this.#high = chunk[this.#at++] as number
    if (this.#at >= chunk.length) return false
    this.#missing = (this.#high << 8) | (chunk[this.#at++] as number)
    this.#high = -1
    return true
  }

  /** Puts a piece of a message aside; `size` is what was missing before it. */
  #keep(piece: Uint8Array, size: number): void {
    if (this.#have === 0) this.#begun = new Uint8Array(Math.min(size, QUERY_MAX))
    const room = this.#begun.length - this.#have
    if (room > 0) this.#begun.set(piece.length > room ? piece.subarray(0, room) : piece, this.#have)
    this.#have += piece.length
  }
}

/** Shorter than a header, or a response (QR set): no query. */
function judged(message: Uint8Array, length: number): Uint8Array | 'junk' {
  if (message.length < HEADER || (message[2] as number) & 0x80) return 'junk'
  return length > QUERY_MAX ? message.subarray(0, HEADER) : message
}

const NOTHING = new Uint8Array(0)
