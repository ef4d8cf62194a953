// Adblock rules as far as they are about names: `||x^` with everything under it, `|x^` that name only, a plain name that
// name only, patterns with `*`, regular expressions; `@@` makes an exception. What is for browsers is skipped by kind.
import { parsePrefix } from '../../base/address.ts'
import { type Name, nameFromWire } from '../../base/name.ts'
import {
  ALLOW,
  BLOCK,
  type ConditionalRule,
  type Coverage,
  conditional,
  kindOfRule,
  type RuleAction,
  ruleKey,
  type Target,
} from '../../policy/rule.ts'
import {
  BLANK,
  isRestIdle,
  type LineEnd,
  NOT_OURS,
  type ReadLine,
  RULES,
  type RuleSink,
  skipped,
  wordEnd,
} from '../line.ts'
import { ADDRESS, isOwnName, NO_NAME, nameFault, takeName, textOf, writeName } from '../name-bytes.ts'
import { type RuleOptions, readOptions } from './adblock-options.ts'
import { patternOf, takePattern } from './regex.ts'

const BAR = 0x7c
const AT = 0x40
const CARET = 0x5e
const DOLLAR = 0x24
const HASH = 0x23
const DOT = 0x2e
const OPEN = 0x5b

export const adblock: ReadLine = (bytes, from, to, sink) => {
  const first = bytes[from]
  const exception = first === AT && bytes[from + 1] === AT
  const start = exception ? from + 2 : from
  if (bytes[start] === BAR && bytes[start + 1] === BAR && bytes[to - 1] === CARET) {
    // Most lines of a list for resolvers: nothing but a name.
    const taken = bytes[to - 2] === DOT ? undefined : takeName(bytes, start + 2, to - 1, exception, true, sink)
    if (taken !== undefined && taken !== skipped.address) return taken
  }
  if (first === OPEN && bytes[to - 1] === 0x5d) return BLANK
  if (bytes[start] !== BAR && !exception) {
    if (isCosmetic(bytes, from, to)) return skipped.cosmetic
    const taken = plain(bytes, from, to, sink)
    if (taken !== NOT_OURS) return taken
  }
  return readRule(textOf(bytes, start, to), exception, sink)
}

/** A rule of any kind, without its `@@`. */
function readRule(text: string, exception: boolean, sink: RuleSink): LineEnd {
  const regex = /^\/(.+)\/(?:\$(.*))?$/s.exec(text)
  if (regex !== null) {
    const options = readOptions(regex[2] ?? '')
    return 'kind' in options ? options : takeRegex(regex[1] as string, options, exception, sink)
  }
  const parts = /^(\|\|?)?([^$^|/]*)(\^?\|?)(?:\$(.*)|(!.*|\s+[#!].*))?$/s.exec(text)
  if (parts === null) return otherThanName(text, exception)
  const [, bars = '', name = '', ending = '', optionText = ''] = parts
  if (/[\s\x7f]/.test(name)) return bars === '' ? NOT_OURS : BLANK_INSIDE
  // `ads.example^` is what ends so; without the hat, and without an option, it is no rule of this format.
  const ends = ending === '^' && /^[\p{L}\p{N}][^*]*\./u.test(name)
  if (bars === '' && optionText === '' && !ends) return exception ? plainException(name, ending, sink) : NOT_OURS
  const options = readOptions(optionText.replace(REMARK, ''))
  if ('kind' in options) return options
  const found = targetOf(bars, name, ending)
  if ('end' in found) return found.end
  const { target } = found
  if (target.kind === 'regex') return takeRegex(target.pattern, options, exception, sink)
  return take(target, options, exception, sink)
}

/** What some write behind a rule. Values in quotes may have it, too. */
const REMARK = /\s+#\s[^'"]*$/

/** What a rule is about, or how its line ends. */
type Found = { readonly target: Target } | { readonly end: LineEnd }

/** What a rule is about: a name where it is written out and has an end, else a pattern. */
function targetOf(bars: string, name: string, ending: string): Found {
  if (name === '' && bars !== '') return { end: reject('not a domain name') }
  if (/^\**$/.test(name)) return { target: { kind: 'any' } }
  const below = /^\*\.([^*]+)$/.exec(name)?.[1]
  if (bars !== '' && ending !== '') {
    const prefix = parsePrefix(name.replace(/^\[(.*)\]$/, '$1'))
    if (prefix !== undefined) return { target: { kind: 'address', prefix } }
  }
  if (/[:?=&,~!#%@"'();<>]/.test(name)) return { end: skipped.url }
  if (name.startsWith('.') || name.endsWith('.')) {
    if (ending.includes('^') || !/[a-z]/i.test(name)) return { end: skipped.pattern }
  } else if (bars !== '' && ending !== '') {
    if (below !== undefined) return nameTarget(below, 'below')
    if (!name.includes('*')) return nameTarget(name, bars === '||' ? 'tree' : 'name')
  }
  if (/[^\w.*-]/.test(name) || /\.\./.test(name)) return { end: skipped.pattern }
  if (!/[a-z]/i.test(name)) return { end: skipped.address }
  const start = bars === '||' ? '(^|\\.)' : bars === '|' ? '^' : ''
  return { target: { kind: 'regex', pattern: `${start}${patternOf(name)}${ending === '' ? '' : '$'}` } }
}

function nameTarget(text: string, covers: Coverage): Found {
  const wire = new Uint8Array(256)
  const labels = writeName(text, wire)
  const bytes = Buffer.from(text)
  if (labels === NO_NAME) return { end: reject(nameFault(bytes, 0, bytes.length)) }
  if (labels === ADDRESS) return { end: skipped.address }
  const name: Name = nameFromWire(wire, 0)
  if (isOwnName(name)) return { end: skipped.own }
  if (labels === 1 && covers === 'name') return { end: skipped['single-label'] }
  return { target: { kind: 'name', name, covers } }
}

const reject = (why: string): LineEnd => ({ kind: 'rejected', why })

/** What a rule does: its own answer, or what its kind does. */
function actionOf({ rewrite }: RuleOptions, exception: boolean): RuleAction | undefined {
  if (rewrite === undefined) return exception ? ALLOW : BLOCK
  if (exception) return { kind: 'no-rewrite', only: rewrite === 'every' ? undefined : rewrite }
  return rewrite === 'every' ? undefined : rewrite
}

function take(target: Target, options: RuleOptions, exception: boolean, sink: RuleSink): LineEnd {
  const action = actionOf(options, exception)
  if (action === undefined) return reject('a dnsrewrite without an answer')
  const rule = conditional(target, action, options)
  // Everything, without a condition: no list means that.
  if (target.kind === 'any' && isSame(rule, conditional(target, action))) return skipped.pattern
  if (kindOfRule(rule) !== undefined || target.kind !== 'name') sink.conditional(rule)
  else {
    writeName(target.name, sink.wire)
    sink.rule(exception, target.covers === 'tree')
  }
  return RULES
}

const isSame = (one: ConditionalRule, other: ConditionalRule): boolean => ruleKey(one) === ruleKey(other)

function takeRegex(pattern: string, options: RuleOptions, exception: boolean, sink: RuleSink): LineEnd {
  const action = actionOf(options, exception)
  if (action === undefined) return reject('a dnsrewrite without an answer')
  const everything = /^\^?(\.[*+])?\$?$/.test(pattern)
    ? take({ kind: 'any' }, options, exception, sink)
    : skipped.pattern
  if (everything !== skipped.pattern) return everything
  return takePattern(pattern, sink, (text) => conditional({ kind: 'regex', pattern: text }, action, options))
}

/** `@@ads.example`: that name only. With anything more it is about URLs. */
function plainException(text: string, ending: string, sink: RuleSink): LineEnd {
  const bytes = Buffer.from(text)
  if (ending !== '' || !/^[\p{L}\p{N}]/u.test(text)) return skipped.url
  return takeName(bytes, 0, bytes.length, true, false, sink) ?? skipped.url
}

/** What a rule is about that is not about whole names. */
function otherThanName(text: string, exception: boolean): LineEnd {
  if (/^\|\|?[^$^|/]*[\s\x7f]/.test(text) && !text.includes('$')) return BLANK_INSIDE
  const options = /\$([^$/]+)$/.exec(text)
  const name = /^\|\|?[\w.-]*\^\|?\$/.test(text)
  if (options !== null && name) return skipped.modifier
  return text.startsWith('|') || exception ? skipped.url : NOT_OURS
}

const BLANK_INSIDE: LineEnd = Object.freeze({
  kind: 'rejected',
  why: 'a blank or a control character in the middle of the rule',
})

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
