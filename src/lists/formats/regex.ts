// Regular expressions, one a line: `/^ads[0-9]/`. A name is blocked where the expression is found in it. Those of Pi-hole
// stand bare, and may have options behind them: `^ads;querytype=AAAA`.
import { RCODE } from '../../base/question.ts'
import { literalOf } from '../../policy/literal.ts'
import { PATTERN_MAX, readPattern, weightOf } from '../../policy/pattern.ts'
import { chainsOf, isWide } from '../../policy/pattern-chains.ts'
import {
  BLOCK,
  type ConditionalRule,
  conditional,
  NODATA,
  NXDOMAIN,
  type RecordData,
  type RuleAction,
} from '../../policy/rule.ts'
import {
  isRestIdle,
  type LineEnd,
  NOT_OURS,
  PATTERN_WEIGHT_MIN,
  type ReadLine,
  RULES,
  type RuleSink,
  skipped,
  wordEnd,
} from '../line.ts'
import { textOf } from '../name-bytes.ts'
import { recordOf } from '../record-text.ts'
import { typeNumber } from './adblock-options.ts'

const SLASH = 0x2f
const HAT = 0x5e
const OPEN = 0x28
const BACKSLASH = 0x5c
const DOT = 0x2e
const BAR = 0x7c
const FOREIGN = Uint8Array.from({ length: 256 }, (_, byte) => ('/#@"\''.includes(String.fromCharCode(byte)) ? 1 : 0))

/** In slashes; or bare, where it starts as no name does (`^`, `(`) or has `\.` in it, as in the lists of Pi-hole. */
export const regex: ReadLine = (bytes, from, to, sink) => {
  if (bytes[from] === SLASH) {
    if (to - from < 3 || bytes[to - 1] !== SLASH) return NOT_OURS
    return takePattern(textOf(bytes, from + 1, to - 1), sink)
  }
  const bare = bytes[from] === HAT || bytes[from] === OPEN || hasEscapedDot(bytes, from, to)
  return bare ? takeBare(textOf(bytes, from, to), sink) : NOT_OURS
}

/** One word with `\.` in it, and with nothing that only rules for browsers have. */
function hasEscapedDot(bytes: Uint8Array, from: number, to: number): boolean {
  const end = wordEnd(bytes, from, to)
  if (bytes[from] === BAR || !isRestIdle(bytes, end, to)) return false
  let found = false
  for (let at = from; at < end; at++) {
    if (FOREIGN[bytes[at] as number]) return false
    found ||= bytes[at] === BACKSLASH && bytes[at + 1] === DOT
  }
  return found
}

/** Every line a pattern, for files that are said to be such. */
export const regexOnly: ReadLine = (bytes, from, to, sink) => {
  const end = regex(bytes, from, to, sink)
  return end === NOT_OURS ? takeBare(textOf(bytes, from, to), sink) : end
}

/** An expression with the options that Pi-hole knows (docs.pi-hole.net/regex/pi-hole, 2025), and a remark. */
function takeBare(text: string, sink: RuleSink): LineEnd {
  const [pattern = '', ...options] = text.replace(/\s+#.*$/, '').split(/;(?=querytype=|reply=|invert)/)
  const found: { types: { only: number[]; not: number[] }; action: RuleAction } = {
    types: { only: [], not: [] },
    action: BLOCK,
  }
  for (const option of options) {
    const [key, value = ''] = option.split('=')
    if (key === 'invert') return skipped.pattern
    if (key === 'reply') {
      const action = replyOf(value)
      if (action === undefined) return { kind: 'rejected', why: 'a reply that there is not' }
      found.action = action
    } else {
      for (const one of value.split(',')) {
        const type = typeNumber(one.replace('!', ''))
        if (type === undefined) return { kind: 'rejected', why: 'a querytype that there is not' }
        found.types[one.startsWith('!') ? 'not' : 'only'].push(type)
      }
    }
  }
  const { types, action } = found
  return takePattern(pattern, sink, (one) => conditional({ kind: 'regex', pattern: one }, action, { types }))
}

function replyOf(text: string): RuleAction | undefined {
  const code = REPLIES[text.toUpperCase()]
  if (code !== undefined) return code
  const records = text.split(',').map(recordOf)
  return records.includes(undefined) ? undefined : { kind: 'records', records: records as RecordData[] }
}

const REPLIES: Readonly<Record<string, RuleAction>> = {
  IP: BLOCK,
  NODATA,
  NXDOMAIN,
  REFUSED: { kind: 'rcode', rcode: RCODE.REFUSED },
  NONE: { kind: 'drop' },
}

/** Takes a rule for a pattern; `make` gives it its action and conditions. */
export function takePattern(pattern: string, sink: RuleSink, make = blocking): LineEnd {
  // No name has a slash: this one is about URLs.
  if (pattern.includes('/')) return skipped.url
  if (!sink.affords(pattern.length > PATTERN_MAX ? 0 : weightOf(pattern) + burdenOf(pattern))) return TOO_MANY
  const read = readPattern(pattern)
  if (typeof read === 'string') return { kind: 'rejected', why: read }
  sink.conditional(make(pattern))
  return RULES
}

/**
 * A pattern without a fixed text is looked for in every name: a list may have 5,000 of them; and 900 of those that fit
 * about every name but for some small thing, since each is tried then, which takes a microsecond or two.
 */
function burdenOf(pattern: string): number {
  if (literalOf(pattern) !== undefined) return 0
  return (isWide(chainsOf(pattern)) ? WIDE_BURDEN : LOOSE_BURDEN) * PATTERN_WEIGHT_MIN
}

const LOOSE_BURDEN = 4
const WIDE_BURDEN = 26

const TOO_MANY: LineEnd = Object.freeze({ kind: 'rejected', why: 'more patterns than one list may have' })

const blocking = (pattern: string): ConditionalRule => conditional({ kind: 'regex', pattern }, BLOCK)

/** The pattern for text with `*` for any characters. */
export const patternOf = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
