import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineSplitter, MAX_LINE, splitLines } from '../../../src/intake/lines.ts'

const collect = () => {
  const lines: string[] = []
  const overlong: string[] = []
  return {
    lines,
    overlong,
    sink: { line: (text: string) => lines.push(text), overlong: (text: string) => overlong.push(text) },
  }
}

describe('lines', () => {
  test('come out one by one, without their ends, and the last one without a newline too', () => {
    const { lines, sink } = collect()
    splitLines(Buffer.from('one\ntwo\r\n\nthree\0\nfour'), sink)
    expect(lines).toEqual(['one', 'two', 'three', 'four'])
  })

  test('are put together again over any chunk borders, also within a character', () => {
    const text = 'erste Zeile\nzweite: ümläut – 漢字\r\n\ndritte\nlast'
    const whole = collect()
    splitLines(Buffer.from(text), whole.sink)
    fc.assert(
      fc.property(fc.array(fc.nat(Buffer.byteLength(text)), { maxLength: 20 }), (cuts) => {
        const { lines, sink } = collect()
        const splitter = new LineSplitter(sink)
        const bytes = Buffer.from(text)
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        for (let i = 1; i < at.length; i++) splitter.push(bytes.subarray(at[i - 1], at[i]))
        splitter.end()
        expect(lines).toEqual(whole.lines)
      }),
    )
  })

  test('of exactly the greatest length pass; one byte more is thrown away once, and the next line is whole', () => {
    for (const size of [MAX_LINE, 1, 1000]) {
      const { lines, overlong, sink } = collect()
      const splitter = new LineSplitter(sink)
      const bytes = Buffer.from(
        `${'a'.repeat(MAX_LINE)}\n${'b'.repeat(MAX_LINE + 1)}\nnext\n${'c'.repeat(3 * MAX_LINE)}`,
      )
      for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size))
      splitter.end()
      expect(lines).toEqual(['a'.repeat(MAX_LINE), 'next'])
      expect(overlong).toEqual(['b'.repeat(256), 'c'.repeat(256)])
    }
  })

  test('that are not UTF-8 lose only the bytes that are none', () => {
    const { lines, sink } = collect()
    splitLines(Buffer.from([0x41, 0xff, 0x42, 0xc3, 0x0a, 0x43]), sink)
    expect(lines).toEqual(['A\ufffdB\ufffd', 'C'])
  })

  test('of a stream that ended do not run into those of the next one', () => {
    const { lines, overlong, sink } = collect()
    const splitter = new LineSplitter(sink)
    splitter.push(Buffer.from('half'))
    splitter.end()
    splitter.push(Buffer.from('x'.repeat(MAX_LINE + 1)))
    splitter.end()
    splitter.push(Buffer.from('other\n'))
    expect(lines).toEqual(['half', 'other'])
    expect(overlong).toHaveLength(1)
  })
})
