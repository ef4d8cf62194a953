// The matcher that is obviously right: looks at every rule and takes the best by the stated precedence. Slow.
import { isUnder, type Name } from '../../../src/base/name.ts'
import type { Decision, ListInfo } from '../../../src/policy/decision.ts'
import { CLAUSES, type Clause } from '../../../src/policy/precedence.ts'
import type { Rule } from './build.ts'

/** A list with whom it is for. */
export interface GivenList {
  readonly info: ListInfo
  readonly rules: readonly Rule[]
}

/** Who asks: the groups, and the key of the device's own rules. */
export interface Asker {
  readonly groups: readonly string[]
  readonly key: string
}

/** What the policy must say. */
export function reference(lists: readonly GivenList[], name: Name, { groups, key }: Asker): Decision {
  const order = Object.keys(CLAUSES)
  const matches = lists
    .flatMap(({ info, rules }, list) => rules.map((rule, i) => ({ ...rule, info, list, line: i + 1 })))
    .filter(({ info }) => (info.device ? info.device === key : info.groups?.some((group) => groups.includes(group))))
    .filter((rule) => rule.name === name || (rule.subtree && isUnder(name, rule.name)))
    .map((rule) => ({ ...rule, labels: rule.name.split('.').length, clause: clauseOf(rule, rule.info) }))
    .sort(
      (a, b) =>
        order.indexOf(a.clause) - order.indexOf(b.clause) ||
        Number(a.subtree) - Number(b.subtree) ||
        b.labels - a.labels,
    )
  const best = matches[0]
  if (best === undefined) return { kind: 'none' }
  const { kind, list, line, labels, subtree, clause } = best
  return { kind, list, line, labels, subtree, clause }
}

function clauseOf({ kind }: Rule, info: ListInfo): Clause {
  if (info.device !== undefined) return kind === 'allow' ? 'device-allow' : 'device-block'
  if (kind === 'block') return 'block-list'
  return info.kind === 'allow' ? 'allow-list' : 'exception'
}
