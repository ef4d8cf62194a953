import { describe, expect, test } from 'vitest'
import { policyBuilder } from '../../../src/policy/compile.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { openSnapshot } from '../../../src/policy/snapshot.ts'
import { compile, decide, rule, SEED, wireOf } from './build.ts'

const names = Array.from({ length: 100_000 }, (_, i) => `n${i}.${['com', 'net', 'example'][i % 3]}`)

describe('compiling', () => {
  test('keeps every one of many rules and finds no other name', () => {
    const { buffer, blocked, rules } = compile([names.map((name) => ({ kind: 'block', subtree: false, name }))])
    expect({ blocked, rules }).toEqual({ blocked: names.length, rules: [names.length] })
    const policy = openPolicy(buffer, [], 1)
    names.forEach((name, i) => {
      const decision = decide(policy, name)
      if (decision.kind !== 'block' || decision.line !== i + 1) expect.fail(`${name}: ${JSON.stringify(decision)}`)
      if (decide(policy, `m${name}`).kind !== 'none') expect.fail(`m${name} is blocked`)
    })
  })

  test('keeps every rule of tables of any size, whatever the seed', () => {
    // Small parts are the hard case: there chance makes some of them nearly empty.
    for (let round = 0; round < 100; round++) {
      const some = names.slice(round * 500, round * 500 + 1 + round * 9)
      const { buffer } = compile([some.map((name) => ({ kind: 'block', subtree: false, name }))], [round, 7 * round, 1])
      const policy = openPolicy(buffer, [], 1)
      expect(some.filter((name) => decide(policy, name).kind !== 'block')).toEqual([])
    }
  })

  test('takes at most 18 bytes a rule', () => {
    for (const count of [2 ** 16, 2 ** 16 + 1, 80_000, 100_000]) {
      const { buffer } = compile([names.slice(0, count).map((name) => ({ kind: 'block', subtree: true, name }))])
      expect(openSnapshot(buffer).size / count).toBeLessThan(18.1)
    }
  })

  test('keeps nothing of duplicates but the first, whatever their order', () => {
    const few = names.slice(0, 500).map((name) => ({ kind: 'block', subtree: false, name }) as const)
    const many = Array.from({ length: 40 }, (_, round) =>
      few.map((_, i) => few[(i * 7 + round) % few.length] as (typeof few)[0]),
    )
    const { buffer, blocked } = compile([few, many.flat()])
    expect(blocked).toBe(500)
    expect(openSnapshot(buffer).size).toBe(openSnapshot(compile([few, []]).buffer).size)
    expect(decide(openPolicy(buffer, [], 1), names[499] as string)).toMatchObject({ list: 0, line: 500 })
  })

  test('counts for each list its different rules, also those that another list has too', () => {
    const list = (...rules: string[]) => rules.map(rule)
    const { rules } = compile([
      list('block a.example', 'block a.example', 'block b.example'),
      list('block b.example', 'block c.example', 'block b.example', 'block *.b.example', 'allow b.example'),
      [],
      list('block a.example', 'block b.example', 'block c.example', 'block c.example'),
    ])
    expect(rules).toEqual([2, 4, 0, 3])
  })

  test('gives the same memory for the same rules and seed', () => {
    const lists = [names.slice(0, 300).map((name) => ({ kind: 'block', subtree: true, name }) as const)]
    expect(new Uint8Array(compile(lists).buffer)).toEqual(new Uint8Array(compile(lists).buffer))
    expect(new Uint8Array(compile(lists, [1, 2, 3]).buffer)).not.toEqual(new Uint8Array(compile(lists).buffer))
  })

  test('takes no more rules than its bound, and no name that is none', () => {
    const builder = policyBuilder(SEED, 2)
    builder.beginList()
    expect(builder.add('block', false, new Uint8Array(1), 1)).toBe(false)
    expect(builder.add('block', false, Uint8Array.from([0xc0, 0]), 1)).toBe(false)
    expect(builder.add('block', false, wireOf('a.example'), 1)).toBe(true)
    expect(builder.add('allow', true, wireOf('b.example'), 2)).toBe(true)
    expect(builder.add('block', false, wireOf('c.example'), 3)).toBe(false)
    const { buffer, blocked, allowed } = builder.finish()
    expect({ blocked, allowed }).toEqual({ blocked: 1, allowed: 1 })
    expect(decide(openPolicy(buffer, [], 1), 'c.example')).toEqual({ kind: 'none' })
  })

  test('numbers lines on over lists whose last lines have no rules', () => {
    const builder = policyBuilder(SEED)
    for (const [line, name] of [
      [20_000_000, 'a.example'],
      [3, 'b.example'],
      [20_000_000, 'c.example'],
    ] as const) {
      builder.beginList()
      builder.add('block', false, wireOf(name), line)
    }
    const policy = openPolicy(builder.finish().buffer, [], 1)
    expect(decide(policy, 'a.example')).toMatchObject({ list: 0, line: 20_000_000 })
    expect(decide(policy, 'b.example')).toMatchObject({ list: 1, line: 3 })
    expect(decide(policy, 'c.example')).toMatchObject({ list: 2, line: 20_000_000 })
  })
})
