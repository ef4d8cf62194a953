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
    ['a rule of the device that allows', 'device-allow', rankRule(true, true, false, false)],
    ['a rule of the device that blocks, important or not', 'device-block', rankRule(false, true, false, true)],
    ['a line of an allowlist', 'allow-list', rankRule(true, false, true, true)],
    ['an important exception', 'important-exception', rankRule(true, false, false, true)],
    ['an important rule', 'important-block', rankRule(false, false, false, true)],
    ['an exception', 'exception', rankRule(true, false, false, false)],
    ['a rule', 'block-list', rankRule(false, false, false, false)],
  ])('%s has its clause', (_, clause, rank) => {
    expect(RANKS[rank]).toBe(clause)
  })
})
