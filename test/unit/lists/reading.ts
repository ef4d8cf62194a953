// Reads lists from text, for tests, and writes down their rules.
import { nameFromWire } from '../../../src/base/name.ts'
import type { FormatName } from '../../../src/lists/line.ts'
import { ListReader, type Reading } from '../../../src/lists/read.ts'

/** What a text gave: rules such as `block ads.example`, `allow *.x.example`, and the report. */
export interface TextReading extends Reading {
  readonly rules: readonly string[]
}

/** A reader that writes its rules into `rules`; with the lines that they stand in if `numbered`. */
export function readerInto(rules: string[], format: FormatName | 'auto' = 'auto', numbered = false): ListReader {
  const wire = new Uint8Array(256)
  const place = (line?: number) => (line === undefined ? { file: 'list.txt' } : { file: 'list.txt', line })
  return new ListReader(place, format, {
    wire,
    rule: (exception, subtree, line) => {
      const rule = `${exception ? 'allow' : 'block'} ${subtree ? '*.' : ''}${nameFromWire(wire, 0)}`
      rules.push(numbered ? `${line}: ${rule}` : rule)
      return true
    },
  })
}

/** Reads a list that is one text; throws where it is refused as a whole. */
export function readText(text: string | Uint8Array, format: FormatName | 'auto' = 'auto'): TextReading {
  const rules: string[] = []
  const reader = readerInto(rules, format)
  const problem = reader.push(Buffer.from(text))
  const reading = problem ?? reader.end()
  if ('code' in reading) throw new TypeError(`refused: ${reading.message}`)
  return { ...reading, rules }
}

/** The rules of a single line. */
export const rulesOf = (line: string, format: FormatName | 'auto' = 'auto'): readonly string[] =>
  readText(line, format).rules

/** How a single line without a rule ended: what it was skipped as, why it was rejected, or `blank`. */
export function endOf(line: string, format: FormatName | 'auto' = 'auto'): string {
  const { rules, skipped, problems } = readText(line, format)
  if (rules.length > 0) return `rules: ${rules.join(', ')}`
  const [kind] = Object.keys(skipped)
  return kind ?? problems[0]?.message ?? 'blank'
}
