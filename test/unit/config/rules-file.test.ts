import { describe, expect, test } from 'vitest'
import { RULES_HEAD, withBonus, withName, withPause, withRule } from '../../../src/config/rules-edit.ts'
import { readRules } from '../../../src/config/rules-file.ts'

const ALL = { group: undefined, device: undefined }
const MAC = '02:00:5e:10:00:01'
const NOW = Date.UTC(2026, 10, 26, 12)
const UNTIL = NOW + 600_000

describe('the file of rules', () => {
  test('begins with words for people, and grows rule by rule', () => {
    const one = withRule('block', 'ads.example', ALL)('', NOW)
    expect(one).toBe(`${RULES_HEAD}\nblock:\n  - ads.example\n`)
    const two = withRule('allow', '*.shop.example', { ...ALL, group: 'children' })(one, NOW)
    const three = withRule('block', 'tv.example', { ...ALL, device: MAC })(two, NOW)
    const { rules, names, problems } = readRules(withName(MAC, 'television')(three, NOW), 'rules.yaml')
    expect(problems).toEqual([])
    expect(rules.map(({ kind, group, device, rules: [rule] }) => [kind, group, device, rule?.text])).toEqual([
      ['block', undefined, undefined, 'ads.example'],
      ['allow', 'children', undefined, '*.shop.example'],
      ['block', undefined, MAC, 'tv.example'],
    ])
    expect(names).toEqual(new Map([[MAC, 'television']]))
  })

  test('keeps comments, order and spelling of what stands there, and each rule has its line', () => {
    const text = '# mine\nblock:\n  - b.example # because\n  - a.example\n\n# the end\nallow:\n  - c.example\n'
    expect(withRule('block', 'd.example', ALL)(text, NOW)).toBe(
      '# mine\nblock:\n  - b.example # because\n  - a.example\n  - d.example\n\n# the end\nallow:\n  - c.example\n',
    )
    expect(readRules(text, 'rules.yaml').rules[1]?.rules).toEqual([
      { text: 'b.example', line: 3 },
      { text: 'a.example', line: 4 },
    ])
  })

  test('keeps long lines as they are, and lines that a section stands empty on', () => {
    const long = `block: [ ${Array.from({ length: 12 }, (_, i) => `name-${i}.example`).join(', ')} ]`
    const text = `${long}\ngroups:\n  # the small ones\n  children:\nallow:\n`
    const next = withRule('allow', 'x.example', { ...ALL, group: 'children' })(text, NOW)
    expect(next.split('\n')[0]).toBe(long)
    expect(next).toContain('# the small ones')
    expect(readRules(next, 'rules.yaml')).toMatchObject({
      problems: [],
      rules: [{ kind: 'block' }, { group: 'children' }],
    })
  })

  test('finds a device under another spelling of its MAC', () => {
    const text = 'devices:\n  "02:00:5E:10:00:01":\n    name: tv # the old one\n'
    const next = withName(MAC, 'television')(text, NOW)
    expect(next).toBe('devices:\n  "02:00:5E:10:00:01":\n    name: television # the old one\n')
    expect(readRules(next, 'rules.yaml').names).toEqual(new Map([[MAC, 'television']]))
  })

  test('says who is paused until when, and which group has bonus minutes', () => {
    const all = withPause(ALL, { until: UNTIL, by: 'HTTP from 127.0.0.1' })('# mine\n', NOW)
    const two = withPause({ ...ALL, device: MAC }, { until: UNTIL + 1, by: undefined })(all, NOW)
    const three = withBonus({ group: 'bedtime', from: NOW, to: UNTIL })(two, NOW)
    expect(readRules(three, 'rules.yaml')).toMatchObject({
      problems: [],
      pauses: [
        { ...ALL, until: UNTIL, by: 'HTTP from 127.0.0.1' },
        { group: undefined, device: MAC, until: UNTIL + 1, by: undefined },
      ],
      bonuses: [{ group: 'bedtime', from: NOW, to: UNTIL }],
    })
    expect(three.startsWith('# mine\n')).toBe(true)
    const ended = withPause({ ...ALL, device: MAC }, undefined)(three, NOW)
    expect(readRules(ended, 'rules.yaml').pauses).toHaveLength(1)
    expect(ended).not.toContain('devices')
  })

  test('is rid of pauses and bonus minutes that are over with the next change, and of nothing else', () => {
    const text = `${withPause(ALL, { until: UNTIL, by: undefined })('', NOW)}groups:\n  children:\n    # keep\n    block:\n      - a.example\n`
    const given = withBonus({ group: 'children', from: NOW, to: UNTIL })(text, NOW)
    const next = withRule('block', 'b.example', ALL)(given, UNTIL)
    expect(readRules(next, 'rules.yaml')).toMatchObject({ pauses: [], bonuses: [], problems: [] })
    expect(next).toContain('# keep')
    expect(readRules(next, 'rules.yaml').rules.map(({ group, rules }) => [group, rules[0]?.text])).toEqual([
      [undefined, 'b.example'],
      ['children', 'a.example'],
    ])
  })

  test('has a rule once, and not its opposite', () => {
    const text = 'block:\n  - a.example\n  - b.example\n'
    expect(withRule('block', 'a.example', ALL)(text, NOW)).toBe(text)
    const { rules } = readRules(withRule('allow', 'a.example', ALL)(text, NOW), 'rules.yaml')
    expect(rules.map(({ kind, rules }) => [kind, rules.map((rule) => rule.text)])).toEqual([
      ['allow', ['a.example']],
      ['block', ['b.example']],
    ])
  })

  test.each([
    ['blocks: [a]', 'blocks'],
    ['block: a.example', 'block'],
    ['block: [{ a: 1 }]', 'block[0]'],
    ['devices: { tv: { block: [a.example] } }', 'devices.tv'],
    ['devices: { 192.168.1.5: { name: tv } }', 'devices["192.168.1.5"].name'],
    ['pause: soon', 'pause'],
    ['pause: { until: 2026-11-26T20:00 }', 'pause.until'],
    ['pause: { untill: 2026-11-26T20:00:00Z }', 'pause.untill'],
    ['groups: { kids: { bonus: { from: 2026-11-26T20:00:00Z, to: later } } }', 'groups.kids.bonus.to'],
    ['bonus: {}', 'bonus'],
  ])('%s is told, and the rest is used', (text, path) => {
    const { problems, rules } = readRules(`${text}\nallow: [x.example]\n`, 'rules.yaml')
    expect(problems.map(({ place }) => place?.path)).toContain(path)
    expect(rules.find(({ kind }) => kind === 'allow')?.rules).toHaveLength(1)
  })
})
