// What transports and log daemons put round a firewall's line: PRI, stamp, host, tag, kernel uptime, journald's JSON.
// Knows no firewall format.
import { type EpochMs, SECOND } from '../base/clock.ts'
import {
  BACKSLASH,
  BOM,
  BRACE,
  CLOSE,
  COLON,
  DASH,
  DOT,
  GREATER,
  LESS,
  NINE,
  ONE,
  OPEN,
  QUOTE,
  SPACE,
  TAB,
  UNDERSCORE,
  ZERO,
} from './characters.ts'
import { readJournalEntry } from './journald.ts'
import { isLevel } from './level.ts'
import { readStamp, type Stamp } from './stamp.ts'
import type { Zone } from './zone.ts'

/** A line without its envelope. Text is as it came: escape before showing. */
export interface Envelope {
  /** `undefined` where the line has no wall time (`dmesg`, plain lines). */
  readonly time: EpochMs | undefined
  /** How coarse `time` is, ms; the instant meant lies in [time, time + precision]. */
  readonly precision: number
  readonly host: string | undefined
  /** `kernel`, or the program where a process number or the protocol tells that it is one. A bare `word:` stays in `rest`: it may be a log prefix. */
  readonly tag: string | undefined
  /** Process number; the kernel has none. */
  readonly pid: string | undefined
  /** What the firewall itself wrote. */
  readonly rest: string
}

/**
 * Takes a line out of its envelope: optional PRI, RFC 3164 with or without host, RFC 5424, ISO 8601, `logread` of
 * OpenWrt, `dmesg`, `journalctl -o json`. Never fails: a line without any envelope is all `rest`.
 * `near` is the instant that a stamp without a year is taken to be nearest to. Limit: where a sender leaves out the
 * host and the log prefix begins with a word that has no colon, that word is taken for the host.
 */
export function readEnvelope(line: string, zone: Zone, near: EpochMs): Envelope {
  if (line.charCodeAt(0) === BRACE) {
    const entry = readJournalEntry(line)
    return entry === undefined ? bare(line) : readBody(entry.message, 0, entry, zone, near)
  }
  const at = skipPri(line, line.charCodeAt(0) === BOM ? 1 : 0)
  return readRfc5424(line, at, zone, near) ?? readBsd(line, at, zone, near)
}

const bare = (line: string): Envelope => ({
  time: undefined,
  precision: 0,
  host: undefined,
  tag: undefined,
  pid: undefined,
  rest: line,
})

/** `<134>`: at most three digits (RFC 5424 §6.2.1). What it says is not used. */
function skipPri(line: string, at: number): number {
  if (line.charCodeAt(at) !== LESS) return at
  const end = digitsEnd(line, at + 1)
  return end > at + 1 && end <= at + 4 && line.charCodeAt(end) === GREATER ? end + 1 : at
}

/** RFC 5424 §6: `1 STAMP HOST APP PROCID MSGID STRUCTURED-DATA MSG`. */
function readRfc5424(line: string, at: number, zone: Zone, near: EpochMs): Envelope | undefined {
  if (line.charCodeAt(at) !== ONE || line.charCodeAt(at + 1) !== SPACE) return undefined
  const stamp = readStamp(line, at + 2, zone, near)
  if (stamp === undefined && line.charCodeAt(at + 2) !== DASH) return undefined
  let from = stamp?.end ?? at + 3
  const fields: string[] = []
  for (let i = 0; i < 4; i++) {
    if (line.charCodeAt(from) !== SPACE) return undefined
    const end = tokenEnd(line, from + 1)
    fields.push(line.slice(from + 1, end))
    from = end
  }
  if (line.charCodeAt(from) !== SPACE) return undefined
  const data = structuredDataEnd(line, from + 1)
  if (data === undefined) return undefined
  const [host, app, pid] = fields.map((field) => (field === '-' ? undefined : field))
  const message = line.charCodeAt(data) === SPACE ? data + 1 : data
  const text = line.charCodeAt(message) === BOM ? message + 1 : message
  return readBody(line, text, { stamp, host, tag: app, pid }, zone, near)
}

/** Index after RFC 5424 structured data: `-`, or `[id name="value" …]…` with `\"`, `\\` and `\]` escaped. */
function structuredDataEnd(line: string, at: number): number | undefined {
  if (line.charCodeAt(at) === DASH) return at + 1
  if (line.charCodeAt(at) !== OPEN) return undefined
  let quoted = false
  for (let i = at; i < line.length; i++) {
    const code = line.charCodeAt(i)
    if (quoted && code === BACKSLASH) i++
    else if (code === QUOTE) quoted = !quoted
    else if (!quoted && code === CLOSE && line.charCodeAt(i + 1) !== OPEN) return i + 1
  }
  return undefined
}

/** BSD syslog as it is met with, and the same with other stamps: `[STAMP] [HOST [HOST]] [kern.warn] rest`. */
function readBsd(line: string, at: number, zone: Zone, near: EpochMs): Envelope {
  const stamp = readStamp(line, at, zone, near)
  if (stamp === undefined) return readBody(line, at, {}, zone, near)
  let from = skipBlanks(line, stamp.end)
  let end = tokenEnd(line, from)
  let host: string | undefined
  if (!isLevel(line, from, end) && isHost(line, from, end)) {
    host = line.slice(from, end)
    from = skipBlanks(line, end)
    end = tokenEnd(line, from)
    // UniFi gateways write their name twice.
    if (end - from === host.length && line.startsWith(host, from)) from = skipBlanks(line, end)
    end = tokenEnd(line, from)
  }
  if (isLevel(line, from, end)) from = skipBlanks(line, end)
  return readBody(line, from, { stamp, host }, zone, near)
}

interface Header {
  readonly stamp?: Stamp | undefined
  readonly host?: string | undefined
  readonly tag?: string | undefined
  readonly pid?: string | undefined
}

/** Tag and bracketed time, which every kind of header may be followed by. */
function readBody(line: string, at: number, header: Header, zone: Zone, near: EpochMs): Envelope {
  let { tag, pid } = header
  let { time, precision } = header.stamp ?? NO_TIME
  let from = skipBlanks(line, at)
  // Where the protocol itself has named the program, what looks like a tag is part of what that program says.
  const found = tag === undefined ? tagAt(line, from, zone, near) : undefined
  if (found !== undefined) {
    tag = found.tag
    pid = found.pid
    from = skipBlanks(line, found.end)
  }
  const bracket = bracketAt(line, from, zone, near)
  if (bracket !== undefined) {
    // rsyslog writes the tab that conntrack puts behind its stamp as #011.
    from = skipBlanks(line, line.startsWith('#011', bracket.end) ? bracket.end + 4 : bracket.end)
    if (bracket.time !== undefined) {
      time = bracket.time
      precision = bracket.precision
    }
  }
  return { time, precision, host: header.host, tag, pid, rest: line.slice(from) }
}

const NO_TIME = { time: undefined, precision: 0 }

/** `kernel:`, `name[123]:`, or any `name:` that a bracketed time follows. Any other word may be a log prefix. */
function tagAt(line: string, from: number, zone: Zone, near: EpochMs): Tag | undefined {
  const end = tokenEnd(line, from)
  if (line.charCodeAt(end - 1) !== COLON) return undefined
  if (end - from === 7 && line.startsWith('kernel', from)) return { tag: 'kernel', pid: undefined, end }
  if (line.charCodeAt(end - 2) === CLOSE) {
    const open = line.indexOf('[', from)
    const isPid = open > from && open + 1 < end - 2 && digitsEnd(line, open + 1) === end - 2
    return isPid ? { tag: line.slice(from, open), pid: line.slice(open + 1, end - 2), end } : undefined
  }
  const timed = bracketAt(line, skipBlanks(line, end), zone, near) !== undefined
  return timed ? { tag: line.slice(from, end - 1), pid: undefined, end } : undefined
}

interface Tag {
  readonly tag: string
  readonly pid: string | undefined
  /** Index of the first character after it. */
  readonly end: number
}

/**
 * `[ 1737.000005]` is the kernel's uptime and gives no wall time; `[1757235600.250000]` is `conntrack -o timestamp`:
 * no uptime reaches 10⁹ seconds (31 years). `[Mon Mar 23 13:16:49 2026]` is `dmesg -T`.
 */
function bracketAt(line: string, at: number, zone: Zone, near: EpochMs): Bracket | undefined {
  if (line.charCodeAt(at) !== OPEN) return undefined
  const from = skipBlanks(line, at + 1)
  const point = digitsEnd(line, from)
  if (point > from && line.charCodeAt(point) === DOT) {
    const end = digitsEnd(line, point + 1)
    if (line.charCodeAt(end) !== CLOSE || end - from > 20) return undefined
    // Numbers are made of the long ones only: nearly every line of a kernel has the short kind.
    const time = point - from < EPOCH_DIGITS ? undefined : Math.floor(Number(line.slice(from, end)) * SECOND)
    return { time, precision: 1, end: end + 1 }
  }
  const stamp = readStamp(line, at + 1, zone, near)
  return stamp === undefined || line.charCodeAt(stamp.end) !== CLOSE ? undefined : { ...stamp, end: stamp.end + 1 }
}

interface Bracket {
  readonly time: EpochMs | undefined
  readonly precision: number
  readonly end: number
}

/** Host names and addresses: letters, digits and `.-_:/`, not ending in a colon (that is a tag or a log prefix). */
function isHost(line: string, from: number, end: number): boolean {
  if (end === from || end - from > 255 || line.charCodeAt(end - 1) === COLON) return false
  for (let i = from; i < end; i++) {
    const code = line.charCodeAt(i)
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
    const other = code === DASH || code === UNDERSCORE || (code >= DOT && code <= COLON) || code > 0x7f
    if (!letter && !other) return false
  }
  return true
}

function tokenEnd(line: string, from: number): number {
  const end = line.indexOf(' ', from)
  return end < 0 ? line.length : end
}

function skipBlanks(line: string, at: number): number {
  while (line.charCodeAt(at) === SPACE || line.charCodeAt(at) === TAB) at++
  return at
}

function digitsEnd(line: string, at: number): number {
  while (line.charCodeAt(at) >= ZERO && line.charCodeAt(at) <= NINE) at++
  return at
}

/** Digits of the seconds since 1970, from September 2001 to the year 2286. */
const EPOCH_DIGITS = 10
