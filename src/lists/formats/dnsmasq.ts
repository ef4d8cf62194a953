// Lines of a dnsmasq configuration that block: `address=/ads.example/#`, `local=/ads.example/`. Each is for the name and
// everything under it. The rest of such a configuration is recognised and skipped.
import { addressBytes, parsePrefix, scopeOf } from '../../base/address.ts'
import { nameFromWire } from '../../base/name.ts'
import { conditional, NXDOMAIN, type RuleAction } from '../../policy/rule.ts'
import { isBlank, type LineEnd, NOT_OURS, type ReadLine, RULES, type RuleSink, skipBlanks, skipped } from '../line.ts'
import { isOwnName, nameFault, readName, takeName, textOf } from '../name-bytes.ts'
import { recordOf } from '../record-text.ts'
import { isTooWide, TOO_WIDE } from './ip.ts'
import { patternOf, takePattern } from './regex.ts'

const SLASH = 0x2f
const EQUALS = 0x3d
const HASH = 0x23
const STAR = 0x2a
const DOT = 0x2e

export const dnsmasq: ReadLine = (bytes, from, end, sink) => {
  const equals = bytes.subarray(from, Math.min(end, from + 32)).indexOf(EQUALS)
  if (equals < 0) return NOT_OURS
  const key = textOf(bytes, from, from + equals)
    .replace(/^--/, '')
    .trimEnd()
  if (!/^[a-z6-]+$/.test(key) || !(KEYS.has(key) || key.startsWith('dhcp-'))) return NOT_OURS
  const to = withoutRemark(bytes, from + equals + 1, end)
  const start = skipBlanks(bytes, from + equals + 1, to)
  if (key === 'bogus-nxdomain') return bogus(textOf(bytes, start, to), sink)
  if (key === 'host-record') return hostRecord(textOf(bytes, start, to), sink)
  if (key !== 'address' && key !== 'server' && key !== 'local')
    return RECORDS.has(key) ? skipped.record : skipped.option
  if (bytes[start] !== SLASH) return key === 'server' ? skipped.forward : skipped.option
  const close = bytes.lastIndexOf(SLASH, to - 1)
  const what = meaning(key, textOf(bytes, close + 1, to))
  return typeof what === 'string' || 'records' in what ? takeNames(bytes, start, close, what, sink) : what
}

/** The end of a line without the remark behind it: `#` after a blank begins one, and `/#` does not. */
function withoutRemark(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (bytes[at] !== HASH || !isBlank(bytes[at - 1])) continue
    while (at > from && isBlank(bytes[at - 1])) at--
    return at
  }
  return to
}

/** What the names of a line get. */
type Meaning = 'block' | 'allow' | Extract<RuleAction, { kind: 'records' }>

function meaning(key: 'address' | 'server' | 'local', value: string): Meaning | LineEnd {
  if (key === 'address') {
    if (value === '' || value === '#') return 'block'
    const record = recordOf(value)
    if (record === undefined || !('address' in record))
      return { kind: 'rejected', why: 'what follows the names is no address' }
    const scope = scopeOf(addressBytes(record.address) as Uint8Array)
    return scope === 'unspecified' || scope === 'loopback' ? 'block' : { kind: 'records', records: [record] }
  }
  if (value === '') return 'block'
  // "Use the standard servers", inside a domain that is treated otherwise.
  return value === '#' ? 'allow' : skipped.forward
}

/** Takes the names between the slashes at `from` and `to`. */
function takeNames(bytes: Uint8Array, from: number, to: number, what: Meaning, sink: RuleSink): LineEnd {
  let result: LineEnd | undefined
  for (let at = from + 1; at <= to; ) {
    const end = Math.min(to, bytes.indexOf(SLASH, at))
    const taken = takeOne(bytes, at, end, what, sink)
    if (result === undefined || taken.kind === 'rejected' || (taken === RULES && result.kind === 'skipped'))
      result = taken
    at = end + 1
  }
  return result ?? { kind: 'rejected', why: 'no name between the slashes' }
}

function takeOne(bytes: Uint8Array, from: number, to: number, what: Meaning, sink: RuleSink): LineEnd {
  // `//` is for names of one label; dots in front of a name say what is so anyway.
  if (from === to) return skipped['single-label']
  while (bytes[from] === DOT && from + 1 < to) from++
  const first = bytes[from]
  if (what === 'block' && first !== STAR && first !== HASH)
    return takeName(bytes, from, to, false, true, sink) ?? fault(bytes, from, to)
  if (what === 'allow' && first !== STAR && first !== HASH)
    return takeName(bytes, from, to, true, true, sink) ?? fault(bytes, from, to)
  const action: RuleAction = typeof what === 'string' ? { kind: what } : what
  if (first === HASH && to === from + 1) {
    sink.conditional(conditional({ kind: 'any' }, action))
    return RULES
  }
  if (first === STAR && bytes[from + 1] !== DOT) {
    // `*ads.example` matches badads.example too.
    const make = (pattern: string) => conditional({ kind: 'regex', pattern }, action)
    return takePattern(`${patternOf(textOf(bytes, from + 1, to))}$`, sink, make)
  }
  const start = first === STAR ? from + 2 : from
  if (readName(bytes, start, to, sink.wire) <= 0) return fault(bytes, start, to)
  const name = nameFromWire(sink.wire, 0)
  if (isOwnName(name)) return skipped.own
  sink.conditional(conditional({ kind: 'name', name, covers: first === STAR ? 'below' : 'tree' }, action))
  return RULES
}

const fault = (bytes: Uint8Array, from: number, to: number): LineEnd => ({
  kind: 'rejected',
  why: nameFault(bytes, from, to),
})

/** `bogus-nxdomain=192.0.2.1`: an answer with this address becomes "no such name". */
function bogus(text: string, sink: RuleSink): LineEnd {
  const prefix = parsePrefix(text.trim())
  if (prefix === undefined) return { kind: 'rejected', why: 'not an address' }
  if (isTooWide(prefix)) return TOO_WIDE
  sink.conditional(conditional({ kind: 'address', prefix }, NXDOMAIN))
  return RULES
}

/** `host-record=ads.example,0.0.0.0,::`: that name only, as from a hosts file. With a real address it is a record of a house. */
function hostRecord(text: string, sink: RuleSink): LineEnd {
  const words = text.split(',').map((word) => word.trim())
  const addresses = words.flatMap((word) => addressBytes(word) ?? [])
  const sinks = addresses.every((bytes) => ['unspecified', 'loopback'].includes(scopeOf(bytes)))
  if (addresses.length === 0 || !sinks) return skipped.record
  let result: LineEnd = skipped.record
  for (const word of words) {
    if (addressBytes(word) !== undefined || /^\d+$/.test(word)) continue
    const bytes = Buffer.from(word)
    const taken = takeName(bytes, 0, bytes.length, false, false, sink) ?? fault(bytes, 0, bytes.length)
    if (result !== RULES) result = taken
  }
  return result
}

/** Lines that give records of a house. */
const RECORDS = new Set([
  'cname',
  'host-record',
  'txt-record',
  'ptr-record',
  'srv-host',
  'mx-host',
  'naptr-record',
  'dns-rr',
])

/** The options of dnsmasq that stand in the files that people publish or keep (dnsmasq(8)). */
const KEYS = new Set([
  ...RECORDS,
  ...['address', 'server', 'local', 'bogus-nxdomain', 'ignore-address', 'rev-server', 'ipset', 'nftset'],
  ...['addn-hosts', 'conf-file', 'conf-dir', 'resolv-file', 'hostsdir', 'listen-address', 'interface', 'port', 'alias'],
  ...['except-interface', 'cache-size', 'domain', 'rebind-domain-ok', 'log-facility', 'user', 'group', 'min-cache-ttl'],
  ...['max-cache-ttl', 'local-ttl', 'max-ttl', 'neg-ttl', 'auth-ttl', 'edns-packet-max', 'dns-forward-max'],
])
