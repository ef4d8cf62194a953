import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../../src/config/parse.ts'
import { referenceYaml } from '../../../src/config/reference.ts'
import { configOf, problemsOf } from './problems.ts'

describe('what is in order', () => {
  test.each(['', '# only a comment\n', '\n\n', '{}', '~', '---\n', '---\n...\n'])('%j is the default', (text) => {
    expect(configOf(text)).toEqual(configOf('{}'))
  })

  test('a section whose lines are all commented out is its default', () => {
    const text = 'upstreams:\n#  timeout: 5s\nreports:\n  syslog:\ndevices:\n  names:\n'
    expect(configOf(text)).toEqual(configOf(''))
  })

  test('one key changes that key and nothing else', () => {
    const { cache, ...rest } = configOf('cache:\n  size: 1MiB\n')
    const { cache: defaults, ...defaultRest } = configOf('')
    expect(cache).toEqual({ ...defaults, size: 1024 ** 2 })
    expect(rest).toEqual(defaultRest)
  })

  test('null means none only where the key says so', () => {
    const config = configOf('lists: {folder: null}\nhttp: {token: null}')
    expect([config.lists.folder, config.http.token]).toEqual([null, null])
    expect(problemsOf('listen:')).toEqual([
      '1:8 listen: must be a list, found nothing [ASKFIRST_E_CONFIG_VALUE]\n  Write a value, or remove the line to get the default.',
    ])
  })
})

describe('unknown keys', () => {
  test.each([
    ['upstream: {}', '1:1 upstream', 'Did you mean "upstreams"?'],
    ['http: {tokn: x}', '1:8 http.tokn', 'Did you mean "token"?'],
    ['cache: {MINTTL: 5s}', '1:9 cache.MINTTL', 'Did you mean "minTtl"?'],
    ['exempt: [{becuase: x, because: y, port: 1}]', '1:11 exempt[0].becuase', 'Did you mean "because"?'],
    ['servers: []', '1:1 servers', '"servers" exists as upstreams.servers.'],
    ['port: 5', '1:1 port', '"port" exists as exempt[].port.'],
    ['log: {zzz: 1}', '1:7 log.zzz', 'The keys here are: level.'],
    ['<<: {}', '1:1 ["<<"]', 'The keys here are: listen, allowFrom, '],
  ])('%s', (text, where, hint) => {
    const [problem, ...others] = problemsOf(text)
    expect(problem).toContain(`${where}: there is no such key [ASKFIRST_E_CONFIG_KEY]\n  ${hint}`)
    expect(others).toEqual([])
  })
})

describe('wrong kinds of values are told in plain words', () => {
  test.each([
    [
      'listen: 0.0.0.0',
      'listen: must be a list, found "0.0.0.0"',
      'Put it in square brackets, or on a line of its own after a dash.',
    ],
    ['threads: many', 'threads: must be a number from 1 to 64, or auto, found "many"', ''],
    ['threads: 2.5', 'threads: must be a number from 1 to 64, or auto, found the number 2.5', ''],
    ['threads: 0', 'threads: must be at least 1, found the number 0', ''],
    ['threads: 65', 'threads: must be at most 64, found the number 65', ''],
    ['udpSize: "1232"', 'udpSize: must be a whole number, found "1232"', 'Remove the quotes.'],
    ['udpSize: 1232.5', 'udpSize: must be a whole number, found the number 1232.5', ''],
    ['udpSize: .inf', 'udpSize: must be a whole number, found the number Infinity', ''],
    ['udpSize: 9000', 'udpSize: must be at most 4096, found the number 9000', ''],
    ['udpSize: 1', 'udpSize: must be at least 512, found the number 1', ''],
    ['devices: {neighbours: yes}', 'devices.neighbours: must be true or false, found "yes"', ''],
    ['devices: {neighbours: "true"}', 'devices.neighbours: must be true or false, found "true"', 'Remove the quotes.'],
    ['state: 5', 'state: must be text, found the number 5', 'If it is meant as text, put it in quotes.'],
    ['state: ""', 'state: must not be empty', ''],
    ['cache: [1]', 'cache: must be a group of keys, found a list', ''],
    ['- a', 'must be a group of keys, found a list', ''],
    ['text', 'must be a group of keys, found "text"', ''],
    ['state:a', 'must be a group of keys, found "state:a"', 'A key ends with a colon and a blank.'],
    ['listen: []', 'listen: must have at least 1 item', ''],
    ['log: {level: of}', 'log.level: must be one of debug, info, warn, error, found "of"', ''],
    ['log: {level: wran}', 'log.level: must be one of debug, info, warn, error, found "wran"', 'Did you mean "warn"?'],
    [
      'exempt: [~]',
      'exempt[0]: must be a group of keys, found nothing',
      'Write a value, or remove the line to get the default.',
    ],
  ])('%s', (text, message, hint) => {
    const [problem, ...others] = problemsOf(text)
    expect(problem?.replace(/^1:\d+ /, '')).toBe(
      `${message.startsWith('must') ? `1:1: ${message}` : message} [ASKFIRST_E_CONFIG_VALUE]${hint === '' ? '' : `\n  ${hint}`}`,
    )
    expect(others).toEqual([])
  })
})

describe('several problems', () => {
  test('all of them are told at once, in the order of the file, each at its line and column', () => {
    const text = `listen: [0.0.0.0, 0.0.0.0]
upstream: {}
upstreams:
  timeout: 5
  servers: [9.9.9.9, dns.example]
lists:
  block: [ads.example, *.tracker.example]
blocking:
  answer: addresses
udpSize: 1232
udpSize: 512
exempt:
  - because: x
`
    const heads = problemsOf(text).map((problem) => problem.split(': ')[0])
    expect(heads).toEqual([
      '1:19 listen[1]',
      '2:1 upstream',
      '4:12 upstreams.timeout',
      '5:22 upstreams.servers[1]',
      '7:24 lists.block[1]',
      '9:11 blocking.answer',
      '11:1 udpSize',
      '13:5 exempt[0]',
    ])
  })

  test('a rule between keys is not checked where one of them is broken already', () => {
    expect(problemsOf('http: {listen: [0.0.0.0], token: short}')).toEqual([
      '1:34 http.token: must have at least 16 characters [ASKFIRST_E_CONFIG_VALUE]',
    ])
    expect(problemsOf('http: {listen: [0.0.0.0], token: *secret}')).toHaveLength(1)
  })

  test('after fifty the rest is only counted', () => {
    const problems = problemsOf(Array.from({ length: 60 }, (_, i) => `key${i}: 1\n`).join(''))
    expect(problems).toHaveLength(51)
    expect(problems[50]).toContain('51:1 key50: 10 more problems from here on')
  })
})

describe('hostile text', () => {
  test('control characters from the file never reach the terminal', () => {
    const texts = [
      '"\\e[31m": 1',
      'state: 5\n"a\\u202eb": 2',
      'log: {level: "\\e]0;x\\a"}',
      '- *\u001b[31m',
      'a: "\\e[2J\\q"',
      '\u0007: @',
    ]
    for (const problem of texts.flatMap(problemsOf)) expect(problem).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  })

  test('a key named __proto__ changes no prototype and is refused', () => {
    for (const text of ['__proto__: {listen: []}', 'devices: {names: {__proto__: x}}']) {
      expect(problemsOf(text)[0]).toContain('a key must be plain text [ASKFIRST_E_CONFIG_SYNTAX]')
    }
    expect(problemsOf('constructor: 1\ntoString: 2')).toHaveLength(2)
  })

  test('any edit of the default file gives a configuration or problems with a line of the file', () => {
    const base = referenceYaml()
    const edit = fc.record({
      at: fc.nat(base.length),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.string({ maxLength: 6, unit: 'binary' }),
        fc.constantFrom(
          ...'\t|- |: |[|]|{|}|*a|&a |!t |? |@|%|"|\'|\n|\n---\n|#|null|- - |<<: |0|\u0000|\ufeff'.split('|'),
        ),
      ),
    })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = base
        for (const { at, cut, put } of edits) text = text.slice(0, at) + put + text.slice(at + cut)
        const read = parseConfig(text, 'a.yaml', [])
        if ('config' in read) return
        expect(read.problems.length).toBeGreaterThan(0)
        for (const { place } of read.problems) {
          expect(place?.line).toBeGreaterThanOrEqual(1)
          expect(place?.line).toBeLessThanOrEqual(text.split('\n').length)
          expect(place?.column).toBeGreaterThanOrEqual(1)
        }
      }),
      { numRuns: 150 },
    )
  })
})
