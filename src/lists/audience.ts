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
  /** URLs of lists that are wanted and may not have come yet. */
  readonly awaited?: readonly string[]
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
/** How a list may be called in the configuration. */
interface Called {
  readonly name: string
  readonly url?: string
}

/** Whether a pattern means a list: by its name, or by where it comes from. */
const isMeant = (pattern: string, { name, url }: Called): boolean =>
  nameMatches(pattern, name) || (url !== undefined && nameMatches(pattern, url))

/** How a list from a URL is called: its server and its file. */
export function nameOfUrl(url: string): string {
  const { hostname, pathname } = new URL(url)
  return safeText(`${hostname}/${pathname.split('/').filter(Boolean).at(-1) ?? ''}`, 128)
}

type Whom = Pick<ListInfo, 'groups' | 'device' | 'blockAnswer'> & {
  readonly shown?: string
  readonly lines?: readonly number[]
}

/**
 * The same lists with whom they are for, and those that groups and devices bring along. A pattern that no list has is a
 * problem (ASKFIRST_E_LIST_READ); its group goes without.
 */
export function withAudience<L extends Called>(
  lists: readonly L[],
  { groups, answers, own, awaited = [] }: ListAudience,
): { readonly lists: (L | (Bare & Whom))[]; readonly problems: Problem[] } {
  const problems: Problem[] = []
  const coming = awaited.map((url): Called => ({ name: nameOfUrl(url), url }))
  for (const { name, lists: patterns } of groups) {
    for (const pattern of patterns) {
      if ([...lists, ...coming].some((list) => isMeant(pattern, list))) continue
      problems.push({
        code: 'ASKFIRST_E_LIST_READ',
        message: `no list has the name ${safeText(pattern, 64)}, which the group ${name} names`,
        hint: 'Write the name of a list file without its folder, or the URL of a list from the web; * stands for any text.',
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
  const whom = (list: L): Whom => {
    const means = ({ lists: patterns }: { readonly lists: readonly string[] }): boolean =>
      patterns.some((pattern) => isMeant(pattern, list))
    const named = groups.filter(means)
    const answer = answers.find(means)?.answer
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

/** Own rules, each with the line that it has in their file. */
function ofOwn({ path, kind, group, device, rules }: OwnRules): Bare & Whom {
  const owner = device ?? group ?? DEFAULT_GROUP
  return {
    ...bare(
      `${safeText(basename(path), 64)} ${owner} ${kind}`,
      kind,
      rules.map(({ text }) => text),
    ),
    lines: rules.map(({ line }) => line),
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
