import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Name } from '../../../src/base/name.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { compileLists, info, type Rule, wireOf } from './build.ts'
import { type Asker, type GivenList, reference } from './reference.ts'

// Few labels, so that rules meet: equal names, parents and children of each other are common.
const label = fc.constantFrom('a', 'b', 'ab', 'ads', 'c-1', 'long-label-of-more-than-four-bytes', 'example')
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const aRule: fc.Arbitrary<Rule> = fc.record({
  kind: fc.constantFrom('block', 'block', 'allow'),
  subtree: fc.boolean(),
  name,
})
const groups = fc.subarray(['default', 'children', 'guests'])
const key = fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02', '')
const asker: fc.Arbitrary<Asker> = fc.record({ groups, key })

/** Lists for everybody are the common case; an allowlist has no rule that blocks. */
const list: fc.Arbitrary<GivenList> = fc
  .record({
    kind: fc.constantFrom('block' as const, 'block' as const, 'allow' as const),
    groups: fc.oneof(fc.constant(['default']), groups),
    device: fc.option(key, { freq: 4 }),
    rules: fc.array(aRule, { maxLength: 8 }),
  })
  .map(({ kind, groups, device, rules }) => ({
    info: { ...info(0, 0), kind, groups, ...(device ? { device } : {}) },
    rules: rules.map((rule) => (kind === 'allow' ? { ...rule, kind } : rule)),
  }))
const lists = fc.array(list, { maxLength: 5 })
const seed = fc.tuple(fc.integer(), fc.integer(), fc.integer())

/** Names worth asking: those of the rules, above and beneath them, and others. */
const around = (of: Name): Name[] => [of, `a.${of}`, `b.a.${of}`, `x${of}`, of.split('.').slice(1).join('.') || 'a']

/** Pairs of a name and a rule set; ASKFIRST_PROPERTY_PAIRS=1000000 runs the long way. */
const PAIRS = Number(process.env['ASKFIRST_PROPERTY_PAIRS'] ?? 20_000)

describe('the snapshot', () => {
  test('decides as a matcher of ten lines does, for names on, above, beneath and beside its rules, whoever asks', {
    timeout: 60_000 + PAIRS,
  }, () => {
    let pairs = 0
    const askers = fc.array(asker, { minLength: 1, maxLength: 3 })
    const property = fc.property(
      lists,
      fc.array(name, { maxLength: 20 }),
      askers,
      seed,
      (given, others, all, chance) => {
        const { buffer } = compileLists(given, chance)
        const infos = given.map((one) => one.info)
        const policy = openPolicy(buffer, infos, 1)
        const asked = [...given.flatMap(({ rules }) => rules.flatMap((rule) => around(rule.name))), ...others]
        for (const who of all) {
          const audience = policy.audience(who.groups, [who.key])
          for (const one of asked) {
            expect(policy.decide(wireOf(one), 0, audience)).toEqual(reference(given, one, who))
            pairs++
          }
        }
      },
    )
    while (pairs < PAIRS) fc.assert(property, { numRuns: 200 })
    expect(pairs).toBeGreaterThanOrEqual(PAIRS)
  })
})
