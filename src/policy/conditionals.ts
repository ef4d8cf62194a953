// The conditional rules of a policy while they are gathered, and as plain values that another thread can take. Knows lists
// by their number.
import { wireFromName } from '../base/name.ts'
import { prefixWire } from './prefix-wire.ts'
import { type ConditionalRule, ruleKey } from './rule.ts'

/** A conditional rule and where it stands. */
export interface PlacedRule {
  readonly rule: ConditionalRule
  readonly list: number
  readonly line: number
}

/** All conditional rules of a policy. Numbers are indexes into `rules`. */
export interface Conditionals {
  readonly rules: readonly PlacedRule[]
  /** Those for a name or a range of addresses: the entry with number i in the table `conditional` stands for chain i - 1. */
  readonly chains: readonly (readonly number[])[]
  readonly patterns: readonly number[]
  /** Those for every name. */
  readonly every: readonly number[]
  /** Lengths of the ranges of addresses that any rule names, longest first. */
  readonly ipv4: readonly number[]
  readonly ipv6: readonly number[]
}

/** A policy that has none. */
export const NO_CONDITIONALS: Conditionals = Object.freeze({
  rules: [],
  chains: [],
  patterns: [],
  every: [],
  ipv4: [],
  ipv6: [],
})

/** What the tables are filled from. */
interface Sorted {
  readonly wires: readonly Uint8Array[]
  /** Whether a chain is for a name, and a rule of it blocks that name. */
  readonly blocking: readonly boolean[]
}

const NOT_BLOCKING: readonly string[] = ['allow', 'passthru', 'no-rewrite']
const blocksName = ({ target, action }: ConditionalRule): boolean =>
  target.kind === 'name' && !NOT_BLOCKING.includes(action.kind)

/** The rules that no rule of `cancelled` takes back, sorted by what they look at; `wires` has the key of each chain. */
export function sortConditionals(
  placed: readonly PlacedRule[],
  cancelled: ReadonlySet<string>,
): Sorted & Omit<Conditionals, 'ipv4' | 'ipv6'> {
  const rules = cancelled.size === 0 ? placed : placed.filter(({ rule }) => !cancelled.has(ruleKey(rule)))
  const chains: number[][] = []
  const wires: Uint8Array[] = []
  const byKey = new Map<string, number[]>()
  const patterns: number[] = []
  const every: number[] = []
  const chain = (wire: Uint8Array | undefined, number: number): void => {
    if (wire === undefined) return
    const key = Buffer.from(wire).toString('latin1')
    const known = byKey.get(key)
    if (known !== undefined) return void known.push(number)
    const fresh = [number]
    byKey.set(key, fresh)
    chains.push(fresh)
    wires.push(wire)
  }
  for (const [number, { rule }] of rules.entries()) {
    const { target } = rule
    if (target.kind === 'name') chain(wireFromName(target.name), number)
    else if (target.kind === 'address') chain(prefixWire(target.prefix), number)
    else if (target.kind === 'regex') patterns.push(number)
    else every.push(number)
  }
  const blocking = chains.map((chain) => chain.some((number) => blocksName((rules[number] as PlacedRule).rule)))
  return { rules, chains, wires, blocking, patterns, every }
}
