// The options of an adblock rule, behind its `$`: those that a DNS server can honour. Knows no rule around them.
import { parsePrefix } from '../../base/address.ts'
import { TYPE } from '../../base/question.ts'
import { type ClientPattern, CONDITION_ITEMS_MAX, EVERY, type RuleAction, type Selection } from '../../policy/rule.ts'
import { type LineEnd, skipped } from '../line.ts'
import { canonicalName } from '../name-bytes.ts'
import { readRewrite } from './dns-rewrite.ts'

/** What the options say. */
export interface RuleOptions {
  readonly important: boolean
  readonly cancels: boolean
  readonly types: Selection<number>
  readonly clients: Selection<ClientPattern>
  readonly except: readonly string[]
  /** `$dnsrewrite`; `every` where it has no value, as only an exception may. */
  readonly rewrite: RuleAction | 'every' | undefined
}

const NONE: RuleOptions = {
  important: false,
  cancels: false,
  types: EVERY,
  clients: EVERY,
  except: [],
  rewrite: undefined,
}

/** Reads options; or says how the line ends, where one of them is for browsers, or cannot be read. */
export function readOptions(text: string): RuleOptions | LineEnd {
  let options = NONE
  let end: LineEnd | undefined
  for (const option of split(text, ',')) {
    const equals = option.indexOf('=')
    const key = (equals < 0 ? option : option.slice(0, equals)).trim()
    const value = equals < 0 ? '' : option.slice(equals + 1).trim()
    const read = OPTIONS[key]
    // What only a browser knows decides about the line: the rest of its options is not for us either.
    if (read === undefined) return skipped.modifier
    const said = read(value)
    if ('kind' in said) end ??= said
    else options = { ...options, ...said }
  }
  return end ?? options
}

const reject = (why: string): LineEnd => ({ kind: 'rejected', why })

const OPTIONS: Readonly<Record<string, (value: string) => Partial<RuleOptions> | LineEnd>> = {
  important: () => ({ important: true }),
  badfilter: () => ({ cancels: true }),
  /** All kinds of requests, which is what a DNS server blocks anyway. */
  all: () => ({}),
  ctag: () => skipped.ctag,
  dnstype: (value) => selection(value, typeNumber, 'dnstype') as Partial<RuleOptions> | LineEnd,
  client: (value) => selection(value, clientPattern, 'client') as Partial<RuleOptions> | LineEnd,
  denyallow: (value) => {
    const names = split(value, '|').map((name) => canonicalName(name.replace(/^\*\./, '')))
    if (names.length === 0 || names.length > CONDITION_ITEMS_MAX)
      return reject('denyallow without names, or with too many')
    return names.includes(undefined) ? reject('denyallow with what is no name') : { except: names as string[] }
  },
  dnsrewrite: (value) => {
    const rewrite = value === '' ? 'every' : readRewrite(value)
    if (rewrite === 'unknown') return skipped.record
    return rewrite === undefined ? reject('a dnsrewrite that cannot be read') : { rewrite }
  },
}

/** Reads `a|b|~c`. */
function selection<T>(text: string, read: (item: string) => T | undefined, what: 'dnstype' | 'client') {
  const only: T[] = []
  const not: T[] = []
  for (const item of split(text, '|')) {
    const negated = item.startsWith('~')
    const value = read(negated ? item.slice(1) : item)
    if (value === undefined) return reject(`${what} with what is none`)
    ;(negated ? not : only).push(value)
  }
  if (only.length + not.length === 0 || only.length + not.length > CONDITION_ITEMS_MAX) {
    return reject(`${what} without values, or with too many`)
  }
  return what === 'dnstype' ? { types: { only, not } } : { clients: { only, not } }
}

/** The number of a type by its name, or as `TYPE65`; undefined where it is none. */
export function typeNumber(text: string): number | undefined {
  const name = text.trim().toUpperCase()
  if (Object.hasOwn(TYPE, name)) return TYPE[name as keyof typeof TYPE]
  const [, digits] = /^TYPE(\d{1,5})$/.exec(name) ?? []
  return digits !== undefined && Number(digits) < 65_536 ? Number(digits) : undefined
}

function clientPattern(text: string): ClientPattern | undefined {
  const name = text.trim().replace(/^(["'])(.*)\1$/s, '$2')
  if (name === '' || name.length > 256) return undefined
  const prefix = parsePrefix(name)
  return prefix === undefined ? { kind: 'name', name: name.toLowerCase() } : { kind: 'range', prefix }
}

/** Splits at a separator that stands neither in quotes nor behind a backslash; takes the backslashes away. */
function split(text: string, separator: ',' | '|'): string[] {
  const parts: string[] = []
  let part = ''
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    const next = text[at + 1]
    if (char === '\\' && next !== undefined && ',|"\''.includes(next)) {
      // A backslash before another separator than this one is left for the one who splits there.
      part += separator === ',' && next !== ',' ? char + next : next
      at++
    } else if (char === separator && quote === '') {
      parts.push(part)
      part = ''
    } else {
      if (quote === char) quote = ''
      else if (quote === '' && (char === '"' || char === "'") && /(^|[=|~])$/.test(part)) quote = char
      part += char
    }
  }
  return [...parts, part].filter((one) => one.trim() !== '')
}
