import { describe, expect, test } from 'vitest'
import { isOn, nextStart, type Schedule } from '../../../src/policy/schedule.ts'

const at = (text: string): number => Date.parse(text)
const schedule = (change: Partial<Schedule> = {}): Schedule => ({
  name: 'school-night',
  zone: 'Europe/Berlin',
  spans: [{ days: ['sun', 'mon', 'tue', 'wed', 'thu'], from: 21 * 60, to: 6 * 60 + 30 }],
  exceptions: [],
  ...change,
})

describe('a span over midnight', () => {
  test('is on from the evening of its day to the next morning, by the clock of its zone', () => {
    // 2026-11-22 is a Sunday; Berlin is an hour ahead of UTC.
    expect(isOn(schedule(), at('2026-11-22T19:59:59Z'))).toBe(false)
    expect(isOn(schedule(), at('2026-11-22T20:00:00Z'))).toBe(true)
    expect(isOn(schedule(), at('2026-11-23T05:29:59Z'))).toBe(true)
    expect(isOn(schedule(), at('2026-11-23T05:30:00Z'))).toBe(false)
  })
  test('that begins on no Friday leaves Saturday morning free, and Thursday night is on until Friday', () => {
    expect(isOn(schedule(), at('2026-11-27T04:00:00Z'))).toBe(true)
    expect(isOn(schedule(), at('2026-11-27T22:00:00Z'))).toBe(false)
    expect(isOn(schedule(), at('2026-11-28T04:00:00Z'))).toBe(false)
  })
})

describe('a span within one day', () => {
  const lesson = schedule({ spans: [{ days: ['mon'], from: 8 * 60, to: 24 * 60 }] })
  test('may last until midnight', () => {
    expect(isOn(lesson, at('2026-11-23T06:59:00Z'))).toBe(false)
    expect(isOn(lesson, at('2026-11-23T22:59:00Z'))).toBe(true)
    expect(isOn(lesson, at('2026-11-23T23:00:00Z'))).toBe(false)
  })
})

describe('an exception', () => {
  test('of a day without school keeps the night that would begin on it from beginning, and only that', () => {
    const free = schedule({ exceptions: [{ from: '2026-11-24', to: '2026-11-24', set: 'off' }] })
    expect(isOn(free, at('2026-11-24T04:00:00Z'))).toBe(true)
    expect(isOn(free, at('2026-11-24T21:00:00Z'))).toBe(false)
    expect(isOn(free, at('2026-11-25T04:00:00Z'))).toBe(false)
    expect(isOn(free, at('2026-11-25T21:00:00Z'))).toBe(true)
  })
  test('may turn whole days on', () => {
    const trip = schedule({ exceptions: [{ from: '2026-11-27', to: '2026-11-28', set: 'on' }] })
    expect(isOn(trip, at('2026-11-27T12:00:00Z'))).toBe(true)
    expect(isOn(trip, at('2026-11-28T22:59:00Z'))).toBe(true)
    expect(isOn(trip, at('2026-11-28T23:00:00Z'))).toBe(false)
  })
})

describe('exceptions', () => {
  test('that turn a day on do not end the night that begins on it', () => {
    const sick = schedule({ exceptions: [{ from: '2026-11-24', to: '2026-11-24', set: 'on' }] })
    expect(isOn(sick, at('2026-11-24T12:00:00Z'))).toBe(true)
    expect(isOn(sick, at('2026-11-25T04:00:00Z'))).toBe(true)
    expect(isOn(sick, at('2026-11-25T06:00:00Z'))).toBe(false)
  })
  test('end with their last day, over the turn of the year, and the first one that has a day counts', () => {
    const holidays = schedule({
      exceptions: [
        { from: '2026-12-31', to: '2026-12-31', set: 'on' },
        { from: '2026-12-24', to: '2027-01-06', set: 'off' },
      ],
    })
    expect(isOn(holidays, at('2026-12-23T22:00:00Z'))).toBe(true)
    expect(isOn(holidays, at('2026-12-24T04:00:00Z'))).toBe(true)
    expect(isOn(holidays, at('2026-12-24T22:00:00Z'))).toBe(false)
    expect(isOn(holidays, at('2026-12-31T10:00:00Z'))).toBe(true)
    expect(isOn(holidays, at('2027-01-06T22:00:00Z'))).toBe(false)
    expect(isOn(holidays, at('2027-01-07T22:00:00Z'))).toBe(true)
  })
})

describe('when the clocks change', () => {
  test('the night in which they do is as long as the clock on the wall says, and no hole is in it', () => {
    const saturday = schedule({ spans: [{ days: ['sat'], from: 21 * 60, to: 6 * 60 + 30 }] })
    const hours = (from: string): { on: number; first: string; last: string } => {
      const minutes = Array.from({ length: 24 * 60 }, (_, i) => at(from) + i * 60_000).filter((minute) =>
        isOn(saturday, minute),
      )
      const text = (minute: number | undefined): string => new Date(minute ?? 0).toISOString().slice(5, 16)
      return { on: minutes.length, first: text(minutes[0]), last: text(minutes.at(-1)) }
    }
    // 21:00 to 06:30 is 9.5 hours; on 29 March 2026 one is left out, on 25 October one comes twice.
    expect(hours('2026-03-28T12:00:00Z')).toEqual({ on: 8.5 * 60, first: '03-28T20:00', last: '03-29T04:29' })
    expect(hours('2026-10-24T12:00:00Z')).toEqual({ on: 10.5 * 60, first: '10-24T19:00', last: '10-25T05:29' })
  })
  const night = schedule({ spans: [{ days: ['sun'], from: 2 * 60 + 15, to: 2 * 60 + 45 }] })
  test('in spring, a span in the hour that is left out does not come', () => {
    const minutes = Array.from({ length: 180 }, (_, i) => at('2026-03-29T00:00:00Z') + i * 60_000)
    expect(minutes.some((minute) => isOn(night, minute))).toBe(false)
  })
  test('in autumn, a span in the hour that comes twice comes twice', () => {
    const minutes = Array.from({ length: 180 }, (_, i) => at('2026-10-25T00:00:00Z') + i * 60_000)
    expect(minutes.filter((minute) => isOn(night, minute))).toHaveLength(60)
  })
  test('the evening stays at its hour of the wall clock', () => {
    expect(isOn(schedule(), at('2026-07-12T18:59:00Z'))).toBe(false)
    expect(isOn(schedule(), at('2026-07-12T19:00:00Z'))).toBe(true)
  })
})

test('the next start is found to the minute, and none where there is none', () => {
  expect(nextStart(schedule(), at('2026-11-27T22:00:10Z'))).toBe(at('2026-11-29T20:00:00Z'))
  expect(nextStart(schedule({ spans: [] }), at('2026-11-27T22:00:00Z'))).toBe(undefined)
})
