// For whom each list is: the lists that groups name, their own rules, the services that they block. Reads no list.
import { basename, resolve } from 'node:path'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { BlockAnswer } from '../policy/block-answer.ts'
import { DEFAULT_GROUP, type ListInfo, type ListKind, ONLY_LIST } from '../policy/decision.ts'
import { nameMatches } from '../policy/name-pattern.ts'
import type { OwnRules } from '../policy/own-rules.ts'

/** Whom lists are for, and what they answer. Plain values: it is sent to the compile worker. */
export interface ListAudience {
  readonly groups: readonly GroupLists[]
  /** What the lists of these names answer; the first that fits counts. */
  readonly answers: readonly { readonly lists: readonly string[]; readonly answer: BlockAnswer }[]
  /** Rules that were written at run time. */
  readonly own: readonly OwnRules[]
}

/** What one group has of lists. */
export interface GroupLists {
  readonly name: string
  /** Names of lists, `*` for any text: they are for this group then, and for others that name them. */
  readonly lists: readonly string[]
  readonly block: readonly string[]
  readonly allow: readonly string[]
  /** Services that are blocked, by the name of their shipped list. */
  readonly services: readonly string[]
  readonly only: boolean
}

/** Where the shipped lists of services are. */
const SERVICES = new URL('../../blocklists/services/', import.meta.url).pathname

/** What is known of a list before it is read. */
interface Bare {
  readonly name: string
  readonly kind: ListKind
  readonly format: 'auto'
  readonly subdomains: boolean
  readonly rewrites: boolean
  readonly path: string | undefined
  readonly rules: readonly string[]
}
type Whom = Pick<ListInfo, 'groups' | 'device' | 'blockAnswer'> & { readonly shown?: string }

/**
 * The same lists with whom they are for, and those that groups and devices bring along. A pattern that no list has is a
 * problem (ASKFIRST_E_LIST_READ); its group goes without.
 */
export function withAudience<L extends { readonly name: string }>(
  lists: readonly L[],
  { groups, answers, own }: ListAudience,
): { readonly lists: (L | (Bare & Whom))[]; readonly problems: Problem[] } {
  const problems: Problem[] = []
  for (const { name, lists: patterns } of groups) {
    for (const pattern of patterns) {
      if (lists.some((list) => nameMatches(pattern, list.name))) continue
      problems.push({
        code: 'ASKFIRST_E_LIST_READ',
        message: `no list has the name ${safeText(pattern, 64)}, which the group ${name} names`,
        hint: 'Write the name of a list file without its folder; * stands for any text.',
      })
    }
  }
  for (const { path, kind, group, rules } of own) {
    if (group === undefined || group === DEFAULT_GROUP || groups.some(({ name }) => name === group)) continue
    problems.push({
      code: 'ASKFIRST_E_CONFIG_VALUE',
      message: `there is no group ${safeText(group, 64)}: what stands there for it is for nobody`,
      place: { file: path, line: rules[0]?.line ?? 1, path: `groups.${safeText(group, 64)}.${kind}` },
    })
  }
  const whom = ({ name }: L): Whom => {
    const named = groups.filter(({ lists: patterns }) => patterns.some((pattern) => nameMatches(pattern, name)))
    const answer = answers.find(({ lists: patterns }) => patterns.some((pattern) => nameMatches(pattern, name)))?.answer
    return {
      ...(named.length === 0 ? {} : { groups: named.map((group) => group.name) }),
      ...(answer === undefined ? {} : { blockAnswer: answer }),
    }
  }
  const all = [
    ...own.map(ofOwn),
    ...groups.flatMap(ofGroup),
    ...lists.map((list) => ({ ...list, ...whom(list) })),
    ...servicesOf(groups),
  ]
  if (groups.some(({ only }) => only)) all.push(bare(ONLY_LIST, 'block', []))
  return { lists: all, problems }
}

/** Own rules stand at the line that they have in their file; the lines between are blank. */
function ofOwn({ path, kind, group, device, rules }: OwnRules): Bare & Whom {
  const lines: string[] = []
  for (const { text, line } of rules) lines[line - 1] = text
  const owner = device ?? group ?? DEFAULT_GROUP
  return {
    ...bare(
      `${safeText(basename(path), 64)} ${owner} ${kind}`,
      kind,
      Array.from(lines, (text) => text ?? ''),
    ),
    ...(device === undefined ? { groups: [group ?? DEFAULT_GROUP] } : { device }),
    shown: resolve(path),
  }
}

const ofGroup = ({ name, block, allow }: GroupLists): (Bare & Whom)[] =>
  (
    [
      ['allow', allow],
      ['block', block],
    ] as const
  )
    .filter(([, rules]) => rules.length > 0)
    .map(([kind, rules]) => ({ ...bare(`groups.${name}.${kind}`, kind, rules), groups: [name] }))

function servicesOf(groups: readonly GroupLists[]): (Bare & Whom)[] {
  const services = [...new Set(groups.flatMap((group) => group.services))]
  return services.map((service) => ({
    ...bare(`service ${service}`, 'block', []),
    path: `${SERVICES}${service}.txt`,
    groups: groups.filter((group) => group.services.includes(service)).map(({ name }) => name),
  }))
}

const bare = (name: string, kind: ListKind, rules: readonly string[]): Bare => ({
  name,
  kind,
  format: 'auto',
  subdomains: false,
  rewrites: true,
  path: undefined,
  rules,
})
