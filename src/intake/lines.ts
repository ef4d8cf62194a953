// Bytes cut into lines of text, over chunk borders, with a bound on the length. Knows no format and no source.
import { CARRIAGE_RETURN, NEWLINE, NUL } from './characters.ts'

/**
 * Longest line that is read, bytes. A kernel log line stays under 1 KiB (LOG_LINE_MAX of printk), RFC 5424 §6.1 asks
 * receivers for 2 KiB; journald's JSON around one such line is the longest that intake has to take.
 */
export const MAX_LINE = 8192

/** Where the lines go. */
export interface LineSink {
  /** One line without its end, and how many bytes it had. Never empty. */
  readonly line: (text: string, bytes: number) => void
  /** One line longer than `MAX_LINE`, thrown away; its first bytes as text. */
  readonly overlong: (beginning: string) => void
}

/** Cuts a stream into lines. Holds at most `MAX_LINE` bytes; work is linear however the stream is chopped. */
export class LineSplitter {
  readonly #sink: LineSink
  /** Made when the first line is split over two chunks: a datagram or a post never needs it. */
  #held: Buffer | undefined
  #filled = 0
  /** Inside a line that has already been reported as too long. */
  #skipping = false

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  /** Takes the next bytes; every line that they end goes to the sink before this returns, with the `last` of them all. */
  push(chunk: Uint8Array, last = false): void {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.#complete(bytes, from, end)
      from = end + 1
    }
    if (from === bytes.length) return
    if (last) this.#complete(bytes, from, bytes.length)
    else this.#hold(bytes, from, bytes.length)
  }

  /** The stream is over: what is held becomes the last line. The splitter can be used again for another stream. */
  end(): void {
    if (this.#filled > 0) this.#complete(EMPTY, 0, 0)
    this.#skipping = false
  }

  #complete(bytes: Buffer, from: number, to: number): void {
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    if (this.#filled + to - from > MAX_LINE) this.#tooLong(bytes, from, to)
    else if (this.#filled === 0) this.#emit(bytes, from, to)
    else {
      this.#hold(bytes, from, to)
      this.#emit(this.#held as Buffer, 0, this.#filled)
    }
    this.#filled = 0
  }

  #hold(bytes: Buffer, from: number, to: number): void {
    if (this.#skipping) return
    if (this.#filled + to - from > MAX_LINE) {
      this.#tooLong(bytes, from, to)
      this.#filled = 0
      this.#skipping = true
      return
    }
    this.#held ??= Buffer.allocUnsafe(MAX_LINE)
    this.#filled += bytes.copy(this.#held, this.#filled, from, to)
  }

  #emit(bytes: Buffer, from: number, to: number): void {
    // CR of CR LF, and the NUL that some senders end a datagram with.
    while (to > from && (bytes[to - 1] === CARRIAGE_RETURN || bytes[to - 1] === NUL)) to--
    // Each line is decoded alone: a part of it kept for long then holds that line in memory, not a whole chunk.
    if (to > from) this.#sink.line(bytes.toString('utf8', from, to), to - from)
  }

  #tooLong(bytes: Buffer, from: number, to: number): void {
    const beginning = Buffer.concat([
      this.#held?.subarray(0, Math.min(this.#filled, BEGINNING)) ?? EMPTY,
      bytes.subarray(from, Math.min(to, from + BEGINNING)),
    ])
    this.#sink.overlong(beginning.toString('utf8', 0, Math.min(BEGINNING, beginning.length)))
  }
}

/** Cuts a whole piece of text, such as a datagram or the body of a post, into lines. */
export function splitLines(bytes: Uint8Array, sink: LineSink): void {
  new LineSplitter(sink).push(bytes, true)
}

const EMPTY = Buffer.alloc(0)
/** Bytes of a line that is too long which are shown. */
const BEGINNING = 256
