// What the first bytes of a list say: where its text begins, or why it is none. Knows no format and no file.
import type { Problem } from '../base/failure.ts'
import { type FormatName, isBlank } from './line.ts'

/** Where the text begins, behind a byte order mark; or what is wrong with the whole. `head` is the first chunk. */
export function startOf(head: Uint8Array): number | Problem {
  const foreign = FOREIGN.find(([magic]) => magic.every((byte, i) => head[i] === byte))
  if (foreign !== undefined) return notText(foreign[1])
  if (head.subarray(0, PROBE).includes(0)) return notText('a binary file')
  const start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  let first = start
  while (isBlank(head[first]) || head[first] === 0x0a) first++
  return head[first] === 0x3c ? PAGE : start
}

/**
 * The format of a list that is more than its lines: JSON, which may be all one line, and zone files, whose records go
 * over several lines and whose names depend on lines before. Undefined for all others.
 */
export function formatOf(head: Uint8Array, start: number): FormatName | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1', start, start + PROBE_FORMAT)
  if (/^\s*(\[\s*["{[\]]|\[\s*$|\{\s*")/.test(text)) return 'json'
  return ZONE.test(text) ? 'rpz' : undefined
}

/** Enough for the longest remarks at the start of a zone. */
const PROBE_FORMAT = 32 * 1024
/** A directive of a zone file, or its SOA record; only blank lines and remarks may come before. */
const ZONE =
  /^(?:[ \t]*(?:;[^\n]*)?\r?\n)*(?:\$(?:TTL|ORIGIN)[ \t]|[^\s;"]+[ \t]+(?:\d+[smhdw]?[ \t]+)?(?:IN[ \t]+)?(?:\d+[smhdw]?[ \t]+)?SOA[ \t])/i

const PAGE: Problem = Object.freeze({
  code: 'ASKFIRST_E_LIST_LINE',
  message: 'this is an HTML or XML page, not a list',
  hint: 'The download gave a web page: an error, or a page about the list. Take the address of the raw file.',
})

const notText = (what: string): Problem => ({
  code: 'ASKFIRST_E_LIST_READ',
  message: `this is ${what}, not a list`,
  hint: 'A list is plain text in UTF-8, one rule a line; it may be packed with gzip.',
})

/** A list has no zero byte in its first bytes; nearly every other kind of file has. */
const PROBE = 4096

const FOREIGN: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe], 'text in UTF-16'],
  [[0xfe, 0xff], 'text in UTF-16'],
  [[0x1f, 0x8b], 'a file packed twice'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive'],
  [[0x42, 0x5a, 0x68], 'a file packed with bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'a file packed with xz'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a file packed with zstd'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF document'],
]
