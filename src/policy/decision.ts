// What the policy says of a name. Knows lists by their number; their names and files stand in `ListInfo`.
import type { BlockAnswer } from './block-answer.ts'
import type { RuleClient } from './condition.ts'
import type { Clause } from './precedence.ts'
import type { RuleAction, Target } from './rule.ts'

/** What a list is for. Allowlists win over blocklists. */
export type ListKind = 'block' | 'allow'

/** The group that every device is in, last of all its groups. */
export const DEFAULT_GROUP = 'default'

/** One list of a policy; `Decision.list` is its index. */
export interface ListInfo {
  /** Short name for people: the file's name without its folder. */
  readonly name: string
  /** Absolute path, or undefined for rules that stand in the config itself. */
  readonly path: string | undefined
  readonly kind: ListKind
  /** Groups that it is for; left out: the default group, which is everybody. */
  readonly groups?: readonly string[]
  /** The one device that it is for, by the key that its rules were written under (a MAC or an address). */
  readonly device?: string
  /** Formats seen in it, most frequent first. */
  readonly formats: readonly string[]
  /** Rules taken from it, duplicates within the list counted once each. */
  readonly rules: number
  readonly lines: number
  readonly rejected: number
  /** What its blocks answer, where the house has said so for this list. */
  readonly blockAnswer?: BlockAnswer
  /** What its plain block rules answer, where the list itself says so (an RPZ: nxdomain); else as the house does. */
  readonly answer?: RuleAction
}

/** What tells lists apart, also in the tally: two may have the same name. */
export const listKey = ({ path = '', name }: Pick<ListInfo, 'path' | 'name'>): string => `${name} ${path}`

/** The rule that decided. */
export interface RuleMatch {
  /** Index into `Policy.lists`. */
  readonly list: number
  /** Line in the list's file, from 1. */
  readonly line: number
  /** How many labels of the asked name, from the right, the rule names. */
  readonly labels: number
  /** The rule covers the names under its own too (`*.x`, `||x^`). */
  readonly subtree: boolean
  /** By which clause of the precedence it won. */
  readonly clause: Clause
  /** The rule is none for a name: a pattern, a range of addresses, every name. `labels` then counts bits, or is 0. */
  readonly target?: Exclude<Target, { kind: 'name' }>
  /** A rule that is for certain clients had a say: the next client of the same groups may get another decision. */
  readonly personal?: boolean
  /** Lists that let the name pass (RPZ PASSTHRU): what it leads to is none of their business either. */
  readonly passed?: readonly number[]
}

/** What the policy says of one name. */
export type Decision =
  | { readonly kind: 'none'; readonly personal?: boolean; readonly passed?: readonly number[] }
  /** `action`: what the rule itself, or its list, answers; left out: what the house does. */
  | (RuleMatch & { readonly kind: 'block'; readonly action?: RuleAction })
  | (RuleMatch & { readonly kind: 'allow' })

/** For whom is decided: the lists that apply, by their number. Made by `Policy.audience`, good for that version only. */
export interface Audience {
  /** `LIST_OFF`, `LIST_ON` or `LIST_OWN` for each list. */
  readonly lists: Uint8Array
  /** Whether any of them is `LIST_OWN`. */
  readonly owns: boolean
  /** What no rule allows is blocked. */
  readonly only: boolean
}

/** The same without these lists. */
export const without = (audience: Audience, lists: readonly number[]): Audience => ({
  ...audience,
  lists: audience.lists.map((standing, list) => (lists.includes(list) ? LIST_OFF : standing)),
})

/** The list, without rules, that is named where a group gets only what is allowed. It stands among `Policy.lists`. */
export const ONLY_LIST = 'only what is allowed'

/** The list does not apply. */
export const LIST_OFF = 0
/** It applies by a group. */
export const LIST_ON = 1
/** It has the rules of the asking device itself. */
export const LIST_OWN = 2

/** One version of all rules, whole and never changed. */
export interface Policy {
  /** Grows with each version; the fast lane's entries carry it. */
  readonly generation: number
  readonly lists: readonly ListInfo[]
  /** Names blocked, each counted once. */
  readonly blocked: number
  /** Names allowed, each counted once. */
  readonly allowed: number
  /** Whom the lists of the default group are for, and nobody's own: who is in no other group. */
  readonly everybody: Audience
  /**
   * Who is in these groups, `default` named if it is meant, and has the own rules that stand under one of `keys`; with
   * `only`, what no rule allows is blocked for them.
   */
  readonly audience: (groups: readonly string[], keys?: readonly string[], only?: boolean) => Audience
  /**
   * Decides for a name in wire form, lower-cased, starting at `offset` of `wire`; for everybody where no audience is
   * given. `type` is that of the question, `client` who asks: rules with conditions want to know. Allocates only where a
   * rule matches.
   */
  decide(wire: Uint8Array, offset: number, audience?: Audience, type?: number, client?: RuleClient): Decision
  /** Whether any rule is for addresses. */
  readonly watchesAddresses: boolean
  /** Decides for an address in an answer, by the rules for ranges of addresses. 4 or 16 bytes. */
  readonly decideAddress: (address: Uint8Array, audience?: Audience, type?: number, client?: RuleClient) => Decision
  /** Whether any rule is for certain clients. */
  readonly watchesClients: boolean
}

/** The decision where nothing matches. */
export const NO_DECISION: Decision = Object.freeze({ kind: 'none' })
/** The same where a rule for certain clients had a say. */
export const PERSONAL_NONE: Decision = Object.freeze({ kind: 'none', personal: true })
