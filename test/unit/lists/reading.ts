// Reads lists from text, for tests, and writes down their rules.
import { prefixText } from '../../../src/base/address.ts'
import { nameFromWire } from '../../../src/base/name.ts'
import { RCODE, rcodeName, typeName } from '../../../src/base/question.ts'
import type { FormatName } from '../../../src/lists/line.ts'
import { ListReader, type Reading } from '../../../src/lists/read.ts'
import type { ConditionalRule, RuleAction, Selection, Target } from '../../../src/policy/rule.ts'

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
    conditional: (rule, line) => {
      const text = ruleText(rule)
      rules.push(numbered ? `${line}: ${text}` : text)
      return 'taken'
    },
  })
}

/** A conditional rule such as `block *.ads.example if important`. */
export function ruleText({ target, action, important, cancels, types, clients, except }: ConditionalRule): string {
  const words = [actionText(action), targetText(target)]
  const conditions = [
    ...(cancels ? ['cancels'] : []),
    ...(important ? ['important'] : []),
    ...selectionText('type', types, typeName),
    ...selectionText('client', clients, (one) => (one.kind === 'name' ? one.name : prefixText(one.prefix))),
    ...(except.length > 0 ? [`not under ${except.join(' ')}`] : []),
  ]
  return `${words.join(' ')}${conditions.length > 0 ? ` if ${conditions.join(', ')}` : ''}`
}

function targetText(target: Target): string {
  if (target.kind === 'regex') return `/${target.pattern}/`
  if (target.kind === 'address') return prefixText(target.prefix)
  if (target.kind === 'any') return 'anything'
  return `${{ name: '', below: '?.', tree: '*.' }[target.covers]}${target.name}`
}

function actionText(action: RuleAction): string {
  if (action.kind === 'rcode') return action.rcode === RCODE.NOERROR ? 'nodata' : rcodeName(action.rcode).toLowerCase()
  if (action.kind === 'alias') return `alias(${action.prepend ? '*.' : ''}${action.target})`
  if (action.kind === 'records')
    return `records(${action.records.map((data) => Object.values(data).join(' ')).join(', ')})`
  if (action.kind === 'no-rewrite') return `no-rewrite(${action.only === undefined ? '' : actionText(action.only)})`
  return action.kind
}

function selectionText<T>(what: string, { only, not }: Selection<T>, text: (one: T) => string): string[] {
  const parts = [...only.map(text), ...not.map((one) => `~${text(one)}`)]
  return parts.length > 0 ? [`${what} ${parts.join(' ')}`] : []
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
