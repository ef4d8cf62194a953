import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUnder, type Name } from '../../../src/base/name.ts'
import type { Decision } from '../../../src/policy/decision.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { compile, decide, type Rule } from './build.ts'

/** The matcher that is obviously right: looks at every rule and takes the best by the stated precedence. */
function reference(lists: readonly (readonly Rule[])[], name: Name): Decision {
  const labelsOf = (of: Name): number => of.split('.').length
  const matches = lists
    .flatMap((rules, list) => rules.map((rule, i) => ({ ...rule, list, line: i + 1, labels: labelsOf(rule.name) })))
    .filter((rule) => rule.name === name || (rule.subtree && isUnder(name, rule.name)))
    .sort(
      (a, b) =>
        Number(b.kind === 'allow') - Number(a.kind === 'allow') ||
        Number(a.subtree) - Number(b.subtree) ||
        b.labels - a.labels,
    )
  const best = matches[0]
  if (best === undefined) return { kind: 'none' }
  const { kind, list, line, labels, subtree } = best
  return { kind, list, line, labels, subtree }
}

// Few labels, so that rules meet: equal names, parents and children of each other are common.
const label = fc.constantFrom('a', 'b', 'ab', 'ads', 'c-1', 'long-label-of-more-than-four-bytes', 'example')
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const aRule: fc.Arbitrary<Rule> = fc.record({
  kind: fc.constantFrom('block', 'block', 'allow'),
  subtree: fc.boolean(),
  name,
})
const lists = fc.array(fc.array(aRule, { maxLength: 8 }), { maxLength: 4 })
const seed = fc.tuple(fc.integer(), fc.integer(), fc.integer())

/** Names worth asking: those of the rules, above and beneath them, and others. */
const around = (of: Name): Name[] => [of, `a.${of}`, `b.a.${of}`, `x${of}`, of.split('.').slice(1).join('.') || 'a']

describe('the snapshot', () => {
  test('decides as a matcher of ten lines does, for names on, above, beneath and beside its rules', () => {
    let pairs = 0
    fc.assert(
      fc.property(lists, fc.array(name, { maxLength: 20 }), seed, (rules, others, chance) => {
        const policy = openPolicy(compile(rules, chance).buffer, [], 1)
        for (const asked of [...rules.flat().flatMap((rule) => around(rule.name)), ...others]) {
          expect(decide(policy, asked)).toEqual(reference(rules, asked))
          pairs++
        }
      }),
      { numRuns: Number(process.env['ASKFIRST_PROPERTY_RUNS'] ?? 500) },
    )
    expect(pairs).toBeGreaterThan(10_000)
  })
})
