// What a value is and what it should be, in words for people. Knows the shape of a zod issue, not the schema.
import { closest, distance } from 'fastest-levenshtein'
import { safeText } from '../base/text.ts'

/** The part of a zod issue that the words are made of. */
export interface RawIssue {
  readonly code?: string | undefined
  readonly input?: unknown
  readonly expected?: unknown
  readonly message?: string | undefined
  readonly values?: readonly unknown[]
  readonly origin?: string
  readonly minimum?: number | bigint | undefined
  readonly maximum?: number | bigint | undefined
}

/** The message of an issue whose schema has none of its own; undefined leaves it to the library. */
export function plainWords(issue: RawIssue): string | undefined {
  if (issue.input === undefined && issue.code !== 'custom') return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kindWords(String(issue.expected))}, found ${found(issue.input)}`
    case 'invalid_value':
      return `must be one of ${issue.values?.join(', ') ?? 'the known words'}, found ${found(issue.input)}`
    case 'too_small':
      return boundWords('at least', issue.minimum, issue)
    case 'too_big':
      return boundWords('at most', issue.maximum, issue)
    default:
      return undefined
  }
}

/** An `error` for a schema: "must be …, found …", or "is missing". `what` reads on from "must be". */
export const mustBe =
  (what: string) =>
  (issue: { readonly input?: unknown }): string =>
    issue.input === undefined ? 'is missing' : `must be ${what}, found ${found(issue.input)}`

/** A value as people see it in their file, escaped and short. */
export function found(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return `"${safeText(value, 64)}"`
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a group of keys' : `the ${kindOf(value)} ${String(value)}`
}

/** The known word that a person most likely meant, or undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > 64) return undefined
  const folded = known.map((candidate) => candidate.toLowerCase())
  const best = closest(word.toLowerCase(), folded)
  // Two letters, or a third of a long word, are a slip of the keyboard; more is another word.
  const slip = word.length < 4 ? 1 : Math.max(2, Math.floor(best.length / 3))
  const near = distance(word.toLowerCase(), best) <= slip
  return near ? known[folded.indexOf(best)] : undefined
}

/** What to do about a wrong value, as a sentence; undefined where the message says it all. */
export function hintFor(issue: RawIssue, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'Write a value, or remove the line to get the default.'
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const near = nearest(value, issue.values?.map(String) ?? [])
    return near === undefined ? undefined : `Did you mean "${near}"?`
  }
  if (issue.code !== 'invalid_type') return undefined
  const scalar = typeof value !== 'object'
  if (issue.expected === 'array' && scalar) return 'Put it in square brackets, or on a line of its own after a dash.'
  if (issue.message?.startsWith('must be text') && scalar) return 'If it is meant as text, put it in quotes.'
  if (typeof value === 'string' && /^\w+:\S/.test(value)) return 'A key ends with a colon and a blank.'
  if (typeof value === 'string' && /^(\d+|true|false)$/.test(value)) return 'Remove the quotes.'
  return undefined
}

const kindOf = (value: unknown): string => (typeof value === 'boolean' ? 'word' : 'number')

function kindWords(expected: string): string {
  switch (expected) {
    case 'string':
      return 'text'
    case 'int':
    case 'number':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    default:
      return 'a group of keys'
  }
}

function boundWords(side: string, bound: number | bigint | undefined, issue: RawIssue): string {
  if (issue.origin === 'array') return `must have ${side} ${bound} ${bound === 1 ? 'item' : 'items'}`
  // The length is said without the text: it may be a secret.
  if (issue.origin === 'string')
    return bound === 1 && side === 'at least' ? 'must not be empty' : `must have ${side} ${bound} characters`
  return `must be ${side} ${bound}, found ${found(issue.input)}`
}
