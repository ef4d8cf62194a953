// Finds every rule that matches a name, by reading the lists once more. For people, so slow is fine; knows no policy.
import type { Problem } from '../base/failure.ts'
import { type Name, nameFromWire, wireFromName } from '../base/name.ts'
import { safeText } from '../base/text.ts'
import type { ListKind } from '../policy/decision.ts'
import { readPattern } from '../policy/pattern.ts'
import {
  ALLOW,
  BLOCK,
  type ConditionalRule,
  type Coverage,
  conditional,
  inList,
  isRewrite,
  type RuleAction,
  ruleKey,
  type Target,
} from '../policy/rule.ts'
import { readList } from './load.ts'
import { textOf } from './name-bytes.ts'
import type { ListSink } from './read.ts'
import { type FoundList, findLists, type ListSources } from './sources.ts'

/** One rule that matches. */
export interface MatchingRule {
  /** The list's name, as in `ListInfo`. */
  readonly list: string
  readonly path: string | undefined
  /** From 1. */
  readonly line: number
  /** The line as it stands, escaped for showing and cut at 256 characters. */
  readonly text: string
  /** What the rule does, which is not what its list is for where it is an exception. */
  readonly kind: ListKind
  readonly covers: Covers
  /** Why the policy has no such rule, whoever asks: another rule takes it back, or its list may not give answers. */
  readonly without: 'badfilter' | 'rewrites' | undefined
}

/** What a rule is for. */
export type Covers = Coverage | 'pattern' | 'every'

/** What `explainName` found. */
export interface Explained {
  /** In the order of lists and lines. */
  readonly rules: readonly MatchingRule[]
  /** Lists that could not be read, now. */
  readonly problems: readonly Problem[]
}

/** So many matching rules are told of one list. */
const RULES_SHOWN = 100

/** Every rule in every list that matches the name or a name above it. Reads about three million lines a second. */
export async function explainName(name: Name, sources: ListSources): Promise<Explained> {
  const { lists, problems } = await findLists(sources)
  const wire = wireFromName(name)
  const found: Found[] = []
  const cancelled = new Set<string>()
  for (const list of lists) {
    const result = await readList(list, matcher(list, wire ?? new Uint8Array(1), found, cancelled))
    if ('code' in result) problems.push(result)
  }
  const rules = found.map(({ key, ...rule }) => ({ ...rule, without: cancelled.has(key) ? 'badfilter' : rule.without }))
  return { rules, problems }
}

/** A rule that matches, and what a rule that takes it back has in common with it. */
type Found = MatchingRule & { readonly key: string }

/** A sink that keeps the rules that match `asked`. A line's text comes after its rules. */
function matcher(list: FoundList, asked: Uint8Array, into: Found[], cancelled: Set<string>): ListSink {
  const wire = new Uint8Array(256)
  const pending: Pick<Found, 'kind' | 'covers' | 'without' | 'key'>[] = []
  let shown = 0
  return {
    wire,
    rule: (exception, subtree) => {
      const covers = subtree || list.subdomains
      if (shown < RULES_SHOWN && matches(wire, covers, asked)) {
        const target = { kind: 'name', name: nameFromWire(wire, 0), covers: covers ? 'tree' : 'name' } as const
        const kind = exception ? 'allow' : list.kind
        const key = ruleKey(conditional(target, kind === 'allow' ? ALLOW : BLOCK))
        pending.push({ kind, covers: target.covers, without: undefined, key })
        shown++
      }
      return true
    },
    conditional: (rule) => {
      if (shown === RULES_SHOWN || !concerns(rule, asked)) return 'taken'
      const meant = inList(rule, list.kind)
      if (rule.cancels) cancelled.add(ruleKey(meant))
      else {
        const { action, target } = meant
        const without = !list.rewrites && isRewrite(rule) ? 'rewrites' : undefined
        const kind = LETS_PASS.has(action.kind) ? 'allow' : 'block'
        pending.push({ kind, covers: coversOf(target), without, key: ruleKey(meant) })
        shown++
      }
      return 'taken'
    },
    line: (bytes, from, to, line) => {
      for (const rule of pending.splice(0)) {
        const text = safeText(textOf(bytes, from, Math.min(to, from + 1024)), 256)
        into.push({ list: list.name, path: list.path ?? list.shown, line, text, ...rule })
      }
    },
  }
}

/** What is no block, though not all of it allows. */
const LETS_PASS = new Set<RuleAction['kind']>(['allow', 'passthru', 'no-rewrite'])

function coversOf(target: Target): Covers {
  if (target.kind === 'name') return target.covers
  return target.kind === 'regex' ? 'pattern' : 'every'
}

/** Whether a conditional rule may apply to the name; its conditions are not looked at, its line is shown. */
function concerns({ target }: ConditionalRule, asked: Uint8Array): boolean {
  if (target.kind === 'address') return false
  if (target.kind === 'any') return true
  if (target.kind === 'regex') {
    const pattern = readPattern(target.pattern)
    return typeof pattern !== 'string' && pattern(nameFromWire(asked, 0))
  }
  const rule = wireFromName(target.name)
  return rule !== undefined && matches(rule, target.covers !== 'name', asked)
}

/** Whether the rule's name is the asked one, or one above it where the rule covers its sub-domains. */
function matches(rule: Uint8Array, subtree: boolean, asked: Uint8Array): boolean {
  for (let at = 0; at < asked.length - 1; at += (asked[at] as number) + 1) {
    let same = 0
    while (at + same < asked.length && asked[at + same] === rule[same]) same++
    if (at + same === asked.length) return true
    if (!subtree) return false
  }
  return false
}
