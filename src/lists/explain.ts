// Finds every rule that matches a name, by reading the lists once more. For people, so slow is fine; knows no policy.
import type { Problem } from '../base/failure.ts'
import { type Name, nameFromWire, wireFromName } from '../base/name.ts'
import { safeText } from '../base/text.ts'
import type { ListKind } from '../policy/decision.ts'
import { readPattern } from '../policy/pattern.ts'
import { type ConditionalRule, inList } from '../policy/rule.ts'
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
  readonly subtree: boolean
}

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
  const rules: MatchingRule[] = []
  for (const list of lists) {
    const result = await readList(list, matcher(list, wire ?? new Uint8Array(1), rules))
    if ('code' in result) problems.push(result)
  }
  return { rules, problems }
}

/** A sink that keeps the rules that match `asked`. A line's text comes after its rules. */
function matcher(list: FoundList, asked: Uint8Array, into: MatchingRule[]): ListSink {
  const wire = new Uint8Array(256)
  const pending: { kind: ListKind; subtree: boolean }[] = []
  let shown = 0
  return {
    wire,
    rule: (exception, subtree) => {
      const covers = subtree || list.subdomains
      if (shown < RULES_SHOWN && matches(wire, covers, asked)) {
        pending.push({ kind: exception ? 'allow' : list.kind, subtree: covers })
        shown++
      }
      return true
    },
    conditional: (rule) => {
      if (shown < RULES_SHOWN && concerns(rule, asked)) {
        const kind = inList(rule, list.kind).action.kind === 'allow' ? 'allow' : 'block'
        pending.push({ kind, subtree: rule.target.kind !== 'name' || rule.target.covers !== 'name' })
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

/** Whether a conditional rule may apply to the name; its conditions are not looked at, its line is shown. */
function concerns({ target, cancels }: ConditionalRule, asked: Uint8Array): boolean {
  if (cancels || target.kind === 'address') return false
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
