// Lines of an unbound configuration that block: `local-zone: "ads.example" always_null` for the name and everything under
// it, `local-data: "ads.example A 0.0.0.0"` for that name only. The rest is recognised and skipped.
import { addressBytes, scopeOf } from '../../base/address.ts'
import { type Name, nameFromWire } from '../../base/name.ts'
import { TYPE } from '../../base/question.ts'
import { BLOCK, conditional, NODATA, type RuleAction } from '../../policy/rule.ts'
import {
  BLANK,
  isRestIdle,
  type LineEnd,
  NOT_OURS,
  type ReadLine,
  RULES,
  type RuleSink,
  skipBlanks,
  skipped,
  wordEnd,
} from '../line.ts'
import { canonicalName, isOwnName, nameFault, takeName, textOf, writeName } from '../name-bytes.ts'
import { readRecord } from '../record-text.ts'

const COLON = 0x3a
const DASH = 0x2d

/** What was said of zones before, as far as it changes what data in them mean. */
interface Zones {
  /** The last zone whose data are for all names in it. */
  redirected: Name | undefined
  /** Zones that are as if there were none, but for data of their own. */
  readonly open: Set<Name>
}

/** Zones that are remembered as open. */
const OPEN_MAX = 10_000

/** Starts reading a file. */
export function unbound(): ReadLine {
  const zones: Zones = { redirected: undefined, open: new Set() }
  /** `left`: so many options may still stand in the line. */
  const read = (bytes: Uint8Array, from: number, to: number, sink: RuleSink, left: number): LineEnd => {
    const end = wordEnd(bytes, from, to)
    const colon = bytes.subarray(from, Math.min(to, from + 40)).indexOf(COLON)
    if (colon <= 0 || from + colon >= end) return NOT_OURS
    const key = textOf(bytes, from, from + colon)
    const start = skipBlanks(bytes, from + colon + 1, to)
    if (SECTIONS.has(key)) return isRestIdle(bytes, start, to) ? BLANK : more(bytes, start, to, sink, left)
    if (key !== 'local-zone' && key !== 'local-data') {
      if (key === 'local-data-ptr') return skipped.record
      return KEYS.test(key) || VALUES.test(textOf(bytes, start, Math.min(to, start + 80))) ? skipped.option : NOT_OURS
    }
    const next = nextOf(bytes, start, to)
    const took =
      key === 'local-zone'
        ? localZone(bytes, start, next, sink, zones, next < to)
        : localData(textOf(bytes, start, next), zones, sink)
    if (next === to) return took
    const rest = more(bytes, next, to, sink, left)
    return rest.kind === 'rejected' || (rest === RULES && took.kind !== 'rejected') ? rest : took
  }
  const more = (bytes: Uint8Array, from: number, to: number, sink: RuleSink, left: number): LineEnd =>
    left > 0 ? read(bytes, from, to, sink, left - 1) : TOO_MANY
  return (bytes, from, to, sink) => read(bytes, from, to, sink, OPTIONS_MAX)
}

/** Further options in one line. */
const OPTIONS_MAX = 8
const TOO_MANY: LineEnd = Object.freeze({ kind: 'rejected', why: `more than ${OPTIONS_MAX + 1} options in one line` })

/** Where the next option of the same line starts, `local-zone: "x" redirect local-data: "x A 192.0.2.7"`; or `to`. */
function nextOf(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] !== COLON || bytes[at - 5] !== DASH) continue
    const key = /(^|\s)local-(zone|data)$/.exec(textOf(bytes, Math.max(from, at - 15), at))
    if (key !== null) return at - key[0].trimStart().length
  }
  return to
}

/** Zone types that give no answer from outside, and those that do. The rest changes nothing for a list. */
const BLOCKING =
  /^(always_null|always_nxdomain|always_nodata|always_refuse|always_deny|static|redirect|refuse|deny|inform_deny|inform_redirect)$/
const ALLOWING = /^(always_transparent|transparent|typetransparent)$/
const NEITHER = /^(nodefault|inform|noview|ipset|truncate)$/

/** `more`: data follow in the same line. */
function localZone(bytes: Uint8Array, from: number, to: number, sink: RuleSink, zones: Zones, more: boolean): LineEnd {
  const quoted = bytes[from] === 0x22 || bytes[from] === 0x27
  const start = quoted ? from + 1 : from
  const stop = quoted ? bytes.indexOf(bytes[from] as number, start) : wordEnd(bytes, start, to)
  if (stop < 0 || stop > to) return { kind: 'rejected', why: 'a quote that does not end' }
  const type = /^\s*["']?([^\s"'#]*)/.exec(textOf(bytes, quoted ? stop + 1 : stop, to))?.[1] ?? ''
  const blocks = BLOCKING.test(type)
  // An open zone in a line with its data is there for these.
  if (type.endsWith('transparent') && more) return skipped.option
  if (blocks || ALLOWING.test(type)) {
    const taken = takeName(bytes, start, stop, !blocks, true, sink)
    if (taken === RULES && /redirect$/.test(type)) zones.redirected = nameFromWire(sink.wire, 0)
    if (taken === RULES && /^(type)?transparent$/.test(type) && zones.open.size < OPEN_MAX) {
      zones.open.add(nameFromWire(sink.wire, 0))
    }
    return taken ?? { kind: 'rejected', why: nameFault(bytes, start, stop) }
  }
  if (/^block_a(aaa)?$/.test(type)) return withoutType(textOf(bytes, start, stop), type, sink)
  if (NEITHER.test(type)) return skipped.option
  return { kind: 'rejected', why: 'an unknown type of local-zone' }
}

function withoutType(text: string, type: string, sink: RuleSink): LineEnd {
  const name = canonicalName(text)
  if (name === undefined) return { kind: 'rejected', why: 'not a domain name' }
  const types = { only: [type === 'block_a' ? TYPE.A : TYPE.AAAA], not: [] }
  sink.conditional(conditional({ kind: 'name', name, covers: 'tree' }, NODATA, { types }))
  return RULES
}

/** `"name [ttl] [IN] TYPE data"`. */
function localData(text: string, { redirected, open }: Zones, sink: RuleSink): LineEnd {
  const inner = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'|^([^"'].*)/.exec(text)
  const words =
    (inner?.[1] ?? inner?.[2] ?? inner?.[3] ?? '').replaceAll('\\"', '"').match(/"[^"]*"|'[^']*'|\S+/g) ?? []
  const [owner = '', ...rest] = words
  while (/^(\d+[smhdw]?|in)$/i.test(rest[0] ?? '')) rest.shift()
  const [type = '', ...data] = rest
  if (writeName(owner, sink.wire) <= 0) return { kind: 'rejected', why: 'no name at the start of the data' }
  const name = nameFromWire(sink.wire, 0)
  const action = actionOf(
    type,
    data.map((word) => word.replace(/^(["'])(.*)\1$/, '$2')),
  )
  if (action === undefined) return { kind: 'rejected', why: 'data that do not fit their type' }
  if (action === 'unknown') return skipped.record
  if (isOwnName(name)) return skipped.own
  // The zone is open but for its data: they go before what it allows.
  const important = open.size > 0 && isWithin(name, open)
  if (action === BLOCK && !important) sink.rule(false, false)
  else {
    const target = { kind: 'name', name, covers: name === redirected ? 'tree' : 'name' } as const
    sink.conditional(conditional(target, action, { important }))
  }
  return RULES
}

function actionOf(type: string, data: readonly string[]): RuleAction | 'unknown' | undefined {
  if (type.toUpperCase() === 'CNAME') {
    const target = canonicalName(data[0] ?? '')
    return target === undefined || data.length > 1 ? undefined : { kind: 'alias', target, prepend: false }
  }
  const record = readRecord(type, data)
  if (record === undefined || record === 'unknown') return record
  const scope = 'address' in record ? scopeOf(addressBytes(record.address) as Uint8Array) : 'global'
  return scope === 'unspecified' || scope === 'loopback' ? BLOCK : { kind: 'records', records: [record] }
}

/** Whether a name is one of these zones or lies in one. */
function isWithin(name: Name, zones: ReadonlySet<Name>): boolean {
  for (let rest = name; ; rest = rest.slice(rest.indexOf('.') + 1)) {
    if (zones.has(rest)) return true
    if (!rest.includes('.')) return false
  }
}

const SECTIONS = new Set([
  'server',
  'view',
  'forward-zone',
  'stub-zone',
  'auth-zone',
  'rpz',
  'remote-control',
  'python',
])

/** Other options of unbound.conf(5) that stand beside zones in published files. */
const KEYS =
  /^(local-zone-tag|local-zone-override|include|include-toplevel|access-control(-view|-tag)?|view-first|name|define-tag|do-not-query-localhost|interface|port|verbosity|forward-addr|private-(address|domain)|domain-insecure)$/
/** Values that options of every other name have: `hide-version: yes`, `num-threads: 2`, `msg-cache-size: 50m`, paths. */
const VALUES = /^("[^"]*"|yes|no|\d+[kmg]?|\/\S*)\s*(#.*)?$/i
