// What the policy says of a name. Knows lists by their number; their names and files stand in `ListInfo`.
import type { RuleAction } from './rule.ts'

/** What a list is for. Allowlists win over blocklists. */
export type ListKind = 'block' | 'allow'

/** One list of a policy; `Decision.list` is its index. */
export interface ListInfo {
  /** Short name for people: the file's name without its folder. */
  readonly name: string
  /** Absolute path, or undefined for rules that stand in the config itself. */
  readonly path: string | undefined
  readonly kind: ListKind
  /** Formats seen in it, most frequent first. */
  readonly formats: readonly string[]
  /** Rules taken from it, duplicates within the list counted once each. */
  readonly rules: number
  readonly lines: number
  readonly rejected: number
  /** What its plain block rules answer, where the list itself says so (an RPZ: nxdomain); else as the house does. */
  readonly answer?: RuleAction
}

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
}

/** What the policy says of one name. */
export type Decision =
  | { readonly kind: 'none' }
  | (RuleMatch & { readonly kind: 'block' })
  | (RuleMatch & { readonly kind: 'allow' })

/** One version of all rules, whole and never changed. */
export interface Policy {
  /** Grows with each version; the fast lane's entries carry it. */
  readonly generation: number
  readonly lists: readonly ListInfo[]
  /** Names blocked, each counted once. */
  readonly blocked: number
  /** Names allowed, each counted once. */
  readonly allowed: number
  /**
   * Decides for a name in wire form, lower-cased, starting at `offset` of `wire`.
   * Allocates only where a rule matches.
   */
  readonly decide: (wire: Uint8Array, offset: number) => Decision
}

/** The decision where nothing matches. */
export const NO_DECISION: Decision = Object.freeze({ kind: 'none' })
