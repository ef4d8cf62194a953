import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FORMATS, type FormatName, LINE_MAX, SKIPS } from '../../../src/lists/line.ts'
import { LINES_MAX, LIST_MAX, REJECTS_SHOWN } from '../../../src/lists/read.ts'
import { LISTS_MAX } from '../../../src/lists/sources.ts'
import { RULES_MAX } from '../../../src/policy/compile.ts'
import { PATTERN_MAX } from '../../../src/policy/pattern.ts'
import { CONDITIONAL_MAX } from '../../../src/policy/rule.ts'
import { endOf, readText, rulesOf } from './reading.ts'

const page = readFileSync('docs/lists.md', 'utf8')

/** The rows of the table that has these columns, cell by cell, with `\|` as a bar. */
function tableOf(...columns: readonly string[]): string[][] {
  const lines = page.split('\n')
  const head = lines.indexOf(`| ${columns.join(' | ')} |`)
  const end = lines.findIndex((line, i) => i > head && !line.startsWith('|'))
  return lines.slice(head + 2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  )
}

const code = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string)

describe('docs/lists.md', () => {
  const rows = tableOf('format', 'line', 'rule', 'ads.example', 'sub.ads.example')

  test('has a table with every format for names', () => {
    expect(new Set(rows.map(([format]) => format))).toEqual(
      new Set(FORMATS.filter((one) => one !== 'regex' && one !== 'ip')),
    )
  })

  test.each(rows)('says of %s what %s means: %s, the name %s, names under it %s', (format, cell, kind, name, under) => {
    const [line] = code(cell)
    const mark = name === 'no' ? '?.' : under === 'yes' ? '*.' : ''
    const [rule] = rulesOf(line as string)
    // The rule's text has more where an action has: `records(A 192.0.2.7)`, `if important`.
    expect(rule?.replace(/\(.*\)| if .*/g, '')).toBe(`${kind} ${mark}ads.example`)
    expect(readText(line as string).formats).toEqual([format])
    expect(rulesOf(line as string, format as FormatName)).toEqual(rulesOf(line as string))
  })

  test.each(tableOf('format', 'line', 'rule'))('has patterns and addresses that are so: %s %s', (format, cell) => {
    const [line] = code(cell)
    expect(rulesOf(line as string)).toHaveLength(1)
    expect(readText(line as string).formats).toEqual([format])
  })

  test('knows the formats that the configuration knows', () => {
    const config = readFileSync('config/askfirst.schema.json', 'utf8')
    expect(config.replaceAll(/\s/g, '')).toContain(`"enum":${JSON.stringify(['auto', ...FORMATS])}`)
  })

  const kinds = tableOf('kind', 'what it is', 'example')

  test('names every kind of skipped lines', () => {
    expect(kinds.map(([kind]) => kind)).toEqual(Object.keys(SKIPS))
  })

  test.each(kinds)('has examples for %s that are so', (kind, _, examples) => {
    expect(code(examples).length).toBeGreaterThan(0)
    for (const line of code(examples)) expect(endOf(line), line).toBe(kind)
  })

  test('states the bounds that hold', () => {
    expect(page).toContain(`${LINE_MAX / 1024} KiB`)
    expect(page).toContain(`${LIST_MAX / 1024 ** 2} MiB unpacked, ${LINES_MAX / 1e6} million lines`)
    expect(page).toContain(`${Math.floor(RULES_MAX / 1e5) / 10} million rules`)
    expect(page).toContain(`${CONDITIONAL_MAX / 1000},000 may have conditions`)
    expect(page.replaceAll(/\s+/g, ' ')).toContain(`or ${LISTS_MAX} lists`)
    expect(page).toContain(`at most ${PATTERN_MAX} characters`)
    expect(page).toContain(`the first ${REJECTS_SHOWN} of a file`)
  })
})
