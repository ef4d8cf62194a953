// Adblock rules as far as they are about whole names: `||x^` with everything under it, `|x^` that name only, a plain
// name that name only; `@@` before the first two makes an exception. The rest is recognised and skipped by kind.
import { nameFromWire } from '../../base/name.ts'
import { ALLOW, BLOCK, conditional } from '../../policy/rule.ts'
import {
  BLANK,
  isBlank,
  isRestIdle,
  type LineEnd,
  NOT_OURS,
  type ReadLine,
  type RuleSink,
  skipped,
  wordEnd,
} from '../line.ts'
import { nameFault, takeName } from '../name-bytes.ts'

const BANG = 0x21
const BAR = 0x7c
const AT = 0x40
const CARET = 0x5e
const DOLLAR = 0x24
const HASH = 0x23
const STAR = 0x2a
const SLASH = 0x2f
const DOT = 0x2e
const OPEN = 0x5b

export const adblock: ReadLine = (bytes, from, to, sink) => {
  const first = bytes[from]
  if (first === BAR && bytes[from + 1] === BAR) return anchored(bytes, from + 2, to, false, true, sink)
  if (first === OPEN && bytes[to - 1] === 0x5d) return BLANK
  const exception = first === AT && bytes[from + 1] === AT
  const start = exception ? from + 2 : from
  if (bytes[start] === BAR) {
    const subtree = bytes[start + 1] === BAR
    return anchored(bytes, subtree ? start + 2 : start + 1, to, exception, subtree, sink)
  }
  if (exception) return isRegex(bytes, start, to) ? skipped.regex : skipped.url
  if (isCosmetic(bytes, from, to)) return skipped.cosmetic
  if (isRegex(bytes, from, to)) return skipped.regex
  return plain(bytes, from, to, sink)
}

/** What follows `||` or `|`: a name, `^`, and nothing that would narrow the rule down. */
function anchored(
  bytes: Uint8Array,
  from: number,
  to: number,
  exception: boolean,
  subtree: boolean,
  sink: RuleSink,
): LineEnd {
  const end = nameEnd(bytes, from, to)
  if (end === to) return skipped.pattern
  if (bytes[end] !== CARET) return otherThanName(bytes[end] as number)
  const rest = bytes[end + 1] === BAR ? end + 2 : end + 1
  const important = isImportant(bytes, rest, to)
  if (rest < to && !important && !isRemark(bytes, rest, to)) {
    return bytes[rest] === DOLLAR ? skipped.modifier : skipped.url
  }
  // A dot before `^` matches no host, as a host never ends in one here; it is no fully qualified name.
  if (bytes[end - 1] === DOT) return skipped.pattern
  const into = important ? asImportant(sink) : sink
  return takeName(bytes, from, end, exception, subtree, into) ?? { kind: 'rejected', why: nameFault(bytes, from, end) }
}

/** Some list makers write `||x^! why` or `||x^ # why`. */
const isRemark = (bytes: Uint8Array, from: number, to: number): boolean =>
  bytes[from] === BANG || (isBlank(bytes[from]) && isRestIdle(bytes, from, to))

/** What a rule is about that has another byte than `^` after its name. */
function otherThanName(byte: number): LineEnd {
  if (byte <= 0x20 || byte === 0x7f) return BLANK_INSIDE
  if (byte === STAR) return skipped.pattern
  return byte === DOLLAR ? skipped.modifier : skipped.url
}

const BLANK_INSIDE: LineEnd = Object.freeze({
  kind: 'rejected',
  why: 'a blank or a control character in the middle of the rule',
})

/** The first byte from `from` on that cannot be part of a name. */
function nameEnd(bytes: Uint8Array, from: number, to: number): number {
  while (from < to && !DELIMITER[bytes[from] as number]) from++
  return from
}

const DELIMITER = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte <= 0x20 || '^$*/:|?=&,~!#%\x7f'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** The same sink for rules that are important. */
const asImportant = (sink: RuleSink): RuleSink => ({
  ...sink,
  rule: (exception, subtree) => {
    const name = nameFromWire(sink.wire, 0)
    const target = { kind: 'name', name, covers: subtree ? 'tree' : 'name' } as const
    sink.conditional(conditional(target, exception ? ALLOW : BLOCK, { important: true }))
  },
})

/** `$important` alone. */
function isImportant(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== IMPORTANT.length) return false
  return IMPORTANT.every((byte, i) => bytes[from + i] === byte)
}

const IMPORTANT = Buffer.from('$important')

/** `##`, `#@#`, `#?#`, `#$#`, `#%#` and their like, and `$$` for HTML filters. */
function isCosmetic(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at + 1 < to; at++) {
    if (bytes[at] === DOLLAR && (bytes[at + 1] === DOLLAR || (bytes[at + 1] === AT && bytes[at + 2] === DOLLAR)))
      return true
    if (bytes[at] !== HASH) continue
    let end = at + 1
    while (end < to && end < at + 4 && COSMETIC_SIGNS.includes(bytes[end] as number)) end++
    if (bytes[end] === HASH && end < to) return true
  }
  return false
}

const COSMETIC_SIGNS = Buffer.from('@?$%')

/** `/…/`, alone or with modifiers. */
function isRegex(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] !== SLASH || to - from < 3) return false
  const close = bytes.lastIndexOf(SLASH, to - 1)
  return close > from && (close === to - 1 || bytes[close + 1] === DOLLAR)
}

/**
 * A plain name. It must start with a letter or a digit: in lists for browsers `-ads.gif` and `.adserv.` are parts of
 * URLs.
 */
function plain(bytes: Uint8Array, from: number, to: number, sink: RuleSink): LineEnd {
  const end = wordEnd(bytes, from, to)
  if (!isAlphanumeric(bytes[from] as number) || !isRestIdle(bytes, end, to)) return NOT_OURS
  const taken = takeName(bytes, from, end, false, false, sink) ?? NOT_OURS
  return taken === skipped['single-label'] ? skipped.url : taken
}

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || byte >= 0x80
