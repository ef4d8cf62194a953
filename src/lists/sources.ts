// Which lists there are: rules in the configuration, named files, and every file of a folder. Reads no list.
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { BlockAnswer } from '../policy/block-answer.ts'
import type { ListKind } from '../policy/decision.ts'
import { type ListAudience, nameOfUrl, withAudience } from './audience.ts'
import { reasonOf, unreadable } from './file.ts'
import type { FormatName } from './line.ts'

/** Where lists come from: the section `lists` of the configuration, its paths absolute. */
export interface ListSources {
  readonly folder: string | null
  readonly files: readonly {
    readonly path: string
    readonly kind: ListKind
    readonly format: FormatName | 'auto'
    /** Plain names are for their sub-domains too. */
    readonly subdomains?: boolean
    /** Where it was downloaded from, if it was. */
    readonly url?: string
    /** False: its rules may not answer with addresses and names of their own. Left out: they may. */
    readonly rewrites?: boolean
  }[]
  /** Rules of any format. */
  readonly block: readonly string[]
  readonly allow: readonly string[]
  /** Whom the lists are for; left out: all of them are for everybody. */
  readonly audience?: ListAudience
}

/** One list, found and not yet read. `path` is undefined for the rules that stand in the configuration. */
export interface FoundList {
  readonly name: string
  readonly kind: ListKind
  readonly format: FormatName | 'auto'
  /** Plain names are for their sub-domains too. */
  readonly subdomains: boolean
  readonly path: string | undefined
  readonly rules: readonly string[]
  /** Where it was downloaded from; `path` is the copy then. */
  readonly url?: string
  /** Whether its rules may answer with addresses and names of their own. */
  readonly rewrites: boolean
  /** As in `ListInfo`. */
  readonly groups?: readonly string[]
  readonly device?: string
  readonly blockAnswer?: BlockAnswer
  /** The file that `rules` were taken from, and the line of each. */
  readonly shown?: string
  readonly lines?: readonly number[]
}

/** Most lists of a policy. */
export const LISTS_MAX = 1000

/**
 * Finds all lists, in the order in which they are named where several have the same rule: the configuration's own
 * rules, its files, then the folder's files by name. A file of the folder that the configuration names too is read
 * once, as the configuration says. `warnings` are about names that lists do not have; all that was found is there.
 */
export async function findLists(
  sources: ListSources,
): Promise<{ lists: FoundList[]; problems: Problem[]; warnings: Problem[] }> {
  const { lists, problems } = await findAll(sources)
  if (sources.audience === undefined) return { lists, problems, warnings: [] }
  const all = withAudience(lists, sources.audience)
  return { lists: all.lists, problems, warnings: all.problems }
}

async function findAll(sources: ListSources): Promise<{ lists: FoundList[]; problems: Problem[] }> {
  const named = sources.files.map(listFrom)
  const known = new Set(named.map(({ path }) => path))
  const inFolder = sources.folder === null ? [] : await filesOf(resolve(sources.folder))
  const lists = [...inline(sources), ...named]
  if ('code' in inFolder) return { lists, problems: [inFolder] }
  for (const path of inFolder) if (!known.has(path)) lists.push(listFrom({ path, kind: kindOf(path), format: 'auto' }))
  if (lists.length <= LISTS_MAX) return { lists, problems: [] }
  const message = `${lists.length} lists are more than one policy takes, which is ${LISTS_MAX}`
  const place = sources.folder === null ? { path: 'lists.files' } : { file: resolve(sources.folder) }
  return { lists: lists.slice(0, LISTS_MAX), problems: [{ code: 'ASKFIRST_E_LIST_BOUND', message, place }] }
}

const inline = (sources: ListSources): FoundList[] =>
  (['allow', 'block'] as const)
    .filter((kind) => sources[kind].length > 0)
    .map((kind) => ({
      name: `lists.${kind}`,
      kind,
      format: 'auto',
      subdomains: false,
      path: undefined,
      rules: sources[kind],
      rewrites: true,
    }))

/** A file as a list that can be read. */
export const listFrom = ({
  path,
  kind,
  format,
  subdomains = false,
  url,
  rewrites = true,
}: ListSources['files'][number]): FoundList => ({
  name: url === undefined ? safeText(basename(path), 128) : nameOfUrl(url),
  kind,
  format,
  subdomains,
  path: resolve(path),
  rules: [],
  rewrites,
  ...(url === undefined ? {} : { url }),
})

/** The lists of a folder, by name: its regular files, links to such, but not what `isIgnored`. */
export async function filesOf(folder: string): Promise<string[] | Problem> {
  try {
    const names = (await readdir(folder)).filter((name) => !isIgnored(name)).sort()
    const paths = names.map((name) => join(folder, name))
    const isFile = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.isFile()))
    return paths.filter((_, i) => isFile[i] === true)
  } catch (error) {
    const hint = 'Create the folder, or set "lists.folder: null" in the configuration.'
    return { ...unreadable(folder, reasonOf(error)), hint }
  }
}

/** Files that are no lists: hidden ones, what editors and downloads leave behind, and what explains a list. */
export const isIgnored = (name: string): boolean =>
  /^\.|^#.*#$|^readme|~$|\.(swp|swx|tmp|temp|part|bak|orig|old|rej|dpkg-\w+|md|license)$/i.test(name)

/** An allowlist by its name: "allow", "allowlist" or "whitelist" stands in it as a word. */
export const kindOf = (path: string): ListKind =>
  /(^|[^a-z])(allow|allowlist|whitelist)([^a-z]|$)/i.test(basename(path)) ? 'allow' : 'block'
