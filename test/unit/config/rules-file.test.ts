import { describe, expect, test } from 'vitest'
import { RULES_HEAD, readRules, withName, withRule } from '../../../src/config/rules-file.ts'

const ALL = { group: undefined, device: undefined }
const MAC = '02:00:5e:10:00:01'

describe('the file of rules', () => {
  test('begins with words for people, and grows rule by rule', () => {
    const one = withRule('', 'block', 'ads.example', ALL)
    expect(one).toBe(`${RULES_HEAD}block: [ ads.example ]\n`)
    const two = withRule(one, 'allow', '*.shop.example', { ...ALL, group: 'children' })
    const three = withName(withRule(two, 'block', 'tv.example', { ...ALL, device: MAC }), MAC, 'television')
    const { rules, names, problems } = readRules(three, 'rules.yaml')
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
    expect(withRule(text, 'block', 'd.example', ALL)).toBe(
      '# mine\nblock:\n  - b.example # because\n  - a.example\n  - d.example\n\n# the end\nallow:\n  - c.example\n',
    )
    expect(readRules(text, 'rules.yaml').rules[1]?.rules).toEqual([
      { text: 'b.example', line: 3 },
      { text: 'a.example', line: 4 },
    ])
  })

  test('has a rule once, and not its opposite', () => {
    const text = 'block:\n  - a.example\n  - b.example\n'
    expect(withRule(text, 'block', 'a.example', ALL)).toBe(text)
    const { rules } = readRules(withRule(text, 'allow', 'a.example', ALL), 'rules.yaml')
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
  ])('%s is told, and the rest is used', (text, path) => {
    const { problems, rules } = readRules(`${text}\nallow: [x.example]\n`, 'rules.yaml')
    expect(problems.map(({ place }) => place?.path)).toEqual([path])
    expect(rules.find(({ kind }) => kind === 'allow')?.rules).toHaveLength(1)
  })
})
