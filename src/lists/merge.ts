// All lists merged into one set of rules, for writing them out for other resolvers. Knows no format.
import type { Problem } from '../base/failure.ts'
import { type Name, nameFromWire } from '../base/name.ts'
import { ALLOW, type ConditionalRule, type Coverage, inList, isRewrite, kindOfRule, ruleKey } from '../policy/rule.ts'
import { readList } from './load.ts'
import type { FoundList } from './sources.ts'

/** What remains of all rules: names that stand twice, or that another rule covers, are left out. */
export interface MergedRules {
  /** Names blocked alone, and with everything under them; sorted. */
  readonly names: readonly Name[]
  readonly trees: readonly Name[]
  /** Every name that stands in a rule and is blocked, covered or not: for who cannot cover. Made when it is asked for. */
  readonly stated: () => readonly Name[]
  /** Names and trees allowed out of those: exceptions of nothing are left out. */
  readonly allowedNames: readonly Name[]
  readonly allowedTrees: readonly Name[]
  /** Rules with conditions or actions of their own, each once. */
  readonly conditional: readonly ConditionalRule[]
}

/** Reads and merges; with a problem for each list that cannot be used as a whole. Keeps every name as text. */
export async function mergeLists(lists: readonly FoundList[]): Promise<{ merged: MergedRules; problems: Problem[] }> {
  const sets = {
    names: new Set<Name>(),
    trees: new Set<Name>(),
    allowedNames: new Set<Name>(),
    allowedTrees: new Set<Name>(),
  }
  const conditional = new Map<string, ConditionalRule>()
  const cancelled = new Set<string>()
  /** Names and trees of which a list says where they lead. */
  const leads = new Set<string>()
  const problems: Problem[] = []
  for (const list of lists) {
    const wire = new Uint8Array(256)
    /** What this list blocks, and where it says that a name leads, which goes before that; lists before go before both. */
    const own = { names: new Set<Name>(), trees: new Set<Name>() }
    const leading = new Map<string, Lead>()
    const plain = (allows: boolean, tree: boolean, name: Name): void => {
      if (allows) sets[tree ? 'allowedTrees' : 'allowedNames'].add(name)
      else if (!leads.has(placeOf(name, tree))) own[tree ? 'trees' : 'names'].add(name)
    }
    const reading = await readList(list, {
      wire,
      rule: (exception, subtree) => {
        plain(exception || list.kind === 'allow', subtree || list.subdomains, nameFromWire(wire, 0))
        return true
      },
      conditional: (found) => {
        const rule = inList(found, list.kind)
        if (rule.cancels) cancelled.add(ruleKey(rule))
        else if (kindOfRule(rule) !== undefined) {
          conditional.set(ruleKey(rule), rule)
          if (isLead(rule)) leading.set(ruleKey(rule), rule)
        } else if (rule.target.kind === 'name')
          plain(rule.action === ALLOW, rule.target.covers === 'tree', rule.target.name)
        return 'taken'
      },
    })
    if ('code' in reading) problems.push(reading)
    for (const [key, rule] of leading) {
      const { name, covers } = rule.target
      const tree = covers === 'tree'
      if (sets[tree ? 'trees' : 'names'].has(name)) {
        conditional.delete(key)
        continue
      }
      own[tree ? 'trees' : 'names'].delete(name)
      leads.add(placeOf(name, tree))
    }
    for (const name of own.names) sets.names.add(name)
    for (const name of own.trees) sets.trees.add(name)
  }
  const rules = [...conditional].filter(([key]) => !cancelled.has(key)).map(([, rule]) => rule)
  return { merged: { ...withoutCovered(sets), conditional: rules }, problems }
}

/** A rule that says where a name, or it and all under it, leads, whoever asks. */
type Lead = ConditionalRule & {
  readonly target: { readonly kind: 'name'; readonly name: Name; readonly covers: Coverage }
}

const isLead = (rule: ConditionalRule): rule is Lead =>
  isRewrite(rule) && kindOfRule(rule) === 'action' && rule.target.kind === 'name' && rule.target.covers !== 'below'

const placeOf = (name: Name, tree: boolean): string => (tree ? `*.${name}` : name)

type Sets = Readonly<Record<'names' | 'trees' | 'allowedNames' | 'allowedTrees', ReadonlySet<Name>>>

function withoutCovered({ names, trees, allowedNames, allowedTrees }: Sets): Omit<MergedRules, 'conditional'> {
  // Allow always wins: what lies in an allowed tree is not blocked at all.
  const blockedTrees = sorted(trees, (name) => !isBelow(name, trees) && !isIn(name, allowedTrees))
  const kept = new Set(blockedTrees)
  return {
    trees: blockedTrees,
    stated: () => sorted(new Set([...names, ...trees]), (name) => !isIn(name, allowedTrees) && !allowedNames.has(name)),
    names: sorted(names, (name) => !isIn(name, kept) && !isIn(name, allowedTrees) && !allowedNames.has(name)),
    allowedTrees: sorted(allowedTrees, (name) => isBelow(name, kept) && !isBelow(name, allowedTrees)),
    allowedNames: sorted(allowedNames, (name) => isIn(name, kept) && !isIn(name, allowedTrees)),
  }
}

const sorted = (names: ReadonlySet<Name>, keep: (name: Name) => boolean): Name[] => [...names].filter(keep).sort()

/** Whether a name above this one is in the set. */
function isBelow(name: Name, trees: ReadonlySet<Name>): boolean {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    if (trees.has(name.slice(dot + 1))) return true
  }
  return false
}

const isIn = (name: Name, trees: ReadonlySet<Name>): boolean => trees.has(name) || isBelow(name, trees)
