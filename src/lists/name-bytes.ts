// Reads domain names out of the bytes of a list into wire form. Knows no format.
import { parsePrefix } from '../base/address.ts'
import { LABEL_MAX, NAME_MAX, type Name, nameFromWire, parseName, wireFromName } from '../base/name.ts'
import { safeText } from '../base/text.ts'
import { type LineEnd, RULES, type RuleSink, skipped } from './line.ts'

/** What `readName` says instead of a number of labels: these bytes are no name. */
export const NO_NAME = 0
/** The bytes are an IP address, or end in a label of digits only, which no domain does (RFC 3696 §2). */
export const ADDRESS = -1

/**
 * Reads a name: letters, digits, `-` and `_` in labels with dots between; a dot at the end is left out. Other letters
 * are UTF-8 and become A-labels (IDNA). Writes it to `wire` and returns its number of labels, `NO_NAME` or `ADDRESS`.
 */
export function readName(bytes: Uint8Array, from: number, to: number, wire: Uint8Array): number {
  if (to - from > 1 && bytes[to - 1] === DOT) to--
  if (to - from > NAME_MAX - 2) return to - from > 4 * NAME_MAX ? NO_NAME : readOther(bytes, from, to, wire)
  const fold = FOLD
  const size = to - from
  let labels = 1
  let label = 0
  for (let i = 0; i < size; i++) {
    const byte = bytes[from + i] as number
    const folded = fold[byte] as number
    wire[i + 1] = folded
    if (folded !== 0) continue
    // A dot: its place on the wire takes the length of the next label.
    if (byte !== DOT) return byte >= 0x80 ? readOther(bytes, from, to, wire) : NO_NAME
    if (i === label || i - label > LABEL_MAX) return NO_NAME
    wire[label] = i - label
    label = i + 1
    labels++
  }
  if (size === label || size - label > LABEL_MAX) return NO_NAME
  wire[label] = size - label
  wire[size + 1] = 0
  return isNumber(wire, label + 1, size + 1) ? ADDRESS : labels
}

const DOT = 0x2e
/** For each byte that a name may have its lower case, 0 for the rest. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte)
  return /[a-z0-9_-]/i.test(char) ? char.toLowerCase().charCodeAt(0) : 0
})

function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  while (from < to && (bytes[from] as number) >= 0x30 && (bytes[from] as number) <= 0x39) from++
  return from === to
}

/** Names with letters beyond ASCII. */
function readOther(bytes: Uint8Array, from: number, to: number, wire: Uint8Array): number {
  const text = textOf(bytes, from, to)
  // What is not UTF-8 has become U+FFFD; and IDNA would take `?` or `/` for the end of the name.
  const name = /[\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f\ufffd]/.test(text) ? undefined : parseName(text)
  const read = name === undefined ? undefined : wireFromName(name)
  if (name === undefined || read === undefined || read.length > NAME_MAX || /[^a-z0-9._-]/.test(name)) return NO_NAME
  wire.set(read)
  return /(^|\.)\d+$/.test(name) ? ADDRESS : name.split('.').length
}

/** Takes a rule for one name; `from` to `to` is all of it. A name alone needs two labels, a subtree one. */
export function takeName(
  bytes: Uint8Array,
  from: number,
  to: number,
  exception: boolean,
  subtree: boolean,
  sink: RuleSink,
): LineEnd | undefined {
  const labels = readName(bytes, from, to, sink.wire)
  if (labels === NO_NAME) return undefined
  if (labels === ADDRESS) return skipped.address
  if (isOwn(labels, bytes, from, to)) return skipped.own
  if (labels === 1 && !subtree) return skipped['single-label']
  sink.rule(exception, subtree)
  return RULES
}

/** Writes a name, given as text, to `wire`; what `readName` says. */
export function writeName(text: string, wire: Uint8Array): number {
  const bytes = Buffer.from(text)
  return readName(bytes, 0, bytes.length, wire)
}

/** The canonical text of a name; undefined where it is none. */
export function canonicalName(text: string): Name | undefined {
  return writeName(text, SCRATCH) > 0 ? nameFromWire(SCRATCH, 0) : undefined
}

const SCRATCH = new Uint8Array(256)

/**
 * Names that systems keep for themselves in their hosts file (hosts(5), RFC 6761 §6.3). Lists carry them along; to
 * block them would break programs on the machines that ask.
 */
const OWN = new Set([
  'localhost',
  'localhost.localdomain',
  'local',
  'localdomain',
  'broadcasthost',
  'ip6-localhost',
  'ip6-loopback',
  'ip6-localnet',
  'ip6-mcastprefix',
  'ip6-allnodes',
  'ip6-allrouters',
  'ip6-allhosts',
])

/** Whether a name, canonical, is one that a machine keeps for itself. */
export const isOwnName = (name: Name): boolean => OWN.has(name)

/** Looks a name up only where it could be one of them, so that most names never become a string. */
function isOwn(labels: number, bytes: Uint8Array, from: number, to: number): boolean {
  if (labels > 1 && !(to - from === LOCALHOST.length && ((bytes[from] as number) | 0x20) === LOWER_L)) return false
  return OWN.has(textOf(bytes, from, to).toLowerCase())
}

/** The only own name with more than one label. */
const LOCALHOST = 'localhost.localdomain'
const LOWER_L = 0x6c

/** Why bytes that should be a name are none, for people. */
export function nameFault(bytes: Uint8Array, from: number, to: number): string {
  const text = textOf(bytes, from, Math.min(to, from + 4 * NAME_MAX))
  const odd = /[^\p{L}\p{N}\p{M}._-]/u.exec(text)
  if (text.includes('\ufffd')) return 'the text is not UTF-8'
  if (odd !== null) return `a name cannot have the character "${safeText(odd[0])}"`
  if (/^\.|\.\./.test(text)) return 'a name with nothing between two dots'
  if (text.split('.').some((label) => label.length > LABEL_MAX)) return `a label longer than ${LABEL_MAX} bytes`
  if (to - from > NAME_MAX - 2) return `a name longer than ${NAME_MAX - 2} bytes`
  return 'not a domain name'
}

/** Whether a word is an address or a range of addresses, in any form that our address reader knows. */
export function isAddressWord(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from <= 64 && parsePrefix(textOf(bytes, from, to)) !== undefined
}

/** Text of some bytes; what is not UTF-8 becomes U+FFFD. For the rare ways only. */
export const textOf = (bytes: Uint8Array, from: number, to: number): string => UTF8.decode(bytes.subarray(from, to))

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
