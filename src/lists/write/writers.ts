// Writes merged rules in the formats of other resolvers, and says what each of them cannot express. Knows no file.
import type { ConditionalRule } from '../../policy/rule.ts'
import type { MergedRules } from '../merge.ts'
import { adblockRule } from './adblock-rule.ts'
import { gapRecords } from './rpz-gaps.ts'
import { rpzParts } from './rpz-records.ts'
import type { Target } from './targets.ts'

/** Rules that came out narrower or not at all, by what the format lacks; counts. */
export interface Losses {
  /** Names whose sub-domains the format cannot cover. */
  trees: number
  /** Exceptions that the format cannot make, or only for everything under the name too. */
  exceptions: number
  /** Rules with conditions or actions that it does not have. */
  conditional: number
}

/** Writes the rules line by line, without line ends; counts in `losses` what the format cannot say. */
export type Write = (rules: MergedRules, losses: Losses) => Generator<string>

export const WRITERS: Readonly<Record<Target, Write>> = {
  *hosts(rules, losses) {
    yield* remark('#', rules)
    for (const name of plainNames(rules, losses)) yield `0.0.0.0 ${name}`
  },
  *domains(rules, losses) {
    yield* remark('#', rules)
    yield* plainNames(rules, losses)
  },
  *dnsmasq(rules, losses) {
    yield* remark('#', rules)
    for (const name of rules.trees) yield `local=/${name}/`
    // The name alone, as from a hosts file.
    for (const name of rules.names) yield `host-record=${name},0.0.0.0,::`
    for (const name of rules.allowedTrees) yield `server=/${name}/#`
    for (const name of rules.allowedNames) yield `server=/${name}/#`
    losses.exceptions += rules.allowedNames.length
    losses.conditional += rules.conditional.length
  },
  *unbound(rules, losses) {
    yield* remark('#', rules)
    yield 'server:'
    for (const name of rules.trees) yield `local-zone: "${name}." always_null`
    for (const name of rules.names) {
      yield `local-data: "${name}. A 0.0.0.0"`
      yield `local-data: "${name}. AAAA ::"`
    }
    for (const name of rules.allowedTrees) yield `local-zone: "${name}." always_transparent`
    for (const name of rules.allowedNames) yield `local-zone: "${name}." always_transparent`
    losses.exceptions += rules.allowedNames.length
    losses.conditional += rules.conditional.length
  },
  *rpz(rules, losses) {
    yield '$TTL 300'
    yield '@ SOA localhost. root.localhost. 1 43200 3600 86400 300'
    yield '  NS localhost.'
    yield* remark(';', rules)
    const own = ownersOf(rules)
    for (const owner of rules.trees.flatMap(pair)) if (!own.has(owner)) yield `${owner} CNAME .`
    for (const name of rules.names) if (!own.has(name)) yield `${name} CNAME .`
    for (const owner of rules.allowedTrees.flatMap(pair)) yield `${owner} CNAME rpz-passthru.`
    for (const name of rules.allowedNames) yield `${name} CNAME rpz-passthru.`
    const records = (rule: ConditionalRule) =>
      rpzParts(rule)?.flatMap(({ owner, data }) =>
        own.get(owner)?.rules.has(rule) === true ? data.map((one) => `${owner} ${one}`) : [],
      )
    yield* each(rules.conditional, records, losses)
    yield* gaps(rules, own)
  },
  *adblock(rules, losses) {
    yield* remark('!', rules)
    for (const name of rules.trees) yield `||${name}^`
    for (const name of rules.names) yield `|${name}^`
    for (const name of rules.allowedTrees) yield `@@||${name}^`
    for (const name of rules.allowedNames) yield `@@|${name}^`
    yield* each(rules.conditional, adblockRule, losses)
  },
}

function* remark(sign: string, { names, trees }: MergedRules): Generator<string> {
  yield `${sign} Written by askfirst: ${names.length} names, ${trees.length} names with everything under them.`
}

/** What a list of plain names can say: trees only by the names that stand in rules, exceptions by leaving names out. */
function* plainNames(
  { stated, trees, allowedNames, allowedTrees, conditional }: MergedRules,
  losses: Losses,
): Generator<string> {
  yield* stated()
  const alone = new Set(trees)
  losses.trees += trees.length
  losses.exceptions += allowedTrees.length + allowedNames.filter((name) => !alone.has(name)).length
  losses.conditional += conditional.length
}

/** The owners of a rule for a name and all under it. */
const pair = (name: string): [string, string] => [name, `*.${name}`]

/** The owners of which rules with conditions or actions have a say: whose they are, and what is there. */
type Owners = ReadonlyMap<string, { readonly rules: ReadonlySet<ConditionalRule>; readonly data: readonly string[] }>

/**
 * An owner with a CNAME has nothing else (RFC 1034 §3.6.2), so of several rules one gets it, in the order of docs/policy.md:
 * who allows before who blocks, then who means the name alone, then the first list. Records stand together.
 */
function ownersOf({ names, allowedNames, allowedTrees, conditional }: MergedRules): Owners {
  const owners = new Map<string, { rules: Set<ConditionalRule>; data: string[]; alone: boolean }>()
  if (conditional.length === 0) return owners
  const taken = new Set([...allowedNames, ...allowedTrees.flatMap(pair)])
  const claim = (allows: boolean, alone: boolean): void => {
    for (const rule of conditional) {
      const { action, target } = rule
      const isAlone = target.kind === 'name' && target.covers === 'name'
      if ((action.kind === 'allow' || action.kind === 'passthru') !== allows || isAlone !== alone) continue
      for (const { owner, data } of rpzParts(rule) ?? []) {
        const there = owners.get(owner)
        if (!taken.has(owner)) owners.set(owner, { rules: new Set([rule]), data: [...data], alone })
        else if (there?.alone === alone && ![...there.data, ...data].some((one) => one.startsWith('CNAME '))) {
          there.rules.add(rule)
          there.data.push(...data)
        }
        taken.add(owner)
      }
    }
  }
  claim(true, true)
  claim(true, false)
  for (const name of names) taken.add(name)
  claim(false, true)
  claim(false, false)
  return owners
}

/** A rule for a name that lies in a tree cuts a hole into the tree. */
function gaps({ names, trees, allowedNames, allowedTrees }: MergedRules, own: Owners): Generator<string> {
  const [plain, covering] = [new Set([...names, ...trees]), new Set(trees)]
  const [passed, passing] = [new Set([...allowedNames, ...allowedTrees]), new Set(allowedTrees)]
  const among = (blocked: ReadonlySet<string>, allowed: ReadonlySet<string>, name: string) =>
    blocked.has(name) ? ['CNAME .'] : allowed.has(name) ? ['CNAME rpz-passthru.'] : undefined
  const inside = [...own.keys()].map((owner) => owner.replace(/^\*\./, '')).filter((owner) => !owner.includes('.rpz-'))
  return gapRecords(new Set([...plain, ...passed, ...inside]), {
    at: (name) => own.get(name)?.data ?? among(plain, passed, name),
    below: (name) => own.get(`*.${name}`)?.data ?? among(covering, passing, name),
  })
}

function* each(
  rules: readonly ConditionalRule[],
  write: (rule: ConditionalRule) => readonly string[] | undefined,
  losses: Losses,
): Generator<string> {
  for (const rule of rules) {
    const lines = write(rule)
    // What a list carries in its patterns and texts may be meant for whoever prints them.
    if (lines === undefined || lines.some((line) => CONTROL.test(line))) losses.conditional++
    else yield* lines
  }
}

const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/
