// Messages in a TCP stream of syslog (RFC 6587): counted octets or one a line, told apart at each message's start.
// Knows no socket.
import { LESS, NEWLINE, NINE, NUL, SPACE, ZERO } from '../characters.ts'
import { type LineSink, LineSplitter } from '../lines.ts'

/**
 * Cuts a stream into messages and messages into lines. A message that begins with a count, `123 <134>…`, ends where
 * the count says; any other ends at its newline. Holds no more than a `LineSplitter` does.
 */
export class SyslogFrames {
  readonly #lines: LineSplitter
  /** Digits and space read at the start of a message, while it may yet turn out to be a count. */
  #count = ''
  /** Bytes of a counted message that are still to come. */
  #octets = 0
  /** Inside a message that ends at its newline. */
  #inLine = false

  constructor(sink: LineSink) {
    this.#lines = new LineSplitter(sink)
  }

  /** Takes the next bytes; every message that they complete has gone to the sink before this returns. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#octets > 0) at = this.#counted(chunk, at)
      else if (this.#inLine) at = this.#toNewline(chunk, at)
      else at = this.#begin(chunk, at)
    }
  }

  /** The stream is over: what is held becomes the last line. */
  end(): void {
    this.#giveUpCount()
    this.#lines.end()
    this.#octets = 0
    this.#inLine = false
  }

  #counted(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#octets)
    this.#lines.push(chunk.subarray(at, end))
    this.#octets -= end - at
    if (this.#octets === 0) this.#lines.end()
    return end
  }

  #toNewline(chunk: Uint8Array, at: number): number {
    const newline = chunk.indexOf(NEWLINE, at)
    const end = newline < 0 ? chunk.length : newline + 1
    this.#lines.push(chunk.subarray(at, end))
    this.#inLine = newline < 0
    return end
  }

  /** At the start of a message: looks at one byte, until it is clear of which kind the message is. */
  #begin(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number
    const complete = this.#count.endsWith(' ')
    if (
      !complete &&
      byte >= ZERO &&
      byte <= NINE &&
      this.#count.length < MAX_DIGITS &&
      !(byte === ZERO && this.#count === '')
    ) {
      this.#count += String.fromCharCode(byte)
      return at + 1
    }
    if (!complete && byte === SPACE && this.#count !== '') {
      this.#count += ' '
      return at + 1
    }
    // Every counted message of RFC 5424 and 3164 begins with its PRI; without it, `2026 …` is the start of a line.
    if (complete && byte === LESS) {
      this.#octets = Number(this.#count)
      this.#count = ''
      return at
    }
    // Some senders end a counted message with a newline too.
    if (this.#count === '' && (byte === NEWLINE || byte === NUL)) return at + 1
    this.#giveUpCount()
    this.#inLine = true
    return at
  }

  #giveUpCount(): void {
    if (this.#count !== '') this.#lines.push(Buffer.from(this.#count))
    this.#count = ''
  }
}

/** Digits of a count. Longer messages than a million bytes are none. */
const MAX_DIGITS = 6
