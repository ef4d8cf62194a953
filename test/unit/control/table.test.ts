import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { line, type Style, table, widthOf } from '../../../src/control/table.ts'

const PLAIN: Style = { width: 100, colour: false, zone: 'UTC' }
const COLUMNS = [{ title: 'name', flex: true }, { title: 'count', align: 'right' }, { title: 'kind' }] as const

describe('a table', () => {
  test('aligns its columns under their titles', () => {
    const rows = [
      ['a.example', '5', 'block'],
      ['longer.example', '12,345', ''],
    ]
    expect(table(COLUMNS, rows, PLAIN)).toEqual([
      '  name             count  kind',
      '  a.example            5  block',
      '  longer.example  12,345',
    ])
  })

  test('aligns by what a terminal shows: wide letters count two, marks none', () => {
    expect(widthOf('ab')).toBe(2)
    expect(widthOf('台所')).toBe(4)
    expect(widthOf('e\u0301')).toBe(1)
    expect(widthOf('📺')).toBe(2)
    const [, first, second] = table(
      COLUMNS,
      [
        ['台所', '1', 'x'],
        ['kitchen', '1', 'x'],
      ],
      PLAIN,
    )
    expect(first?.indexOf('x')).toBe((second?.indexOf('x') as number) - 2)
  })

  test('colours do not change where columns stand', () => {
    const rows = [[{ text: 'down', tone: 'bad' as const }, '1', 'x']]
    const coloured = table(COLUMNS, rows, { ...PLAIN, colour: true })
    expect(coloured.join('\n')).toContain('\u001b[')
    expect(coloured.map((text) => stripVTControlCharacters(text))).toEqual(table(COLUMNS, rows, PLAIN))
  })

  test('never is wider than it may be, whatever its cells hold, and lets no control character through', () => {
    const cell = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { maxLength: 5 }),
        fc.integer({ min: 60, max: 100 }),
        (rows, width) => {
          for (const text of table(COLUMNS, rows, { ...PLAIN, width })) {
            expect(widthOf(text)).toBeLessThanOrEqual(width)
            expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e\u2028]/)
          }
        },
      ),
    )
  })

  test('a cell that is cut says so', () => {
    const [, row] = table(COLUMNS, [['a'.repeat(200), '1', 'x']], { ...PLAIN, width: 60 })
    expect(row).toMatch(/^ {2}a+… +1 {2}x$/)
    expect(row).toHaveLength(60 - ('kind'.length - 'x'.length))
  })
})

describe('a line', () => {
  test('is escaped and cut', () => {
    expect(line('a\u001b[31mb', PLAIN)).toBe('a\\u001b[31mb')
    expect(widthOf(line('x'.repeat(500), PLAIN))).toBe(100)
    expect(widthOf(line('台'.repeat(500), PLAIN))).toBeLessThanOrEqual(100)
  })
})
