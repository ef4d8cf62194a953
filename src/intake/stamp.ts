// The date and time that a log line begins with: BSD syslog, ISO 8601, ctime. Knows nothing of what follows it.
import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { COLON, COMMA, DASH, DOT, LETTER_T, LETTER_Z, NINE, PLUS, SPACE, ZERO } from './characters.ts'
import type { Zone } from './zone.ts'

/** A stamp that was read, and where the text goes on. The instant meant lies in [time, time + precision]. */
export interface Stamp {
  readonly time: EpochMs
  /** Milliseconds: 1000 where the stamp has whole seconds, 1 where it has milliseconds or finer. */
  readonly precision: number
  /** Index of the first character after it. */
  readonly end: number
}

/**
 * Reads a stamp that begins at `at`: `Mar  3 13:16:49[.123]` (RFC 3164 §4.1.2), `2026-03-23T13:16:49.584978-04:00`
 * (RFC 3339; a space for the T, a comma for the point and no offset are taken too), `Mon Mar 23 13:16:49 2026`.
 * `undefined` where none stands there or it names no real date. A stamp without a year gets the one nearest to
 * `near`; one without an offset is in `zone`.
 */
export function readStamp(text: string, at: number, zone: Zone, near: EpochMs): Stamp | undefined {
  const code = text.charCodeAt(at)
  if (code >= ZERO && code <= NINE) return readIso(text, at, zone, near)
  const month = monthAt(text, at)
  if (month !== undefined) return readBsd(text, at, month, zone, near)
  return text.charCodeAt(at + 3) === SPACE ? readCtime(text, at + 4, zone, near) : undefined
}

function readBsd(text: string, at: number, month: number, zone: Zone, near: EpochMs): Stamp | undefined {
  const day = dayAt(text, at + 4)
  const from = at + 4 + dayWidth(text, at + 4)
  const clock = clockAt(text, from + 1)
  if (text.charCodeAt(at + 3) !== SPACE || day < 1 || clock < 0 || text.charCodeAt(from) !== SPACE) return undefined
  const midnight = nearestMidnight(month, day, Math.floor(near / DAY))
  if (midnight === undefined) return undefined
  const fraction = fractionAt(text, from + 9)
  return { time: zone(midnight + clock + fraction.ms, near), precision: fraction.precision, end: fraction.end }
}

function readCtime(text: string, at: number, zone: Zone, near: EpochMs): Stamp | undefined {
  const month = monthAt(text, at)
  const day = dayAt(text, at + 4)
  const from = at + 4 + dayWidth(text, at + 4)
  const clock = clockAt(text, from + 1)
  const year = fourAt(text, from + 10)
  if (month === undefined || clock < 0 || year < 0 || !isDate(year, month, day)) return undefined
  return { time: zone(Date.UTC(year, month, day) + clock, near), precision: SECOND, end: from + 14 }
}

function readIso(text: string, at: number, zone: Zone, near: EpochMs): Stamp | undefined {
  if (text.charCodeAt(at + 4) !== DASH || text.charCodeAt(at + 7) !== DASH) return undefined
  const year = fourAt(text, at)
  const month = twoAt(text, at + 5) - 1
  const day = twoAt(text, at + 8)
  const between = text.charCodeAt(at + 10)
  const clock = clockAt(text, at + 11)
  if (year < 0 || clock < 0 || !isDate(year, month, day) || (between !== LETTER_T && between !== SPACE))
    return undefined
  const fraction = fractionAt(text, at + 19)
  const local = Date.UTC(year, month, day) + clock + fraction.ms
  const sign = text.charCodeAt(fraction.end)
  if (sign === LETTER_Z) return { time: local, precision: fraction.precision, end: fraction.end + 1 }
  if (sign !== PLUS && sign !== DASH) {
    return { time: zone(local, near), precision: fraction.precision, end: fraction.end }
  }
  const hours = twoAt(text, fraction.end + 1)
  const colon = text.charCodeAt(fraction.end + 3) === COLON ? 1 : 0
  const minutes = twoAt(text, fraction.end + 3 + colon)
  if (hours < 0 || hours > 23 || minutes > 59) return undefined
  const offset = hours * HOUR + Math.max(0, minutes) * MINUTE
  const end = minutes < 0 ? fraction.end + 3 : fraction.end + 5 + colon
  return { time: sign === PLUS ? local - offset : local + offset, precision: fraction.precision, end }
}

/**
 * When a day begins, in the year in which it lies nearest to another day (days since 1970); offsets of zones do not
 * matter here. The last one is kept, since lines come by the thousand for each day.
 */
function nearestMidnight(month: number, day: number, near: number): EpochMs | undefined {
  if (month !== last.month || day !== last.day || near !== last.near) {
    const year = nearestYear(month, day, near * DAY)
    last = { month, day, near, midnight: year === undefined ? undefined : Date.UTC(year, month, day) }
  }
  return last.midnight
}

let last: { month: number; day: number; near: number; midnight: EpochMs | undefined } = {
  month: -1,
  day: -1,
  near: -1,
  midnight: undefined,
}

/** The year in which a day lies nearest to an instant. */
function nearestYear(month: number, day: number, near: EpochMs): number | undefined {
  const year = new Date(near).getUTCFullYear()
  if (month === FEBRUARY && day === 29) return nearestLeapYear(year, near)
  if (!isDate(year, month, day)) return undefined
  const away = Date.UTC(year, month, day) - near
  if (Math.abs(away) < 182 * DAY) return year
  return nearer(year, away > 0 ? year - 1 : year + 1, month, day, near)
}

function nearestLeapYear(year: number, near: EpochMs): number | undefined {
  let best: number | undefined
  // Leap years lie up to eight years apart (2096 and 2104).
  for (let candidate = year - 8; candidate <= year + 8; candidate++) {
    if (!isDate(candidate, FEBRUARY, 29)) continue
    best = best === undefined ? candidate : nearer(best, candidate, FEBRUARY, 29, near)
  }
  return best
}

function nearer(one: number, other: number, month: number, day: number, near: EpochMs): number {
  const away = (year: number): number => Math.abs(Date.UTC(year, month, day) - near)
  return away(other) < away(one) ? other : one
}

function isDate(year: number, month: number, day: number): boolean {
  if (year < 1970 || month < 0 || month > 11 || day < 1) return false
  if (month === FEBRUARY) return day <= ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28)
  return day <= (LONG_MONTHS.includes(month) ? 31 : 30)
}

/** `.123456` or `,123`: milliseconds, cut; how coarse that is; where the text goes on. */
function fractionAt(text: string, at: number): { ms: number; precision: number; end: number } {
  const mark = text.charCodeAt(at)
  if (mark !== DOT && mark !== COMMA) return { ms: 0, precision: SECOND, end: at }
  let end = at + 1
  let ms = 0
  let precision = SECOND
  for (let digit = digitAt(text, end); digit >= 0; digit = digitAt(text, ++end)) {
    if (precision === 1) continue
    precision /= 10
    ms += digit * precision
  }
  return end === at + 1 ? { ms: 0, precision: SECOND, end: at } : { ms, precision, end }
}

/** `13:16:49` as milliseconds of the day; -1 where it is none. 60 is a leap second. */
function clockAt(text: string, at: number): number {
  const hours = twoAt(text, at)
  const minutes = twoAt(text, at + 3)
  const seconds = twoAt(text, at + 6)
  if (text.charCodeAt(at + 2) !== COLON || text.charCodeAt(at + 5) !== COLON) return -1
  if (hours < 0 || minutes < 0 || seconds < 0 || hours > 23 || minutes > 59 || seconds > 60) return -1
  return hours * HOUR + minutes * MINUTE + seconds * SECOND
}

/** ` 3`, `03`, `3` or `23`; -1 where it is none. */
function dayAt(text: string, at: number): number {
  if (text.charCodeAt(at) === SPACE) return digitAt(text, at + 1)
  const two = twoAt(text, at)
  return two >= 0 ? two : digitAt(text, at)
}

const dayWidth = (text: string, at: number): number =>
  text.charCodeAt(at) !== SPACE && digitAt(text, at + 1) < 0 ? 1 : 2

const monthAt = (text: string, at: number): number | undefined => MONTHS.get(text.slice(at, at + 3))

function fourAt(text: string, at: number): number {
  const head = twoAt(text, at)
  const tail = twoAt(text, at + 2)
  return head < 0 || tail < 0 ? -1 : head * 100 + tail
}

function twoAt(text: string, at: number): number {
  const tens = digitAt(text, at)
  const ones = digitAt(text, at + 1)
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= ZERO && code <= NINE ? code - ZERO : -1
}

const MONTHS: ReadonlyMap<string, number> = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, i) => [name, i]),
)
const FEBRUARY = 1
const LONG_MONTHS: readonly number[] = [0, 2, 4, 6, 7, 9, 11]
