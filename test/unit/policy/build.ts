// Builds policies out of rules as text, for tests.
import { type Name, wireFromName } from '../../../src/base/name.ts'
import { policyBuilder } from '../../../src/policy/compile.ts'
import type { Decision, ListInfo, ListKind, Policy } from '../../../src/policy/decision.ts'
import type { Seed } from '../../../src/policy/hash.ts'
import { kins } from '../../../src/policy/kin.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import type { ConditionalRule } from '../../../src/policy/rule.ts'

export const SEED: Seed = [0x6a09_e667, 0x3c6e_f372, 0x510e_527f]

/** One rule: `subtree` covers the names under `name` too. */
export interface Rule {
  readonly kind: ListKind
  readonly subtree: boolean
  readonly name: Name
}

/** `block x`, `allow *.x`. */
export function rule(text: string): Rule {
  const [kind, pattern] = text.split(' ') as [ListKind, string]
  const subtree = pattern.startsWith('*.')
  return { kind, subtree, name: subtree ? pattern.slice(2) : pattern }
}

export const wireOf = (name: Name): Uint8Array => {
  const wire = wireFromName(name)
  if (wire === undefined) throw new TypeError(`not a name: ${name}`)
  return wire
}

/** Compiles lists of rules; the rule at index i of a list stands in its line i + 1. */
export function compile(lists: readonly (readonly Rule[])[], seed = SEED) {
  const builder = policyBuilder(seed)
  for (const list of lists) {
    builder.beginList()
    list.forEach(({ kind, subtree, name }, i) => {
      if (!builder.add(kind, subtree, wireOf(name), i + 1)) throw new TypeError(`not taken: ${name}`)
    })
  }
  return builder.finish()
}

/** Compiles lists with whom they are for; kin as `kins` has it. */
export function compileLists(
  lists: readonly {
    readonly info: ListInfo
    readonly rules: readonly Rule[]
    readonly conditionals?: readonly ConditionalRule[]
  }[],
  seed = SEED,
) {
  const builder = policyBuilder(seed)
  const kin = kins(lists.map(({ info }) => info))
  lists.forEach(({ rules, conditionals = [] }, list) => {
    builder.beginList(kin[list])
    for (const [i, { kind, subtree, name }] of rules.entries()) builder.add(kind, subtree, wireOf(name), i + 1)
    for (const [i, rule] of conditionals.entries()) builder.addConditional(rule, rules.length + i + 1)
  })
  return builder.finish()
}

/** A policy of lists of rules as text. */
export function policyOf(...lists: readonly (readonly string[])[]): Policy {
  const { buffer } = compile(lists.map((list) => list.map(rule)))
  return openPolicy(buffer, lists.map(info), 1)
}

export const info = (_: unknown, index: number): ListInfo => ({
  name: `list ${index}`,
  path: undefined,
  kind: 'block',
  formats: [],
  rules: 0,
  lines: 0,
  rejected: 0,
})

export const decide = (policy: Policy, name: Name): Decision => policy.decide(wireOf(name), 0)
