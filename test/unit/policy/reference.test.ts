import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBytes, parsePrefix } from '../../../src/base/address.ts'
import type { Name } from '../../../src/base/name.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { type ConditionalRule, conditional, inList, kindOfRule, type RuleAction } from '../../../src/policy/rule.ts'
import { compileLists, info, type Rule, wireOf } from './build.ts'
import { type Asker, bare, type GivenList, reference } from './reference.ts'

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
const selection = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({ only: [] as T[], not: [] as T[] }) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: 2 }).map((only) => ({ only, not: [] as T[] })) },
    { weight: 1, arbitrary: fc.array(one, { minLength: 1, maxLength: 2 }).map((not) => ({ only: [] as T[], not })) },
  )
const type = fc.constantFrom(1, 28, 65)
const asker: fc.Arbitrary<Asker> = fc.record({
  groups,
  key,
  type,
  only: fc.constantFrom(false, false, true),
  client: fc.record({
    address: fc.constantFrom('192.168.1.5', '192.168.2.5', 'fd00::5').map((text) => addressBytes(text) as Uint8Array),
    names: fc.subarray(['tv', 'tablet']),
  }),
})

const target = fc.oneof(
  fc.record({ kind: fc.constant('name' as const), name, covers: fc.constantFrom('name', 'below', 'tree') }),
  fc.record({
    kind: fc.constant('regex' as const),
    pattern: fc.constantFrom('^ads', 'long-label', 'a[b.]+', '(ads|c-1)\\.', 'b\\.example$', 'ab?\\.ads'),
  }),
  fc.constant({ kind: 'any' as const }),
)
const action: fc.Arbitrary<RuleAction> = fc.constantFrom<RuleAction>(
  { kind: 'block' },
  { kind: 'block' },
  { kind: 'allow' },
  { kind: 'rcode', rcode: 3 },
  { kind: 'drop' },
  { kind: 'passthru' },
)
const client = fc.constantFrom(
  { kind: 'name' as const, name: 'tv' },
  { kind: 'range' as const, prefix: parsePrefix('192.168.1.0/24') as never },
)
const aConditional = fc
  .record({
    target,
    action,
    important: fc.boolean(),
    cancels: fc.constantFrom(false, false, false, true),
    types: selection(type),
    clients: selection(client),
    except: fc.array(name, { maxLength: 1 }),
  })
  .map(({ target, action, ...rest }) => conditional(target as never, action, rest as never))
  .filter((rule) => kindOfRule({ ...rule, cancels: false }) !== undefined || rule.cancels)

/** Lists for everybody are the common case; an allowlist has no rule that blocks. */
const list: fc.Arbitrary<GivenList> = fc
  .record({
    kind: fc.constantFrom('block' as const, 'block' as const, 'allow' as const),
    groups: fc.oneof(fc.constant(['default']), groups),
    device: fc.option(key, { freq: 4 }),
    rules: fc.array(aRule, { maxLength: 8 }),
    conditionals: fc.oneof(fc.constant<ConditionalRule[]>([]), fc.array(aConditional, { maxLength: 4 })),
  })
  .map(({ kind, groups, device, rules, conditionals }) => ({
    info: { ...info(0, 0), kind, groups, ...(device ? { device } : {}) },
    rules: rules.map((rule) => (kind === 'allow' ? { ...rule, kind } : rule)),
    conditionals: conditionals.map((rule) => inList(rule, kind)),
  }))
const lists = fc.array(list, { maxLength: 5 })
const seed = fc.tuple(fc.integer(), fc.integer(), fc.integer())

/** Names worth asking: those of the rules, above and beneath them, and others. */
const around = (of: Name): Name[] => [of, `a.${of}`, `b.a.${of}`, `x${of}`, of.split('.').slice(1).join('.') || 'a']
const namesOf = ({ rules, conditionals }: GivenList): Name[] => [
  ...rules.map((rule) => rule.name),
  ...conditionals.flatMap((rule) => (rule.target.kind === 'name' ? [rule.target.name] : [])),
]

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
        const { buffer, conditionals } = compileLists(given, chance)
        const infos = given.map((one) => one.info)
        const policy = openPolicy(buffer, infos, 1, conditionals)
        const asked = [...given.flatMap(namesOf).flatMap(around), ...others]
        for (const who of all) {
          const audience = policy.audience(who.groups, [who.key], who.only)
          for (const one of asked) {
            const decision = policy.decide(wireOf(one), 0, audience, who.type, who.client)
            expect(bare(decision)).toEqual(reference(given, one, who))
            pairs++
          }
        }
      },
    )
    while (pairs < PAIRS) fc.assert(property, { numRuns: 200 })
    expect(pairs).toBeGreaterThanOrEqual(PAIRS)
  })
})
