// Response policy zones: a zone file whose owner names are what to look for and whose records are what to do
// (draft-vixie-dnsop-dns-rpz-00). A name is that name only; `*.x` is what lies under it, without the name itself.
import { parsePrefix } from '../../base/address.ts'
import type { Name } from '../../base/name.ts'
import { conditional, NODATA, NXDOMAIN, type RuleAction, type Target } from '../../policy/rule.ts'
import { BLANK, isBlank, type LineEnd, NOT_OURS, type ReadLine, RULES, type RuleSink, skipped } from '../line.ts'
import { isOwnName, textOf, writeName } from '../name-bytes.ts'
import { readRecord } from '../record-text.ts'
import { isTooWide, TOO_WIDE } from './ip.ts'
import { type ZoneNames, zoneNames } from './zone-names.ts'

/** Starts reading a zone. `sure`: this is one, so that what cannot be read is told; else such lines are not ours. */
export function rpz(sure: boolean): ReadLine {
  const names = zoneNames()
  const words: string[] = []
  let depth = 0
  /** The name of the record before, for those that name none; and the last one that a plain rule was taken for. */
  let owner: Name | undefined
  let plain: Name | undefined

  const record = (tokens: string[], sink: RuleSink): LineEnd => {
    const first = tokens.shift() as string
    if (/^(\d+[smhdw]?)+$/i.test(tokens[0] ?? '')) tokens.shift()
    if (/^(in|ch|hs)$/i.test(tokens[0] ?? '')) tokens.shift()
    if (/^(\d+[smhdw]?)+$/i.test(tokens[0] ?? '')) tokens.shift()
    const type = (tokens.shift() ?? '').toUpperCase()
    if (!TYPES.has(type)) return sure ? reject('a line that is no record') : NOT_OURS
    if (first !== '') owner = names.trigger(first)
    if (type === 'SOA') names.setApex(first)
    if (SIGNING.has(type) || type === 'SOA' || owner === '') return BLANK
    if (owner === undefined) return reject('a name outside of the zone')
    const action = actionOf(type, tokens, names)
    if (action === undefined) return sure ? reject('data that do not fit their type') : NOT_OURS
    if (action === 'unknown') return skipped.record
    const end = take(owner, action, plain, sink)
    plain = end === RULES && action === NXDOMAIN ? owner : undefined
    return end
  }

  return (bytes, from, to, sink) => {
    const text = textOf(bytes, from, to)
    const directive = /^\$(TTL|ORIGIN|INCLUDE|GENERATE)(?:\s+(\S+))?/i.exec(text)
    if (directive !== null && depth === 0) {
      sure = true
      if (directive[1]?.toUpperCase() === 'ORIGIN') names.setOrigin(directive[2] ?? '')
      return /^\$[ig]/i.test(text) ? skipped.option : BLANK
    }
    // Blanks at the start are cut off by then; they say that the record belongs to the name before.
    if (depth === 0) words.push(...(from > 0 && isBlank(bytes[from - 1]) ? [''] : []))
    for (const [token] of text.matchAll(TOKENS)) {
      if (token.startsWith(';')) break
      if (token === '(') depth++
      else if (token === ')') depth = Math.max(0, depth - 1)
      else words.push(token)
    }
    if (depth > 0 && !sure) {
      // Only a zone has records over several lines; its SOA record shows that it is one.
      sure = words.some((word) => /^soa$/i.test(word))
      if (!sure) {
        depth = words.length = 0
        return NOT_OURS
      }
    }
    if (depth > 0 && words.length <= WORDS_MAX) return BLANK
    depth = 0
    const tokens = words.splice(0)
    return tokens.length === 0 || (tokens.length === 1 && tokens[0] === '') ? BLANK : record(tokens, sink)
  }
}

/** Quoted text, a bracket, a comment, or a word. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[()]|;.*|(?:[^\s();"\\]|\\.)+/g
/** Words of one record; one that has more has lost its closing bracket. */
const WORDS_MAX = 256

const reject = (why: string): LineEnd => ({ kind: 'rejected', why })

/** Types that belong to the zone itself when it is signed. */
const SIGNING = new Set(['RRSIG', 'DNSKEY', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'CDS', 'CDNSKEY', 'ZONEMD', 'TYPE65534'])
const TYPES = new Set([
  ...SIGNING,
  ...[
    'SOA',
    'CNAME',
    'A',
    'AAAA',
    'PTR',
    'NS',
    'TXT',
    'MX',
    'SRV',
    'DNAME',
    'NAPTR',
    'CAA',
    'HINFO',
    'DS',
    'TLSA',
    'SSHFP',
  ],
  ...['SVCB', 'HTTPS', 'SPF', 'LOC', 'RP', 'URI'],
])

/** What a record of the zone says is to be done (draft §3). */
function actionOf(type: string, data: readonly string[], names: ZoneNames): RuleAction | 'unknown' | undefined {
  if (type !== 'CNAME') {
    const record = readRecord(type, data.map(unquoted), names.target)
    return record === undefined || record === 'unknown' ? record : { kind: 'records', records: [record] }
  }
  const [target = '', ...more] = data
  if (more.length > 0) return undefined
  if (target === '.') return NXDOMAIN
  if (target === '*.') return NODATA
  const special = /^rpz-(passthru|drop|tcp-only)\.?$/i.exec(target)
  if (special !== null) return { kind: (special[1] as string).toLowerCase() as 'passthru' | 'drop' | 'tcp-only' }
  const prepend = target.startsWith('*.')
  const name = names.target(prepend ? target.slice(2) : target)
  return name === undefined ? undefined : { kind: 'alias', target: name, prepend }
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/s, '$1').replace(/\\(\D)/g, '$1')

/** Takes the rule for an owner name; as a plain one where the name, or the name and all under it, does not exist. */
function take(owner: Name, action: RuleAction, before: Name | undefined, sink: RuleSink): LineEnd {
  const address = /^(.+)\.rpz-(client-ip|ip)$/.exec(owner)
  if (address !== null) return takeAddress(address[1] as string, address[2] === 'ip', action, sink)
  if (/(^|\.)rpz-(nsip|nsdname)$/.test(owner)) return skipped.nameserver
  if (owner === '*') {
    sink.conditional(conditional({ kind: 'any' }, action))
    return RULES
  }
  const below = owner.startsWith('*.')
  const labels = writeName(below ? owner.slice(2) : owner, sink.wire)
  if (labels <= 0) return labels < 0 ? skipped.address : reject('not a domain name')
  const name = below ? owner.slice(2) : owner
  if (isOwnName(name)) return skipped.own
  // Mostly a zone has `x` and then `*.x`: together they are what a plain rule for `x` and all under it says.
  if (action === NXDOMAIN && (!below || name === before)) sink.rule(false, below)
  else sink.conditional(conditional({ kind: 'name', name, covers: below ? 'below' : 'name' }, self(action, owner)))
  return RULES
}

/** The old way to say passthru: an alias of the name to itself. */
const self = (action: RuleAction, owner: Name): RuleAction =>
  action.kind === 'alias' && !action.prepend && action.target === owner ? { kind: 'passthru' } : action

/** `24.0.2.0.192.rpz-ip`, `48.zz.101.db8.2001.rpz-ip`: the prefix length, then the address from its end (draft §4.3). */
function takeAddress(text: string, inAnswers: boolean, action: RuleAction, sink: RuleSink): LineEnd {
  const [bits, ...parts] = text.split('.')
  const reversed = parts.reverse()
  const address =
    parts.length === 4 && !parts.includes('zz') ? reversed.join('.') : reversed.join(':').replace('zz', '')
  const prefix = parsePrefix(`${address.replace(/^:(?!:)/, '::').replace(/([^:]):$/, '$1::')}/${bits}`)
  if (prefix === undefined) return reject('not an address')
  if (inAnswers && isTooWide(prefix)) return TOO_WIDE
  const target: Target = inAnswers ? { kind: 'address', prefix } : { kind: 'any' }
  const clients = inAnswers ? { only: [], not: [] } : { only: [{ kind: 'range', prefix } as const], not: [] }
  sink.conditional(conditional(target, action, { clients }))
  return RULES
}
