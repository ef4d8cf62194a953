// Checks one list: what is in it, what is not understood, what is said twice or for nothing. Knows no policy.
import type { Problem } from '../base/failure.ts'
import { type Name, nameFromWire } from '../base/name.ts'
import { kindOfRule, ruleKey } from '../policy/rule.ts'
import { readList } from './load.ts'
import type { Reading } from './read.ts'
import type { FoundList } from './sources.ts'

/** What was found. Lines are from 1; examples are the first few of each kind. */
export interface LintReport extends Reading {
  /** Rules by what they are: for a name alone, for a tree, with conditions. */
  readonly rules: {
    readonly names: number
    readonly trees: number
    readonly conditional: number
    readonly exceptions: number
  }
  /** The same rule again. */
  readonly twice: Remarks
  /** Rules for names that another rule of this list covers. */
  readonly covered: Remarks
  /** Names that this list both blocks and allows. */
  readonly contrary: Remarks
}

export interface Remarks {
  readonly count: number
  readonly examples: readonly { readonly line: number; readonly name: string }[]
}

/** Examples shown of each kind. */
const EXAMPLES = 5
/** Names that are remembered; of a larger list the rest is read but not compared. */
const COMPARED_MAX = 4_000_000

/** Checks a list; a problem where it cannot be read as a whole. */
export async function lintList(list: FoundList): Promise<LintReport | Problem> {
  const seen = {
    names: new Map<Name, number>(),
    trees: new Map<Name, number>(),
    allowedNames: new Map<Name, number>(),
    allowedTrees: new Map<Name, number>(),
  }
  const others = new Map<string, number>()
  const twice = remarks()
  const rules = { names: 0, trees: 0, conditional: 0, exceptions: 0 }
  const wire = new Uint8Array(256)
  const remember = (known: Map<string, number>, key: string, line: number, name: string): void => {
    if (known.has(key)) twice.add(line, name)
    else if (known.size < COMPARED_MAX) known.set(key, line)
  }
  const reading = await readList(list, {
    wire,
    rule: (exception, subtree, line) => {
      const tree = subtree || list.subdomains
      rules[tree ? 'trees' : 'names']++
      if (exception) rules.exceptions++
      const name = nameFromWire(wire, 0)
      remember(seen[exception ? (tree ? 'allowedTrees' : 'allowedNames') : tree ? 'trees' : 'names'], name, line, name)
      return true
    },
    conditional: (rule, line) => {
      rules.conditional++
      if (rule.action.kind === 'allow') rules.exceptions++
      const name = rule.target.kind === 'name' ? rule.target.name : (kindOfRule(rule) ?? 'rule')
      remember(others, ruleKey(rule), line, name)
      return 'taken'
    },
  })
  if ('code' in reading) return reading
  const covered = remarks()
  const contrary = remarks()
  for (const [name, line] of seen.names) if (seen.trees.has(name) || isBelow(name, seen.trees)) covered.add(line, name)
  for (const [name, line] of seen.trees) if (isBelow(name, seen.trees)) covered.add(line, name)
  for (const known of [seen.names, seen.trees]) {
    for (const [name, line] of known)
      if (seen.allowedNames.has(name) || seen.allowedTrees.has(name)) contrary.add(line, name)
  }
  return { ...reading, rules, twice: twice.found(), covered: covered.found(), contrary: contrary.found() }
}

function remarks() {
  let count = 0
  const examples: { line: number; name: string }[] = []
  return {
    add: (line: number, name: string): void => {
      if (count++ < EXAMPLES) examples.push({ line, name })
    },
    found: (): Remarks => ({ count, examples }),
  }
}

function isBelow(name: Name, trees: ReadonlyMap<Name, number>): boolean {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    if (trees.has(name.slice(dot + 1))) return true
  }
  return false
}
