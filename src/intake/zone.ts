// Local time to epoch. Knows zones by their IANA name; knows no log format.
import { DAY, type EpochMs, MINUTE } from '../base/clock.ts'

/**
 * Local wall time to epoch milliseconds. `local` is what `Date.UTC` makes of the local fields. Where the clock went
 * back and the hour came twice, the one nearer to `near` is meant; an hour that was left out is read as if it had not been.
 */
export type Zone = (local: number, near: EpochMs) => EpochMs

/** A zone by IANA name, or `local` for this machine's. `undefined` where there is no such zone. */
export function zoneNamed(name: string): Zone | undefined {
  const offsetAt = offsets(name)
  if (offsetAt === undefined) return undefined
  const known = new Map<number, Offsets>()
  return (local, near) => {
    // Offsets change at a quarter of an hour of local time, so one look-up serves that long.
    const quarter = Math.floor(local / QUARTER)
    let found = known.get(quarter)
    if (found === undefined) {
      found = offsetsFor(quarter * QUARTER, offsetAt)
      if (known.size >= MAX_KNOWN) known.clear()
      known.set(quarter, found)
    }
    const first = local - found.first
    if (found.second === undefined) return first
    const second = local - found.second
    return Math.abs(first - near) <= Math.abs(second - near) ? first : second
  }
}

/** Coordinated universal time. */
export const utc: Zone = (local) => local

/** What may have to be taken off a local time, ms; two where the hour comes twice. */
interface Offsets {
  readonly first: number
  readonly second?: number
}

const QUARTER = 15 * MINUTE
/** Quarters of an hour kept; logs are read mostly in order, so few are in use at a time. */
const MAX_KNOWN = 512

function offsetsFor(local: number, offsetAt: (time: EpochMs) => number): Offsets {
  // No zone changes twice within two days, so the offsets a day before and after are all that can be meant.
  const before = offsetAt(local - DAY)
  const after = offsetAt(local + DAY)
  if (before === after) return { first: before }
  const beforeFits = offsetAt(local - before) === before
  const afterFits = offsetAt(local - after) === after
  if (beforeFits && afterFits) return { first: before, second: after }
  return { first: afterFits ? after : before }
}

/** Offset from UTC in milliseconds at an instant, as the machine's zone data has it. */
function offsets(name: string): ((time: EpochMs) => number) | undefined {
  // Made when it is needed first: the tables behind it take over a megabyte, and many firewalls write where they are in time.
  let format: Intl.DateTimeFormat | undefined
  if (name !== 'local') {
    try {
      format = formatFor(name)
    } catch {
      return undefined
    }
  }
  return (time) => {
    format ??= formatFor(undefined)
    const text = format.formatToParts(time).find((part) => part.type === 'timeZoneName')?.value ?? ''
    const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text)
    if (match === null) return 0
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)
    return (match[1] === '-' ? -seconds : seconds) * 1000
  }
}

const formatFor = (timeZone: string | undefined): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', { timeZoneName: 'longOffset', ...(timeZone === undefined ? {} : { timeZone }) })
