// Finds the entries of a list in JSON, byte by byte as it comes, in bounded memory: the strings of an array, alone or as
// the `list` of an object (MISP). Knows no format of what stands in the strings.
import { LINE_MAX } from './line.ts'

/** Takes an entry: the bytes from `from` to `to` in `bytes`, in that line of the file. False ends the reading. */
export type TakeEntry = (bytes: Uint8Array, from: number, to: number, line: number) => boolean

/** Keys of an object whose array is the list. */
const LIST_KEYS =
  /^(list|lists|domains|hosts|hostnames|names|ips|addresses|entries|blocklist|blacklist|blocked|rules|data|values)$/i
/** Keys of an object in the list whose string is the entry. */
const ENTRY_KEYS = /^(domain|host|hostname|name|fqdn|ip|address|cidr|value)$/i
/** Arrays and objects within each other. */
const DEPTH_MAX = 16

interface Container {
  readonly array: boolean
  /** Whether its strings, or those of objects in it, are entries. */
  readonly takes: boolean
  /** An object that an API wraps a list into: `{"data": {"domains": […]}}`. */
  readonly wraps: boolean
  /** The key that the next value of an object has; undefined while a key is awaited. */
  key: string | undefined
}

/** Reads one file. `push` and `end` return why it cannot be read; no more is taken then. */
export class JsonEntries {
  readonly #take: TakeEntry
  readonly #stack: Container[] = []
  /** The string that is being read, without its quotes. */
  readonly #text = Buffer.alloc(LINE_MAX)
  #length = 0
  #inString = false
  #escaped = false
  #hasEscapes = false
  #line = 1
  #started = false
  /** An array was there whose strings are entries. */
  #listed = false
  #stopped = false

  constructor(take: TakeEntry) {
    this.#take = take
  }

  /** Lines so far. */
  get lines(): number {
    return this.#line
  }

  push(chunk: Uint8Array, from: number): string | undefined {
    for (let at = from; at < chunk.length && !this.#stopped; at++) {
      const byte = chunk[at] as number
      if (this.#inString) {
        const end = this.#escaped || byte === BACKSLASH ? at : plainEnd(chunk, at)
        const fault = end > at ? this.#keep(chunk, at, end) : this.#stringByte(byte)
        if (fault !== undefined) return fault
        if (end > at) at = end - 1
      } else {
        const fault = this.#byte(byte)
        if (fault !== undefined) return fault
      }
    }
    return undefined
  }

  end(): string | undefined {
    if (this.#stopped) return undefined
    if (!this.#started || this.#stack.length > 0) return 'the JSON ends in the middle'
    return this.#listed ? undefined : 'there is no array of names in it, at none of the places where lists have it'
  }

  #byte(byte: number): string | undefined {
    const top = this.#stack.at(-1)
    if (byte === 0x0a) this.#line++
    else if (byte === QUOTE) this.#inString = true
    else if (byte === 0x5b || byte === 0x7b) return this.#open(byte === 0x5b, top)
    else if (byte === 0x5d || byte === 0x7d) {
      if (top?.array !== (byte === 0x5d)) return 'a bracket that closes another one'
      this.#stack.pop()
    } else if (byte === 0x2c) {
      if (top !== undefined) top.key = undefined
    } else if (byte !== 0x3a && byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && !SCALAR[byte]) {
      return 'a character that JSON does not have there'
    }
    return undefined
  }

  #open(array: boolean, top: Container | undefined): string | undefined {
    if (this.#stack.length === DEPTH_MAX) return `more than ${DEPTH_MAX} arrays and objects within each other`
    if (top === undefined && this.#started) return 'more than one value'
    this.#started = true
    const outer = this.#stack.length === 1 || top?.wraps === true
    const listed = top !== undefined && !top.array && outer && LIST_KEYS.test(top.key ?? '')
    const takes = array ? top === undefined || listed : top?.array === true && top.takes
    this.#listed ||= array && takes
    this.#stack.push({ array, takes, wraps: !array && listed && this.#stack.length === 1, key: undefined })
    return undefined
  }

  #stringByte(byte: number): string | undefined {
    if (!this.#escaped && byte === QUOTE) return this.#string()
    if (byte < 0x20) return 'a string that does not end in its line'
    this.#hasEscapes ||= byte === BACKSLASH
    this.#escaped = !this.#escaped && byte === BACKSLASH
    return this.#keep(Uint8Array.of(byte), 0, 1)
  }

  #keep(bytes: Uint8Array, from: number, to: number): string | undefined {
    if (this.#length + to - from > LINE_MAX) return `a string longer than ${LINE_MAX} bytes`
    this.#text.set(bytes.subarray(from, to), this.#length)
    this.#length += to - from
    return undefined
  }

  /** A string has ended: a key, an entry, or something that is no matter of ours. */
  #string(): string | undefined {
    const top = this.#stack.at(-1)
    const size = this.#length
    const escapes = this.#hasEscapes
    this.#inString = false
    this.#hasEscapes = false
    this.#length = 0
    if (top === undefined) return 'text outside of any array'
    if (!top.array && top.key === undefined) {
      top.key = this.#text.toString('latin1', 0, Math.min(size, 64))
      return undefined
    }
    if (!top.takes || (!top.array && !ENTRY_KEYS.test(top.key as string))) return undefined
    const bytes = escapes ? unescaped(this.#text.subarray(0, size)) : this.#text
    const length = escapes ? (bytes?.length ?? 0) : size
    if (bytes === undefined) return 'an escape that JSON does not have'
    if (!this.#take(bytes, 0, length, this.#line)) this.#stopped = true
    return undefined
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Bytes of numbers, `true`, `false` and `null`. */
const SCALAR = Uint8Array.from({ length: 256 }, (_, byte) => (/[-+.\w]/.test(String.fromCharCode(byte)) ? 1 : 0))

/** The first byte from `from` on that means something within a string. */
function plainEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH && (bytes[at] as number) >= 0x20) at++
  return at
}

function unescaped(text: Buffer): Buffer | undefined {
  try {
    return Buffer.from((JSON.parse(`"${text.toString('utf8')}"`) as string).replaceAll(/[\r\n]/g, ' '))
  } catch {
    return undefined
  }
}
