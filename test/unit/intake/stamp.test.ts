import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../../src/base/clock.ts'
import { readStamp } from '../../../src/intake/stamp.ts'
import { utc } from '../../../src/intake/zone.ts'

const NEAR = Date.UTC(2026, 10, 22, 12)
const inZone = (local: number): number => local - 5 * HOUR
const read = (text: string, near = NEAR) => {
  const stamp = readStamp(text, 0, utc, near)
  return stamp && { time: new Date(stamp.time).toISOString(), precision: stamp.precision, rest: text.slice(stamp.end) }
}

describe('a stamp', () => {
  test.each([
    ['Nov 22 08:27:50 vm', '2026-11-22T08:27:50.000Z', 1000, ' vm'],
    ['Nov  2 08:27:50', '2026-11-02T08:27:50.000Z', 1000, ''],
    ['Nov 2 08:27:50 x', '2026-11-02T08:27:50.000Z', 1000, ' x'],
    ['Nov 02 08:27:50.25 x', '2026-11-02T08:27:50.250Z', 10, ' x'],
    ['Nov 30 08:27:50. x', '2026-11-30T08:27:50.000Z', 1000, '. x'],
    ['Mon Mar 23 13:16:49 2026 kern.warn', '2026-03-23T13:16:49.000Z', 1000, ' kern.warn'],
    ['2026-03-23T13:16:49Z x', '2026-03-23T13:16:49.000Z', 1000, ' x'],
    ['2025-10-04T00:27:14.584978-04:00 x', '2025-10-04T04:27:14.584Z', 1, ' x'],
    ['2025-10-04T00:27:14,5+0530 x', '2025-10-03T18:57:14.500Z', 100, ' x'],
    ['2025-10-04T00:27:14+02 x', '2025-10-03T22:27:14.000Z', 1000, ' x'],
    ['2025-10-04 00:27:14.123456789 x', '2025-10-04T00:27:14.123Z', 1, ' x'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z', 1000, ''],
  ])('%s is read', (text, time, precision, rest) => {
    expect(read(text)).toEqual({ time, precision, rest })
  })

  test.each([
    'Feb 30 08:27:50',
    'Foo 22 08:27:50',
    'Nov 31 08:27:50',
    'Nov 00 08:27:50',
    'Nov 22 24:00:00',
    'Nov 22 08:60:00',
    'Nov 22 8:27:50',
    'Nov 22 08-27-50',
    'Nov 22',
    'Mon Mar 23 13:16:49',
    'Mon Feb 29 13:16:49 2026',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '0026-01-01T00:00:00Z',
    '2026-01-01T00:00:00+25:00',
    '2026-01-01T00:00:00+02:75',
    '2026-01-01',
    '1757235600.250000',
    '',
  ])('%j is none', (text) => {
    expect(read(text)).toBeUndefined()
  })

  test('without a year gets the one nearest to the reference, on either side of New Year', () => {
    expect(read('Dec 31 23:59:59', Date.UTC(2027, 0, 1, 0, 5))?.time).toBe('2026-12-31T23:59:59.000Z')
    expect(read('Jan  1 00:00:01', Date.UTC(2026, 11, 31, 23, 59))?.time).toBe('2027-01-01T00:00:01.000Z')
    expect(read('May 25 12:00:00', NEAR)?.time).toBe('2026-05-25T12:00:00.000Z')
    expect(read('May 22 12:00:00', NEAR)?.time).toBe('2027-05-22T12:00:00.000Z')
  })

  test('of a leap day gets the nearest leap year', () => {
    expect(read('Feb 29 12:00:00', NEAR)?.time).toBe('2028-02-29T12:00:00.000Z')
    expect(read('Feb 29 12:00:00', Date.UTC(2025, 0, 1))?.time).toBe('2024-02-29T12:00:00.000Z')
    expect(read('Feb 29 12:00:00', Date.UTC(2101, 0, 1))?.time).toBe('2104-02-29T12:00:00.000Z')
  })

  test('is in the zone only where it names no offset of its own', () => {
    const time = (text: string): number | undefined => readStamp(text, 0, inZone, NEAR)?.time
    expect(time('2026-03-23T13:16:49Z')).toBe(Date.UTC(2026, 2, 23, 13, 16, 49))
    expect(time('2026-03-23T13:16:49')).toBe(Date.UTC(2026, 2, 23, 8, 16, 49))
    expect(time('Nov 22 08:27:50')).toBe(Date.UTC(2026, 10, 22, 3, 27, 50))
    expect(time('Mon Mar 23 13:16:49 2026')).toBe(Date.UTC(2026, 2, 23, 8, 16, 49))
  })

  test('of every day of a year is read as that day, seen from that day', () => {
    for (let time = Date.UTC(2023, 0, 1, 6); time < Date.UTC(2025, 0, 1); time += DAY) {
      expect(readStamp(stampText(time), 0, utc, time)?.time).toBe(time)
    }
  })
})

/** `Nov  2 06:00:00`. */
function stampText(time: number): string {
  const [, day = '', month = '', , clock = ''] = new Date(time).toUTCString().split(/[ ,]+/)
  return `${month} ${day.replace(/^0/, ' ')} ${clock}`
}
