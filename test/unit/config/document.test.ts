import { describe, expect, test } from 'vitest'
import { pathText, readDocument } from '../../../src/config/document.ts'
import { problemsOf } from './problems.ts'

const SYNTAX = '[ASKFIRST_E_CONFIG_SYNTAX]'

describe('readDocument', () => {
  test('knows the place of every key and value', () => {
    const { value, spot } = readDocument('a:\n  - x\n  - b: 1\n    "c d": {e: 2}\n', 'f')
    expect(value).toEqual({ a: ['x', { b: 1, 'c d': { e: 2 } }] })
    expect(spot([], 'value')).toEqual({ line: 1, column: 1 })
    expect(spot(['a', 0], 'value')).toEqual({ line: 2, column: 5 })
    expect(spot(['a', 1, 'c d'], 'key')).toEqual({ line: 4, column: 5 })
    expect(spot(['a', 1, 'c d', 'e'], 'value')).toEqual({ line: 4, column: 16 })
  })

  test('the place of something that is missing is the thing around it', () => {
    const { spot } = readDocument('a: 1\nb:\n  - c: 1\n', 'f')
    expect(spot(['b', 0, 'd'], 'value')).toEqual({ line: 3, column: 5 })
    expect(spot(['b', 7], 'value')).toEqual({ line: 2, column: 1 })
  })

  test('numbers and words are read as YAML 1.2 has them', () => {
    const { value } = readDocument('a: 010\nb: 0x35\nc: yes\nd: 22:30\ne: 1e3\nf: ~\ng: 2026-11-22\n', 'f')
    expect(value).toEqual({ a: 10, b: 53, c: 'yes', d: '22:30', e: 1000, f: null, g: '2026-11-22' })
  })

  test('CRLF line ends and a byte order mark do not shift places', () => {
    expect(readDocument('a: 1\r\nb: 2\r\n', 'f').spot(['b'], 'value')).toEqual({ line: 2, column: 4 })
    expect(problemsOf('\ufeffa: 1')[0]).toMatch(/^1:[12] a: there is no such key/)
  })

  test('many keys are read without a quadratic search for duplicates', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1\n`).join('')
    const { value, problems } = readDocument(`${text}k0: 2\n`, 'f')
    expect(Object.keys(value as object)).toHaveLength(20_000)
    expect(problems.map((problem) => [problem.place?.line, problem.message])).toEqual([
      [20_001, 'stands twice; the first one is in line 1'],
    ])
  })
})

describe('what is not YAML, or more YAML than a configuration needs', () => {
  test.each([
    ['a tab', 'a:\n\tb: 1\n', `2:1: a tab is used for indentation ${SYNTAX}\n  Use spaces.`],
    [
      'an alias',
      'a: &x 1\nb: *x\n',
      `2:4 b: *x is a YAML alias, which is not supported ${SYNTAX}\n  If *x is meant as text`,
    ],
    ['a wildcard without quotes', 'lists: {block: [*.x.example]}', `1:17 lists.block[0]: *.x.example is a YAML alias`],
    [
      'an adblock rule without quotes',
      'lists:\n  block:\n    - ||x.example^\n',
      `3:8: this text or sign is not expected here ${SYNTAX}\n  Put text that begins with`,
    ],
    [
      'an adblock exception without quotes',
      'lists: {allow: [@@||x.example^]}',
      `1:17: plain value cannot start with reserved character @ ${SYNTAX}\n  Put`,
    ],
    [
      'an IPv6 endpoint without quotes',
      'listen:\n  - [::]:53\n',
      `2:9: this text or sign is not expected here ${SYNTAX}\n  Put`,
    ],
    [
      'a tag',
      'state: !secret x\n',
      `1:8: YAML tags, such as !secret, are not supported ${SYNTAX}\n  Write the value itself.`,
    ],
    [
      'two documents',
      'state: a\n---\nstate: b\n',
      `2:1: a second document begins here, but the file must hold one ${SYNTAX}`,
    ],
    [
      'a duplicate key',
      'state: a\nlog: {}\nstate: b\n',
      `3:1 state: stands twice; the first one is in line 1 ${SYNTAX}`,
    ],
    ['a key that is a list', 'devices: {names: {[a]: b}}', `1:19 devices.names: a key must be plain text ${SYNTAX}`],
    ['an open quote', 'state: "a\n', `${SYNTAX}`],
    ['bad indentation', 'cache:\n  size: 1MiB\n minTtl: 1s\n', `3:`],
  ])('%s is refused with its place and a way out', (_, text, expected) => {
    const problems = problemsOf(text)
    expect(
      problems.find((problem) => problem.includes(expected)),
      problems.join('\n'),
    ).toBeDefined()
    expect(problems.filter((problem) => problem.includes(SYNTAX))).toHaveLength(1)
  })

  test('deep nesting is refused, whether the parser or we see it first', () => {
    expect(problemsOf('['.repeat(100_000))[0]).toContain('the nesting is too deep')
    expect(problemsOf(`state: ${'['.repeat(20)}${']'.repeat(20)}`).join('\n')).toContain(
      'is nested more than 16 levels deep',
    )
  })

  test('one slip is told once a line', () => {
    expect(problemsOf('listen: 1\n bad: 2')).toHaveLength(1)
    expect(problemsOf('a: [}}}}\nb: @x\n').map((problem) => problem.slice(0, 2))).toEqual(['1:', '2:'])
  })

  test('anchors that nothing refers to do no harm', () => {
    expect(readDocument('a: &x 1\n', 'f')).toMatchObject({ value: { a: 1 }, problems: [] })
  })
})

test('a path is written as people write it, with odd keys in quotes and escaped', () => {
  expect(pathText(['exempt', 0, 'to', 2])).toBe('exempt[0].to[2]')
  expect(pathText(['devices', 'names', 'aa:bb'])).toBe('devices.names["aa:bb"]')
  expect(pathText(['\u001b[31m'])).toBe('["\\\\u001b[31m"]')
})
