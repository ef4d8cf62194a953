// Regular expressions, one a line: `/^ads[0-9]/`. A name is blocked where the expression is found in it.

import { literalOf } from '../../policy/literal.ts'
import { PATTERN_MAX, readPattern, weightOf } from '../../policy/pattern.ts'
import { chainsOf, isWide } from '../../policy/pattern-chains.ts'
import { BLOCK, type ConditionalRule, conditional } from '../../policy/rule.ts'
import { type LineEnd, NOT_OURS, PATTERN_WEIGHT_MIN, type ReadLine, RULES, type RuleSink, skipped } from '../line.ts'
import { textOf } from '../name-bytes.ts'

const SLASH = 0x2f
const HAT = 0x5e
const OPEN = 0x28

/** In slashes; or bare, where it starts as no name does (`^`, `(`), as in the lists of Pi-hole. */
export const regex: ReadLine = (bytes, from, to, sink) => {
  if (bytes[from] === SLASH) {
    if (to - from < 3 || bytes[to - 1] !== SLASH) return NOT_OURS
    return takePattern(textOf(bytes, from + 1, to - 1), sink)
  }
  return bytes[from] === HAT || bytes[from] === OPEN ? takePattern(textOf(bytes, from, to), sink) : NOT_OURS
}

/** Every line a pattern, for files that are said to be such. */
export const regexOnly: ReadLine = (bytes, from, to, sink) => {
  const end = regex(bytes, from, to, sink)
  return end === NOT_OURS ? takePattern(textOf(bytes, from, to), sink) : end
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
