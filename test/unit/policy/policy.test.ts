import { describe, expect, test } from 'vitest'
import { openPolicy } from '../../../src/policy/policy.ts'
import { compile, decide, info, policyOf, rule, wireOf } from './build.ts'

const NONE = { kind: 'none' }
const block = (line: number, labels: number, subtree: boolean, list = 0) => ({
  kind: 'block',
  list,
  line,
  labels,
  subtree,
  clause: 'block-list',
})
const allow = (line: number, labels: number, subtree: boolean, list = 0) => ({
  kind: 'allow',
  list,
  line,
  labels,
  subtree,
  clause: 'exception',
})

describe('a rule for a name', () => {
  const policy = policyOf(['block ads.example'])
  test('is for that name only', () => {
    expect(decide(policy, 'ads.example')).toEqual(block(1, 2, false))
    for (const name of ['x.ads.example', 'example', 'ads.example.org', 'xads.example', 'ds.example', '.']) {
      expect(decide(policy, name), name).toEqual(NONE)
    }
  })
})

describe('a rule with sub-domains', () => {
  const policy = policyOf(['block *.ads.example', 'block *.zip'])
  test('is for the name and everything under it', () => {
    expect(decide(policy, 'ads.example')).toEqual(block(1, 2, true))
    expect(decide(policy, 'a.b.c.ads.example')).toEqual(block(1, 2, true))
    expect(decide(policy, 'zip')).toEqual(block(2, 1, true))
    expect(decide(policy, 'anything.zip')).toEqual(block(2, 1, true))
  })
  test('is for nothing beside or above it', () => {
    for (const name of ['example', 'xads.example', 'ads.example.org', 'zip.example', '.']) {
      expect(decide(policy, name), name).toEqual(NONE)
    }
  })
})

describe('precedence', () => {
  test('what is allowed wins over what is blocked, whichever names more labels', () => {
    const policy = policyOf(['block a.b.example', 'block *.b.example', 'allow *.example', 'block *.org', 'allow b.org'])
    expect(decide(policy, 'a.b.example')).toEqual(allow(3, 1, true))
    expect(decide(policy, 'b.org')).toEqual(allow(5, 2, false))
    expect(decide(policy, 'a.b.org')).toEqual(block(4, 1, true))
  })

  test('of two block rules the one with more labels is named', () => {
    const policy = policyOf(['block *.example', 'block *.b.example', 'block *.a.b.example'])
    expect(decide(policy, 'x.a.b.example')).toEqual(block(3, 3, true))
    expect(decide(policy, 'x.b.example')).toEqual(block(2, 2, true))
    expect(decide(policy, 'x.example')).toEqual(block(1, 1, true))
  })

  test('the rule for the name alone is named before the one with its sub-domains', () => {
    const policy = policyOf(['block *.b.example', 'block b.example', 'allow *.b.org', 'allow b.org'])
    expect(decide(policy, 'b.example')).toEqual(block(2, 2, false))
    expect(decide(policy, 'b.org')).toEqual(allow(4, 2, false))
  })

  test('of several allow rules the one with most labels is named', () => {
    const policy = policyOf(['allow *.example', 'allow *.b.example'])
    expect(decide(policy, 'a.b.example')).toEqual(allow(2, 2, true))
  })

  test('of equal rules the first list is named, and in it the first line', () => {
    const policy = policyOf(
      ['block x.example'],
      ['block a.example', 'block b.example', 'block b.example'],
      ['block b.example'],
    )
    expect(decide(policy, 'b.example')).toEqual(block(2, 2, false, 1))
  })
})

describe('lists and lines', () => {
  test('are told for every rule, with empty lists between', () => {
    const lists = [[], ['block a.example', 'allow b.example'], [], [], ['block c.example', 'block *.d.example'], []]
    const policy = policyOf(...lists)
    expect(decide(policy, 'a.example')).toEqual(block(1, 2, false, 1))
    expect(decide(policy, 'b.example')).toEqual(allow(2, 2, false, 1))
    expect(decide(policy, 'c.example')).toEqual(block(1, 2, false, 4))
    expect(decide(policy, 'x.d.example')).toEqual(block(2, 2, true, 4))
  })
})

describe('names of odd shapes', () => {
  test('of 31 labels and more are found, with their sub-domains', () => {
    const deep = Array.from({ length: 60 }, (_, i) => `l${i % 10}`).join('.')
    const policy = policyOf([`block ${deep}`, `block *.${deep.split('.').slice(-31).join('.')}`])
    expect(decide(policy, deep)).toEqual(block(1, 60, false))
    expect(decide(policy, deep.split('.').slice(1).join('.'))).toEqual(block(2, 31, true))
    expect(decide(policy, deep.split('.').slice(-30).join('.'))).toEqual(NONE)
  })

  test('are decided by their bytes: dots, zeros and high bytes inside labels are just bytes', () => {
    const policy = policyOf(['block a\\.b.example', 'block \\000\\255.example'])
    expect(decide(policy, 'a\\.b.example')).toEqual(block(1, 2, false))
    expect(decide(policy, 'a.b.example')).toEqual(NONE)
    expect(decide(policy, '\\000\\255.example')).toEqual(block(2, 2, false))
  })

  test('are decided at any offset, and what is no name is not decided', () => {
    const policy = policyOf(['block ads.example', 'block *.example'])
    const packet = Uint8Array.from([0, 1, 2, ...wireOf('ads.example'), 0, 1])
    expect(policy.decide(packet, 3)).toEqual(block(1, 2, false))
    expect(policy.decide(Uint8Array.from([3, 97, 100, 115, 0xc0, 0x0c]), 0)).toEqual(NONE)
    expect(policy.decide(Uint8Array.from([3, 97]), 0)).toEqual(NONE)
  })
})

describe('a policy', () => {
  test('without rules decides nothing', () => {
    expect(decide(policyOf(), 'ads.example')).toEqual(NONE)
    expect(decide(policyOf([], []), 'ads.example')).toEqual(NONE)
  })

  test('knows its generation, its lists and how many names it is about, each counted once', () => {
    const rules = ['block a.example', 'block a.example', 'block *.a.example', 'block b.example', 'allow c.example']
    const { buffer, blocked, allowed } = compile([
      rules.map(rule),
      [rule('block b.example'), rule('allow *.c.example')],
    ])
    const lists = [0, 1].map((_, i) => info(_, i))
    const policy = openPolicy(buffer, lists, 7)
    expect(policy).toMatchObject({ generation: 7, lists, blocked: 2, allowed: 1 })
    expect({ blocked, allowed }).toEqual({ blocked: 2, allowed: 1 })
  })

  test('is the same in two threads that share the memory: each opens it for itself', () => {
    const { buffer } = compile([[rule('block ads.example')]])
    const [one, other] = [openPolicy(buffer, [], 1), openPolicy(buffer, [], 1)]
    expect(decide(one, 'ads.example')).toEqual(decide(other, 'ads.example'))
  })

  test('cannot be opened from other memory', () => {
    expect(() => openPolicy(new SharedArrayBuffer(1024), [], 1)).toThrow(/not a policy snapshot/)
    const { buffer } = compile([[rule('block ads.example')]])
    const cut = new SharedArrayBuffer(buffer.byteLength - 4)
    new Uint8Array(cut).set(new Uint8Array(buffer).subarray(0, cut.byteLength))
    expect(() => openPolicy(cut, [], 1)).toThrow(/not a policy snapshot/)
  })
})
