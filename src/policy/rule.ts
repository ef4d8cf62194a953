// A rule with a condition or an action of its own, as a value. Plain rules never take this form: they go into tables by
// the million (see `PolicyBuilder.add`). Knows no list format and no file.
import type { Address, Prefix } from '../base/address.ts'
import type { Name } from '../base/name.ts'
import { RCODE } from '../base/question.ts'
import type { ListKind } from './decision.ts'

/**
 * One conditional rule. Frozen, and of plain values only, so that it can be sent to another thread. It applies where its
 * target matches and all its conditions hold.
 */
export interface ConditionalRule {
  readonly target: Target
  readonly action: RuleAction
  /** Wins over exceptions that are not important themselves. */
  readonly important: boolean
  /** `$badfilter`: takes the rule that is the same but for this out of all lists, see `ruleKey`. No rule by itself. */
  readonly cancels: boolean
  /** Question types. */
  readonly types: Selection<number>
  readonly clients: Selection<ClientPattern>
  /** Names that it is not for, each with everything under it. */
  readonly except: readonly Name[]
}

/** What a rule looks at. */
export type Target =
  /** The name alone, what lies under it alone (`*.x` of an RPZ), or the tree of both. */
  | { readonly kind: 'name'; readonly name: Name; readonly covers: Coverage }
  /** Names in which the pattern is found, read by `readPattern`; without regard to letter case. */
  | { readonly kind: 'regex'; readonly pattern: string }
  /** Answers with an address in this range. */
  | { readonly kind: 'address'; readonly prefix: Prefix }
  /** Every name. */
  | { readonly kind: 'any' }
export type Coverage = 'name' | 'below' | 'tree'

/** Those of `only` (all, where it is empty) but for those of `not`. */
export interface Selection<T> {
  readonly only: readonly T[]
  readonly not: readonly T[]
}

/** A client as a rule names it: a range of addresses, or a name or id in lower case. */
export type ClientPattern =
  | { readonly kind: 'range'; readonly prefix: Prefix }
  | { readonly kind: 'name'; readonly name: string }

/** What becomes of a question that a rule applies to. */
export type RuleAction =
  /** Blocked, with the answer that the house gives to blocked names. */
  | { readonly kind: 'block' }
  | { readonly kind: 'allow' }
  /** An empty answer with this code; NOERROR makes it NODATA. */
  | { readonly kind: 'rcode'; readonly rcode: number }
  /** No answer at all. */
  | { readonly kind: 'drop' }
  /** Over UDP an empty answer that is marked as cut off; over TCP as if there were no rule. */
  | { readonly kind: 'tcp-only' }
  /** No other rule of the same list applies; rules of other lists may. */
  | { readonly kind: 'passthru' }
  /** These records; NODATA for types that are not among them. */
  | { readonly kind: 'records'; readonly records: readonly RecordData[] }
  /** The answers of another name. `prepend`: of the asked name put before it (`*.garden.example` in an RPZ). */
  | { readonly kind: 'alias'; readonly target: Name; readonly prepend: boolean }
  /** Rules with answers of their own do not apply; with `only` just the one that has this action. */
  | { readonly kind: 'no-rewrite'; readonly only: RuleAction | undefined }

/** The data of one record, for the name that is asked. */
export type RecordData =
  | { readonly kind: 'A' | 'AAAA'; readonly address: Address }
  | { readonly kind: 'PTR' | 'NS'; readonly target: Name }
  | { readonly kind: 'TXT'; readonly texts: readonly string[] }
  /** `text` for people and other resolvers; `data` is what goes on the wire, in hexadecimal. */
  | { readonly kind: 'SVCB' | 'HTTPS'; readonly text: string; readonly data: string }
  | { readonly kind: 'MX'; readonly preference: number; readonly target: Name }
  | {
      readonly kind: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: Name
    }

/** Most conditional rules of a policy, over all lists; the largest published lists of addresses have 60,000. */
export const CONDITIONAL_MAX = 200_000
/** Most items of one condition, and most records of one action. */
export const CONDITION_ITEMS_MAX = 1000

export const EVERY: Selection<never> = Object.freeze({ only: Object.freeze([]), not: Object.freeze([]) })
export const BLOCK: RuleAction = Object.freeze({ kind: 'block' })
export const ALLOW: RuleAction = Object.freeze({ kind: 'allow' })
export const NXDOMAIN: RuleAction = Object.freeze({ kind: 'rcode', rcode: RCODE.NXDOMAIN })
export const NODATA: RuleAction = Object.freeze({ kind: 'rcode', rcode: RCODE.NOERROR })

/** Makes a rule for a target; what is not given is no condition. */
export const conditional = (
  target: Target,
  action: RuleAction,
  {
    important = false,
    cancels = false,
    types = EVERY,
    clients = EVERY,
    except = [],
  }: Partial<Omit<ConditionalRule, 'target' | 'action'>> = {},
): ConditionalRule => Object.freeze({ target, action, important, cancels, types, clients, except })

/** The rule as a list of this kind has it: what stands in an allowlist allows. */
export const inList = (rule: ConditionalRule, kind: ListKind): ConditionalRule =>
  kind === 'allow' && rule.action.kind !== 'no-rewrite' ? Object.freeze({ ...rule, action: ALLOW }) : rule

/** Whether it says where a name leads. */
export const isRewrite = ({ action }: ConditionalRule): boolean => action.kind === 'records' || action.kind === 'alias'

/** The same text for rules that are the same but for `cancels`. */
export const ruleKey = ({ target, action, important, types, clients, except }: ConditionalRule): string =>
  JSON.stringify([target, action, important, types, clients, except])

/** What makes a rule conditional: the first of these that it has. */
export type ConditionalKind = 'regex' | 'address' | 'condition' | 'action' | 'below' | 'important' | 'cancel'

/** The kind of a rule; undefined where a plain rule says the same. */
export function kindOfRule({
  target,
  action,
  important,
  cancels,
  types,
  clients,
  except,
}: ConditionalRule): ConditionalKind | undefined {
  const conditions = types.only.length + types.not.length + clients.only.length + clients.not.length + except.length
  if (cancels) return 'cancel'
  if (target.kind === 'regex' || target.kind === 'address') return target.kind
  if (conditions > 0 || target.kind === 'any') return 'condition'
  if (action.kind !== 'block' && action.kind !== 'allow') return 'action'
  if (target.covers === 'below') return 'below'
  return important ? 'important' : undefined
}
