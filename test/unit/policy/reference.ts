// The matcher that is obviously right: looks at every rule and takes the best by the stated precedence. Slow.
import { prefixHas } from '../../../src/base/address.ts'
import { isUnder, type Name } from '../../../src/base/name.ts'
import type { RuleClient } from '../../../src/policy/condition.ts'
import type { Decision, ListInfo } from '../../../src/policy/decision.ts'
import { CLAUSES, type Clause } from '../../../src/policy/precedence.ts'
import type { ConditionalRule, Target } from '../../../src/policy/rule.ts'
import type { Rule } from './build.ts'

/** A list with whom it is for. Plain rules stand in the first lines, conditional ones behind them. */
export interface GivenList {
  readonly info: ListInfo
  readonly rules: readonly Rule[]
  readonly conditionals: readonly ConditionalRule[]
}

/** Who asks for what: the groups, the key of the device's own rules, the type, the client. */
export interface Asker {
  readonly groups: readonly string[]
  readonly key: string
  readonly type: number
  readonly client: RuleClient
  /** One of the groups gets only what is allowed. */
  readonly only: boolean
}

/** What the policy must say, but for its action. */
export function reference(lists: readonly GivenList[], name: Name, asker: Asker) {
  const order = Object.keys(CLAUSES)
  const all = lists.flatMap((list, number) =>
    allRules(list).map((rule) => ({ ...rule, info: list.info, list: number })),
  )
  const cancelled = all.filter(({ rule }) => rule.cancels).map(({ rule }) => keyOf(rule))
  const matches = all
    .filter(({ rule }) => !rule.cancels && !cancelled.includes(keyOf(rule)))
    .filter(({ info }) =>
      info.device ? info.device === asker.key : info.groups?.some((group) => asker.groups.includes(group)),
    )
    .filter(({ rule }) => meets(rule.target, name) && holds(rule, name, asker))
    .map((one) => ({ ...one, ...shape(one.rule.target, name) }))
  const passes = matches.filter(({ rule }) => rule.action.kind === 'passthru')
  const best = matches
    .filter(({ rule }) => rule.action.kind !== 'passthru')
    .filter((one) => !passes.some((pass) => pass.list === one.list && telling(pass) >= telling(one)))
    .map((one) => ({ ...one, clause: clauseOf(one.rule, one.info) }))
    .sort(
      (a, b) =>
        order.indexOf(a.clause) - order.indexOf(b.clause) ||
        Number(a.subtree) - Number(b.subtree) ||
        b.labels - a.labels ||
        a.list - b.list ||
        Number(leads(b.rule)) - Number(leads(a.rule)) ||
        a.line - b.line,
    )[0]
  if (best === undefined && asker.only) return { ...ONLY, list: lists.length }
  if (best === undefined) return { kind: 'none' }
  const { list, line, labels, subtree, clause } = best
  return { kind: CLAUSES[clause].kind, list, line, labels, subtree, clause }
}

/** The part of a decision that the reference tells. */
export function bare(decision: Decision) {
  if (decision.kind === 'none') return { kind: 'none' }
  const { kind, list, line, labels, subtree, clause } = decision
  return { kind, list, line, labels, subtree, clause }
}

const ONLY = { kind: 'block', line: 0, labels: 0, subtree: true, clause: 'allow-only' }

const leads = ({ action }: ConditionalRule): boolean => action.kind === 'records' || action.kind === 'alias'

const EVERY = { only: [], not: [] }
const allRules = ({ rules, conditionals }: GivenList) =>
  [
    ...rules.map(
      ({ kind, subtree, name }): ConditionalRule => ({
        target: { kind: 'name', name, covers: subtree ? 'tree' : 'name' },
        action: { kind },
        important: false,
        cancels: false,
        types: EVERY,
        clients: EVERY,
        except: [],
      }),
    ),
    ...conditionals,
  ].map((rule, i) => ({ rule, line: i + 1 }))

const keyOf = (rule: ConditionalRule): string => JSON.stringify({ ...rule, cancels: false })

function meets(target: Target, name: Name): boolean {
  if (target.kind === 'any') return true
  if (target.kind === 'regex') return new RegExp(target.pattern).test(name)
  if (target.kind === 'address') return false
  return (
    (target.covers !== 'below' && name === target.name) ||
    (target.covers !== 'name' && name.endsWith(`.${target.name}`))
  )
}

function holds({ types, clients, except }: ConditionalRule, name: Name, { type, client }: Asker): boolean {
  const isClient = (pattern: (typeof clients.only)[number]): boolean =>
    pattern.kind === 'range' ? prefixHas(pattern.prefix, client.address) : client.names.includes(pattern.name)
  return (
    (types.only.length === 0 || types.only.includes(type)) &&
    !types.not.includes(type) &&
    (clients.only.length === 0 || clients.only.some(isClient)) &&
    !clients.not.some(isClient) &&
    !except.some((zone) => isUnder(name, zone))
  )
}

const shape = (target: Target, _: Name) =>
  target.kind === 'name'
    ? { labels: target.name.split('.').length, subtree: target.covers !== 'name' }
    : { labels: 0, subtree: true }

const telling = ({ rule, labels, subtree }: { rule: ConditionalRule; labels: number; subtree: boolean }): number => {
  if (rule.target.kind === 'any' && rule.clients.only.length + rule.clients.not.length > 0) return 2000
  return subtree ? labels : 1000
}

function clauseOf({ action, important }: ConditionalRule, info: ListInfo): Clause {
  const allows = action.kind === 'allow'
  if (info.device !== undefined) return allows ? 'device-allow' : 'device-block'
  if (!allows) return important ? 'important-block' : 'block-list'
  if (info.kind === 'allow') return 'allow-list'
  return important ? 'important-exception' : 'exception'
}
