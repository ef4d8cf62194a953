import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../../src/lists/load.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide, SEED } from '../policy/build.ts'
import { sourcesOf } from './folder.ts'
import { readText } from './reading.ts'

describe('the lists that come with askfirst', () => {
  test('load without a complaint: a starter list, and an allowlist with nothing in it', async () => {
    const result = await loadPolicy(sourcesOf({ folder: 'blocklists' }), 'refuse', SEED)
    if (result.kind === 'refused') expect.fail(result.problems[0]?.message)
    expect(result.problems).toEqual([])
    expect(result.lists.map(({ name, kind, rules, skipped }) => [name, kind, rules, skipped])).toEqual([
      ['example-allow.txt', 'allow', 0, {}],
      ['starter.hosts', 'block', result.blocked, {}],
    ])
    expect(result.blocked).toBeGreaterThan(50)
    expect(result.blocked).toBeLessThan(100)
    const policy = openPolicy(result.buffer, result.lists, 1)
    expect(decide(policy, 'ad.doubleclick.net').kind).toBe('block')
    expect(decide(policy, 'www.google.com').kind).toBe('none')
  })

  test('repeat no name', () => {
    const { rules } = readText(readFileSync('blocklists/starter.hosts'))
    expect(new Set(rules).size).toBe(rules.length)
  })

  test('say of each group what may break', () => {
    const groups = readFileSync('blocklists/starter.hosts', 'utf8').split('# --- ').slice(1)
    expect(groups.length).toBeGreaterThan(5)
    for (const group of groups) expect(group).toMatch(/^.+ -{3,}\n# May break: \S/)
  })

  test('have examples that are rules when they are uncommented', () => {
    const text = readFileSync('blocklists/example-allow.txt', 'utf8')
    const examples = text
      .split('\n\n')
      .slice(1)
      .flatMap((block) => block.trimEnd().split('\n').slice(1))
    expect(readText(examples.join('\n')).rules).toEqual([])
    const { rules, rejected } = readText(examples.map((line) => line.replace(/^# /, '')).join('\n'))
    expect(rejected).toBe(0)
    expect(rules).toHaveLength(examples.length)
  })
})
