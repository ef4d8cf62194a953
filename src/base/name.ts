// Domain names in their two forms: text (`Name`, canonical) and wire (RFC 1035 §3.1, uncompressed). Knows no message.
import { domainToASCII } from 'node:url'

/**
 * A domain name as text: lower-case A-labels joined by dots, no trailing dot, the root is `.`.
 * Bytes that are not printable ASCII, and dots and backslashes inside a label, are escaped as RFC 1035 §5.1 has it
 * (`\.`, `\\`, `\DDD`), so text and wire map to each other one to one, and no name can carry a control character.
 */
export type Name = string

/** Longest name on the wire with its root byte (RFC 1035 §2.3.4). */
export const NAME_MAX = 255
/** Longest label (RFC 1035 §2.3.4). */
export const LABEL_MAX = 63

const DOT = 0x2e
const BACKSLASH = 0x5c

/** Lower case for one byte, ASCII only (RFC 4343). */
export const foldByte = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)

/**
 * Reads text that a person or a list wrote (any case, a trailing dot, U-labels) into a `Name`.
 * `undefined` where it is not a domain name: an empty or oversized label, a name over 255 bytes, white space.
 */
export function parseName(text: string): Name | undefined {
  if (text === '.') return '.'
  const trimmed = text.endsWith('.') && !text.endsWith('\\.') ? text.slice(0, -1) : text
  if (trimmed === '' || trimmed.length > 4 * NAME_MAX) return undefined
  let ascii = trimmed
  // `domainToASCII` is for names with letters beyond ASCII only: it would read `127.1` as an address and undo `%41`.
  if (/[^\x21-\x7e]/.test(trimmed)) {
    if (/[\x00-\x20\x7f%\\]/.test(trimmed)) return undefined
    ascii = domainToASCII(trimmed)
    if (ascii === '') return undefined
  }
  const wire = wireFromName(ascii)
  return wire === undefined ? undefined : nameFromWire(wire, 0)
}

/** Text to wire: labels with length bytes and the root byte, lower-cased. `undefined` where text is not a name. */
export function wireFromName(name: Name): Uint8Array | undefined {
  if (name === '.') return new Uint8Array(1)
  const wire = new Uint8Array(NAME_MAX + 1)
  let length = 0
  let label = 0
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? DOT : name.charCodeAt(i)
    if (code === DOT) {
      const size = length - label
      if (size === 0 || size > LABEL_MAX) return undefined
      wire[label] = size
      label = ++length
      continue
    }
    let byte = code
    if (code === BACKSLASH) {
      const digits = /^\d{3}/.exec(name.slice(i + 1, i + 4))
      byte = digits ? Number(digits[0]) : name.charCodeAt(i + 1)
      i += digits ? 3 : 1
      if (!(byte <= 255)) return undefined
    } else if (code <= 0x20 || code > 0x7e) return undefined
    if (++length >= NAME_MAX) return undefined
    wire[length] = foldByte(byte)
    // The label's length byte stands at `label`; its bytes follow it.
  }
  return wire.slice(0, length + 1)
}

/** Wire (uncompressed, bounds already checked) to text, lower-cased. */
export function nameFromWire(wire: Uint8Array, offset: number): Name {
  let length = 0
  for (let at = offset; ; ) {
    const size = wire[at++]
    if (size === 0 || size === undefined) break
    if (length > 0) TEXT[length++] = DOT
    for (const end = at + size; at < end; at++) {
      const byte = foldByte(wire[at] as number)
      if (!isPlain(byte)) return escapedFromWire(wire, offset)
      TEXT[length++] = byte
    }
  }
  // At once: a text that grows by a character at a time is a chain of small objects.
  return length === 0 ? '.' : TEXT.toString('latin1', 0, length)
}

/** A name without escapes while it is read. */
const TEXT = Buffer.alloc(NAME_MAX)

function escapedFromWire(wire: Uint8Array, offset: number): Name {
  let text = ''
  for (let at = offset; ; ) {
    const size = wire[at++]
    if (size === 0 || size === undefined) break
    if (text !== '') text += '.'
    for (const end = at + size; at < end; at++) text += labelByte(foldByte(wire[at] as number))
  }
  return text
}

const isPlain = (byte: number): boolean => byte > 0x20 && byte <= 0x7e && byte !== DOT && byte !== BACKSLASH

function labelByte(byte: number): string {
  if (isPlain(byte)) return String.fromCharCode(byte)
  if (byte === DOT || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`
  return `\\${String(byte).padStart(3, '0')}`
}

/** The name without its first label; `.` for a name of one label, undefined for the root. An escaped dot ends no label. */
export function parentOf(name: Name): Name | undefined {
  if (name === '.') return undefined
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === DOT) return name.slice(i + 1)
  }
  return '.'
}

/** Whether `name` is `zone` or lies under it. */
export const isUnder = (name: Name, zone: Name): boolean =>
  zone === '.' || name === zone || (name.endsWith(zone) && name.charCodeAt(name.length - zone.length - 1) === DOT)

/** A number for the last label of a name in wire form, lower case; equal labels have equal ones. For a look before a dearer one. */
export function lastLabelHash(wire: Uint8Array): number {
  let start = 0
  let end = 0
  while ((wire[end] ?? 0) !== 0) {
    start = end + 1
    end = start + (wire[end] as number)
  }
  let hash = 0
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (wire[i] as number)) | 0
  return hash
}
