// Names with everything under them: `*.ads.example` or `.ads.example`, one a line. A plain name is that name only; with
// stars in other places it is a pattern.
import { isRestIdle, NOT_OURS, type ReadLine, skipped, wordEnd } from '../line.ts'
import { isAddressWord, takeName, textOf } from '../name-bytes.ts'
import { patternOf, takePattern } from './regex.ts'

const STAR = 0x2a
const DOT = 0x2e

export const wildcard: ReadLine = (bytes, from, to, sink) => {
  const end = wordEnd(bytes, from, to)
  if (end < to && !isRestIdle(bytes, end, to)) return NOT_OURS
  const starred = bytes[from] === STAR && bytes[from + 1] === DOT
  const name = starred ? from + 2 : bytes[from] === DOT ? from + 1 : from
  const taken = takeName(bytes, name, end, false, name !== from, sink)
  if (taken === skipped.address && name === from && isAddressWord(bytes, from, end)) return NOT_OURS
  if (taken !== undefined) return taken
  if (!bytes.subarray(from, end).includes(STAR)) return NOT_OURS
  const text = textOf(bytes, from, end).toLowerCase()
  if (text.includes('..')) return NOT_OURS
  // Without a letter or a digit of its own it would match everything.
  if (!/^[a-z0-9_.*-]+$/.test(text)) return PATTERN.test(text) ? skipped.pattern : NOT_OURS
  return /[a-z0-9]/.test(text) ? takePattern(`^${patternOf(text)}$`, sink) : skipped.pattern
}

/** Patterns of shells, which no list of names has. */
const PATTERN = /^[a-z0-9_.*?[\]-]+$/
