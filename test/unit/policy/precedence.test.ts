import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLAUSES, RANKS, rankRule } from '../../../src/policy/precedence.ts'

describe('the precedence', () => {
  test('stands in docs/policy.md as it stands in the source', () => {
    const page = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| (\d+) \| `([a-z-]+)` \| (.*) \|$/gm)].map(([, place, clause, words]) => ({
      place: Number(place),
      clause,
      words,
    }))
    expect(rows).toEqual(RANKS.map((clause, i) => ({ place: i + 1, clause, words: CLAUSES[clause].words })))
  })

  test.each([
    ['a rule of the device', { allows: true, own: true }, 'device-allow'],
    ['a rule of the device', { own: true, important: true }, 'device-block'],
    ['a line of an allowlist', { allows: true, allowList: true, important: true }, 'allow-list'],
    ['an important exception', { allows: true, important: true }, 'important-exception'],
    ['an important rule', { important: true }, 'important-block'],
    ['an exception', { allows: true }, 'exception'],
    ['a rule', {}, 'block-list'],
  ])('%s has its clause', (_, { allows = false, own = false, allowList = false, important = false }, clause) => {
    expect(RANKS[rankRule(allows, own, allowList, important)]).toBe(clause)
  })
})
