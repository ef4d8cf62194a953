import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exists, filesUnder, textOf } from './tree.ts'

/** Past this a source file owes a reason. */
const LINES_MAX = 250

const sources = filesUnder('src', '.ts').map((path) => ({ path, lines: textOf(path).trimEnd().split('\n') }))
const tests = [...filesUnder('test', '.ts'), ...filesUnder('bench', '.ts')]

describe('file names', () => {
  test('are kebab-case', () => {
    const odd = [...sources.map(({ path }) => path), ...tests].filter(
      (path) => !path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?(\.ts)?$/.test(part)),
    )
    expect(odd).toEqual([])
  })

  test('do not end in words that say nothing', () => {
    const vague = sources.filter(({ path }) =>
      /(^|-)(manager|helpers?|utils?|service|common|misc)\.ts$/.test(basename(path)),
    )
    expect(vague.map(({ path }) => path)).toEqual([])
  })
})

describe('source files', () => {
  test('say in their first line what they are', () => {
    const silent = sources.filter(({ lines }) => {
      const first = lines[0]?.startsWith('#!') === true ? lines[1] : lines[0]
      return first === undefined || !/^\/\/ \S.{15,}/.test(first)
    })
    expect(silent.map(({ path }) => path)).toEqual([])
  })

  test(`have at most ${LINES_MAX} lines, or a comment at their head that says why: "// Long because …"`, () => {
    const long = sources.filter(
      ({ lines }) =>
        lines.length > LINES_MAX && !headComment(lines).some((line) => /^\/\/ Long because \S.{10,}/.test(line)),
    )
    expect(long.map(({ path, lines }) => `${path}: ${lines.length}`)).toEqual([])
  })

  test('have no default export', () => {
    const found = sources.filter(({ lines }) =>
      lines.some((line) => /^export (default\b|\{.*\bas default\b)/.test(line)),
    )
    expect(found.map(({ path }) => path)).toEqual([])
  })

  test('cite only pages that there are', () => {
    const cited = sources.flatMap(({ path, lines }) =>
      lines.flatMap((line) => [...line.matchAll(/\bdocs\/[\w/-]+\.md/g)].map(([page]) => ({ path, page }))),
    )
    expect(cited.length).toBeGreaterThan(5)
    expect(cited.filter(({ page }) => !exists(page)).map(({ path, page }) => `${path}: ${page}`)).toEqual([])
  })

  test('leave no notes to finish later', () => {
    const found = sources.flatMap(({ path, lines }) =>
      lines.flatMap((line, i) => (/\b(TODO|FIXME|XXX|HACK)\b/.test(line) ? [`${path}:${i + 1}`] : [])),
    )
    expect(found).toEqual([])
  })
})

/** The comment lines before the first line of code. */
function headComment(lines: readonly string[]): readonly string[] {
  const end = lines.findIndex((line) => !line.startsWith('//') && !line.startsWith('#!'))
  return lines.slice(0, end)
}
