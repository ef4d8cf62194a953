import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/base/clock.ts'
import { utc, type Zone, zoneNamed } from '../../../src/intake/zone.ts'

const named = (name: string): Zone => {
  const zone = zoneNamed(name)
  if (zone === undefined) throw new Error(`no zone ${name}`)
  return zone
}
/** The local wall time of an instant, as `Date.UTC` would make it of the fields. */
const localOf = (time: number, timeZone: string | undefined): number => {
  const format = new Intl.DateTimeFormat('en-US', {
    ...(timeZone === undefined ? {} : { timeZone }),
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

describe('a zone', () => {
  test.each([
    'Europe/Berlin',
    'America/New_York',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Africa/Casablanca',
    'Pacific/Apia',
    'UTC',
  ])('leads every local time of %s back to its instant, also in the hour that comes twice', (name) => {
    const zone = named(name)
    const from = Date.UTC(2015, 0, 1) / 1000
    const to = Date.UTC(2035, 0, 1) / 1000
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), (second) => {
        const time = second * 1000
        expect(zone(localOf(time, name), time)).toBe(time)
      }),
      { numRuns: 300 },
    )
  })

  test('takes of an hour that comes twice the one nearer to the reference', () => {
    const berlin = named('Europe/Berlin')
    const local = Date.UTC(2026, 9, 25, 2, 30)
    const first = Date.UTC(2026, 9, 25, 0, 30)
    expect(berlin(local, first - HOUR)).toBe(first)
    expect(berlin(local, first + 2 * HOUR)).toBe(first + HOUR)
  })

  test('reads an hour that was left out as if it had not been', () => {
    const local = Date.UTC(2026, 2, 29, 2, 30)
    expect(named('Europe/Berlin')(local, local)).toBe(Date.UTC(2026, 2, 29, 1, 30))
  })

  test('called local is the zone of this machine', () => {
    const time = Date.UTC(2026, 6, 1, 12)
    expect(named('local')(localOf(time, undefined), time)).toBe(time)
  })

  test('that does not exist is none', () => {
    expect(zoneNamed('Europe/Atlantis')).toBeUndefined()
    expect(zoneNamed('')).toBeUndefined()
  })

  test('gives the same after its memory was filled and emptied', () => {
    const berlin = named('Europe/Berlin')
    const local = Date.UTC(2026, 6, 1, 12)
    const before = berlin(local, local)
    for (let day = 0; day < 2000; day++) berlin(local + day * DAY, local)
    expect(berlin(local, local)).toBe(before)
    expect(before).toBe(utc(local, local) - 2 * HOUR)
  })
})
