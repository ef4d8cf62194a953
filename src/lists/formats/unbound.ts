// Lines of an unbound configuration that block: `local-zone: "ads.example" always_null` for the name and everything under
// it, `local-data: "ads.example A 0.0.0.0"` for that name only. The rest is recognised and skipped.
import { addressBytes, scopeOf } from '../../base/address.ts'
import { type Name, nameFromWire } from '../../base/name.ts'
import { TYPE } from '../../base/question.ts'
import { conditional, NODATA } from '../../policy/rule.ts'
import {
  BLANK,
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

/** Starts reading a file. */
export function unbound(): ReadLine {
  /** The last zone whose data are for all names in it. */
  let redirected: Name | undefined
  return (bytes, from, to, sink) => {
    const end = wordEnd(bytes, from, to)
    const colon = bytes.subarray(from, Math.min(to, from + 40)).indexOf(COLON)
    if (colon <= 0 || from + colon >= end) return NOT_OURS
    const key = textOf(bytes, from, from + colon)
    const start = skipBlanks(bytes, from + colon + 1, to)
    if (key === 'local-zone') {
      const zone = localZone(bytes, start, to, sink)
      if (zone.redirects) redirected = nameFromWire(sink.wire, 0)
      return zone.end
    }
    if (key === 'local-data') return localData(textOf(bytes, start, to), redirected, sink)
    if (SECTIONS.has(key) && start === to) return BLANK
    return KEYS.test(key) ? (key === 'local-data-ptr' ? skipped.record : skipped.option) : NOT_OURS
  }
}

/** Zone types that give no answer from outside, and those that do. The rest changes nothing for a list. */
const BLOCKING =
  /^(always_null|always_nxdomain|always_nodata|always_refuse|always_deny|static|redirect|refuse|deny|inform_deny|inform_redirect)$/
const ALLOWING = /^(always_transparent|transparent|typetransparent)$/
const NEITHER = /^(nodefault|inform|noview|ipset|truncate)$/

function localZone(bytes: Uint8Array, from: number, to: number, sink: RuleSink): { end: LineEnd; redirects?: boolean } {
  const quoted = bytes[from] === 0x22 || bytes[from] === 0x27
  const start = quoted ? from + 1 : from
  const stop = quoted ? bytes.indexOf(bytes[from] as number, start) : wordEnd(bytes, start, to)
  if (stop < 0 || stop > to) return { end: { kind: 'rejected', why: 'a quote that does not end' } }
  const [type = ''] = textOf(bytes, quoted ? stop + 1 : stop, to)
    .trim()
    .split(/[\s#]/)
  const blocks = BLOCKING.test(type)
  if (blocks || ALLOWING.test(type)) {
    const taken = takeName(bytes, start, stop, !blocks, true, sink)
    const end: LineEnd = taken ?? { kind: 'rejected', why: nameFault(bytes, start, stop) }
    return { end, redirects: taken === RULES && /redirect$/.test(type) }
  }
  if (/^block_a(aaa)?$/.test(type)) return { end: withoutType(textOf(bytes, start, stop), type, sink) }
  if (NEITHER.test(type)) return { end: skipped.option }
  return { end: { kind: 'rejected', why: 'an unknown type of local-zone' } }
}

function withoutType(text: string, type: string, sink: RuleSink): LineEnd {
  const name = canonicalName(text)
  if (name === undefined) return { kind: 'rejected', why: 'not a domain name' }
  const types = { only: [type === 'block_a' ? TYPE.A : TYPE.AAAA], not: [] }
  sink.conditional(conditional({ kind: 'name', name, covers: 'tree' }, NODATA, { types }))
  return RULES
}

/** `"name [ttl] [IN] TYPE data"`. */
function localData(text: string, redirected: Name | undefined, sink: RuleSink): LineEnd {
  const inner = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'|^([^"'].*)/.exec(text)
  const words =
    (inner?.[1] ?? inner?.[2] ?? inner?.[3] ?? '').replaceAll('\\"', '"').match(/"[^"]*"|'[^']*'|\S+/g) ?? []
  const [owner = '', ...rest] = words
  while (/^(\d+[smhdw]?|in)$/i.test(rest[0] ?? '')) rest.shift()
  const [type = '', ...data] = rest
  if (writeName(owner, sink.wire) <= 0) return { kind: 'rejected', why: 'no name at the start of the data' }
  const name = nameFromWire(sink.wire, 0)
  const record = readRecord(
    type,
    data.map((word) => word.replace(/^(["'])(.*)\1$/, '$2')),
  )
  if (record === undefined) return { kind: 'rejected', why: 'data that do not fit their type' }
  if (record === 'unknown') return skipped.record
  if (isOwnName(name)) return skipped.own
  const scope = 'address' in record ? scopeOf(addressBytes(record.address) as Uint8Array) : 'global'
  if (scope === 'unspecified' || scope === 'loopback') sink.rule(false, false)
  else {
    const target = { kind: 'name', name, covers: name === redirected ? 'tree' : 'name' } as const
    sink.conditional(conditional(target, { kind: 'records', records: [record] }))
  }
  return RULES
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
  /^(local-data-ptr|local-zone-tag|local-zone-override|include|include-toplevel|access-control(-view|-tag)?|view-first|name|define-tag|do-not-query-localhost|interface|port|verbosity|forward-addr|private-(address|domain)|domain-insecure)$/
