import { describe, expect, test } from 'vitest'
import { type Prefix, parsePrefix } from '../../../src/base/address.ts'
import { TYPE } from '../../../src/base/question.ts'
import { policyBuilder } from '../../../src/policy/compile.ts'
import {
  ALLOW,
  BLOCK,
  type ConditionalRule,
  conditional,
  inList,
  kindOfRule,
  NXDOMAIN,
  ruleKey,
} from '../../../src/policy/rule.ts'
import { SEED } from './build.ts'

const ads = { kind: 'name', name: 'ads.example', covers: 'tree' } as const
const range = { kind: 'address', prefix: parsePrefix('192.0.2.0/24') as Prefix } as const

const RULES: readonly [string | undefined, ConditionalRule][] = [
  [undefined, conditional(ads, BLOCK)],
  ['important', conditional(ads, ALLOW, { important: true })],
  ['below', conditional({ ...ads, covers: 'below' }, BLOCK)],
  ['action', conditional(ads, NXDOMAIN)],
  ['condition', conditional(ads, BLOCK, { types: { only: [TYPE.AAAA], not: [] } })],
  ['condition', conditional({ kind: 'any' }, BLOCK, { except: ['example'] })],
  ['regex', conditional({ kind: 'regex', pattern: '^ads' }, BLOCK)],
  ['address', conditional(range, BLOCK)],
  ['cancel', conditional(ads, BLOCK, { cancels: true })],
]

describe('a conditional rule', () => {
  test.each(RULES)('is of kind %s', (kind, rule) => {
    expect(kindOfRule(rule)).toBe(kind)
  })

  test('can be sent to another thread', () => {
    for (const [, rule] of RULES) expect(structuredClone(rule)).toEqual(rule)
  })

  test('cancels the one that is the same but for that', () => {
    expect(new Set(RULES.map(([, rule]) => ruleKey(rule))).size).toBe(RULES.length - 1)
    expect(ruleKey(conditional(ads, BLOCK, { cancels: true }))).toBe(ruleKey(conditional(ads, BLOCK)))
  })

  test('in an allowlist allows', () => {
    expect(inList(conditional(ads, NXDOMAIN), 'allow').action).toBe(ALLOW)
    expect(inList(conditional(ads, NXDOMAIN), 'block').action).toBe(NXDOMAIN)
  })
})

describe('a policy', () => {
  test('takes what it can honour and says of the rest that it cannot', () => {
    const builder = policyBuilder(SEED)
    builder.beginList()
    expect(builder.addConditional(conditional(ads, BLOCK, { important: true }), 1)).toBe('taken')
    expect(builder.finish().blocked).toBe(1)
  })
})
