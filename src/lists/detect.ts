// Which format a line is read by: the one given for its list, or the one that fits. Knows no file.
import { adblock } from './formats/adblock.ts'
import { dnsmasq } from './formats/dnsmasq.ts'
import { domains } from './formats/domains.ts'
import { hosts } from './formats/hosts.ts'
import { ip } from './formats/ip.ts'
import { regex, regexOnly } from './formats/regex.ts'
import { rpz } from './formats/rpz.ts'
import { unbound } from './formats/unbound.ts'
import { wildcard } from './formats/wildcard.ts'
import {
  BLANK,
  type FormatName,
  isComment,
  isRestIdle,
  type LineEnd,
  NOT_OURS,
  type ReadLine,
  type RuleSink,
  skipped,
  wordEnd,
} from './line.ts'
import { isAddressWord, nameFault } from './name-bytes.ts'

/** Reads the lines of one list, one after the other. */
export interface LineReader {
  /** Reads a line without its blanks at the ends; it has at least one byte. Never `not-ours`. */
  readonly read: (bytes: Uint8Array, from: number, to: number, sink: RuleSink) => LineEnd
  /** The format that the last line which was no comment was read by. */
  readonly format: () => FormatName | undefined
}

/** What the entries of a JSON list may be. */
const ENTRY: readonly FormatName[] = ['domains', 'ip', 'wildcard', 'regex', 'adblock']

/**
 * In which order formats are tried, by the format of the line before: a list mostly goes on as it began, so the first
 * one tried mostly fits. No two formats read the same line as different rules, so the order changes no policy, but for
 * an address alone: among hosts lines it has lost its names, elsewhere it is a rule.
 */
const REST: readonly FormatName[] = ['wildcard', 'regex', 'adblock', 'dnsmasq', 'unbound', 'rpz']
const ORDER: Readonly<Record<FormatName, readonly FormatName[]>> = {
  domains: ['domains', 'ip', 'hosts', ...REST],
  hosts: ['hosts', 'domains', 'ip', ...REST],
  wildcard: ['wildcard', 'domains', 'ip', 'hosts', ...REST],
  adblock: ['ip', 'adblock', 'hosts', 'regex', 'dnsmasq', 'unbound', 'rpz'],
  dnsmasq: ['dnsmasq', 'domains', 'ip', 'hosts', ...REST],
  unbound: ['unbound', 'domains', 'ip', 'hosts', ...REST],
  rpz: ['rpz', 'domains', 'ip', 'hosts', ...REST],
  regex: ['regex', 'domains', 'ip', 'hosts', ...REST],
  ip: ['ip', 'domains', 'hosts', ...REST],
  json: ENTRY,
}

/** The same for lines that start with a star in a list for adblockers. */
const STARRED: readonly FormatName[] = ['wildcard', 'adblock']

const HASH = 0x23
const BANG = 0x21
const STAR = 0x2a
const DOLLAR = 0x24

/** Starts reading a list of the given format, or of whatever formats its lines have. */
export function lineReader(given: FormatName | 'auto'): LineReader {
  const readers: Readonly<Record<FormatName, ReadLine>> = {
    ...{ hosts, domains, wildcard, adblock, dnsmasq, ip },
    unbound: unbound(),
    rpz: rpz(given === 'rpz'),
    regex: given === 'regex' ? regexOnly : regex,
    json: (bytes, from, to, sink) => anyOf(ENTRY, bytes, from, to, sink)?.end ?? NOT_OURS,
  }
  let last = given === 'auto' ? undefined : given
  /**
   * Whether this is a list for adblockers: it starts with a `!` comment or has had an adblock rule. From then on a line
   * that starts with a dot or a dash is part of a URL there and no name.
   */
  let adblocking = given === 'adblock'

  const anyOf = (order: readonly FormatName[], bytes: Uint8Array, from: number, to: number, sink: RuleSink) => {
    for (const format of order) {
      const end = readers[format](bytes, from, to, sink)
      if (end !== NOT_OURS) return { format, end }
    }
    return undefined
  }

  const comment = (bytes: Uint8Array, from: number, to: number): boolean => {
    if (bytes[from] === BANG && given === 'auto' && last === undefined) adblocking = true
    if (!adblocking) return isComment(bytes, from, to)
    return bytes[from] === BANG || (bytes[from] === HASH && !COSMETIC[bytes[from + 1] as number])
  }

  const read = (bytes: Uint8Array, from: number, to: number, sink: RuleSink): LineEnd => {
    if (comment(bytes, from, to)) return BLANK
    if (given !== 'auto') {
      const end = readers[given](bytes, from, to, sink)
      return end === NOT_OURS ? unread(bytes, from, to, adblocking, given !== 'json') : end
    }
    const order = adblocking ? 'adblock' : (last ?? 'domains')
    for (const format of adblocking && bytes[from] === STAR ? STARRED : ORDER[order]) {
      const end = readers[format](bytes, from, to, sink)
      if (end === NOT_OURS) continue
      last = format
      adblocking ||= format === 'adblock'
      return end
    }
    return unread(bytes, from, to, adblocking, false)
  }

  return { read, format: () => last }
}

/** Second bytes of `##`, `#@#`, `#?#`, `#$#` and `#%#`. */
const COSMETIC = Uint8Array.from({ length: 256 }, (_, byte) => ('#@?$%'.includes(String.fromCharCode(byte)) ? 1 : 0))

/** What becomes of a line that no format reads. */
function unread(bytes: Uint8Array, from: number, to: number, adblocking: boolean, given: boolean): LineEnd {
  const end = wordEnd(bytes, from, to)
  const oneWord = isRestIdle(bytes, end, to)
  // Parts of URLs have no blanks; only the options after `$` may.
  if (adblocking) return oneWord || bytes.subarray(from, to).includes(DOLLAR) ? skipped.url : SEVERAL_WORDS
  if (oneWord && isAddressWord(bytes, from, end)) return skipped.address
  if (given) return OTHER_FORMAT
  return oneWord ? { kind: 'rejected', why: nameFault(bytes, from, end) } : SEVERAL_WORDS
}

const SEVERAL_WORDS: LineEnd = Object.freeze({
  kind: 'rejected',
  why: 'several words, which only hosts lines have, and the first is no address',
})
const OTHER_FORMAT: LineEnd = Object.freeze({
  kind: 'rejected',
  why: 'it does not have the format given for this list',
})
