import { describe, expect, test } from 'vitest'
import { bars, bytes, micros, moment, number, percent, span } from '../../../src/control/words.ts'

describe('figures in words', () => {
  test('numbers, shares and sizes', () => {
    expect(number(1_234_567)).toBe('1,234,567')
    expect(percent(0.3225)).toBe('32.3 %')
    expect(bytes(999)).toBe('999 B')
    expect(bytes(33_554_432)).toBe('32 MiB')
    expect(bytes(5 * 1024 ** 4)).toBe('5,120 GiB')
  })

  test('lengths of time in their two largest units', () => {
    expect(span(0)).toBe('0 s')
    expect(span(999)).toBe('0 s')
    expect(span(61_000)).toBe('1 min 1 s')
    expect(span(3_600_000)).toBe('1 h')
    expect(span(3_601_000)).toBe('1 h')
    expect(span(26 * 3_600_000)).toBe('1 d 2 h')
    expect(span(-5)).toBe('0 s')
  })

  test('microseconds in the unit that fits', () => {
    expect(micros(null)).toBe('–')
    expect(micros(850)).toBe('850 µs')
    expect(micros(12_500)).toBe('12.5 ms')
    expect(micros(2_500_000)).toBe('2.5 s')
  })

  test('moments in a zone, and text that is none as it came', () => {
    expect(moment('2026-11-22T12:30:05.000Z', 'Europe/Berlin')).toBe('2026-11-22 13:30:05')
    expect(moment(null, 'UTC')).toBe('never')
    expect(moment('soon', 'UTC')).toBe('soon')
  })

  test('bars grow with the value, and nothing is a dot', () => {
    expect(bars([0, 1, 4, 8])).toBe('·▂▅█')
    expect(bars([0, 0])).toBe('··')
    expect(bars([])).toBe('')
  })
})
