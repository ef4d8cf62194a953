import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SKIPS } from '../../../src/lists/line.ts'
import { LINE_MAX, LINES_MAX, LIST_MAX, REJECTS_SHOWN } from '../../../src/lists/read.ts'
import { LISTS_MAX } from '../../../src/lists/sources.ts'
import { RULES_MAX } from '../../../src/policy/compile.ts'
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

  test('has a table of formats', () => {
    expect(rows.length).toBeGreaterThanOrEqual(10)
    expect(new Set(rows.map(([format]) => format))).toEqual(new Set(['hosts', 'domains', 'wildcard', 'adblock']))
  })

  test.each(rows)('says of %s what %s means: %s, the name %s, names under it %s', (format, cell, kind, name, under) => {
    const [line] = code(cell)
    expect(name).toBe('yes')
    expect(rulesOf(line as string)[0]).toMatch(`${kind} ${under === 'yes' ? '*.' : ''}ads.example`)
    expect(readText(line as string).formats).toEqual([format])
    expect(rulesOf(line as string, format as 'hosts')).toEqual(rulesOf(line as string))
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
    expect(page).toContain(`or ${LISTS_MAX}\n  lists`)
    expect(page).toContain(`the first ${REJECTS_SHOWN} of a file`)
  })
})
