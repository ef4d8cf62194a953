// The lists for people: what each gave, where it comes from, how current it is, what it shares with others. Cold path.
import type { EpochMs } from '../base/clock.ts'
import { type ListChanges, listStats } from '../control/figures.ts'
import type { Lists } from '../control/lists-schema.ts'
import { timeText } from '../control/schemas.ts'
import type { Stats } from '../control/stats-schema.ts'
import type { Counters } from '../journal/tally.ts'
import { nameOfUrl } from '../lists/audience.ts'
import { plainSources } from '../lists/compiler.ts'
import type { Downloads } from '../lists/download/downloads.ts'
import type { DownloadStatus } from '../lists/download/wanted-list.ts'
import type { ListReport } from '../lists/load.ts'
import { type Surveyed, surveyInWorker } from '../lists/survey.ts'
import type { PolicyKeeper } from './policy-keeper.ts'

/** What the view draws on. */
export interface ListParts {
  readonly policy: PolicyKeeper
  readonly downloads: Downloads
  readonly counters: () => Counters
}

type ListView = Lists['lists'][number]

/** Makes the view; it compares lists once for each version of the policy. */
export function listView({ policy, downloads, counters }: ListParts): (compare: boolean) => Promise<Lists> {
  let compared: { readonly generation: number; readonly found: Promise<readonly Surveyed[]> } | undefined

  const comparison = (): Promise<readonly Surveyed[]> => {
    const { generation } = policy.policy
    if (compared?.generation !== generation) {
      compared = { generation, found: surveyInWorker(plainSources(policy.sources)) }
      // One that failed is not kept.
      compared.found.catch(() => {
        compared = undefined
      })
    }
    return compared.found
  }

  return async (compare) => {
    const found = compare ? await comparison() : []
    const status = new Map(downloads.status.map((one) => [one.url, one]))
    const figures = listStats(policy.lists, counters(), listChanges(policy, downloads))
    const lists = policy.lists.map((list, i): ListView => {
      const download = list.url === undefined ? undefined : status.get(list.url)
      if (download !== undefined) status.delete(download.url)
      return {
        ...(figures[i] as Stats['lists'][number]),
        confidence: list.confidence,
        subdomains: list.subdomains,
        skipped: { ...list.skipped },
        download: download === undefined ? null : downloadView(download),
        comparison: comparisonOf(list, found),
      }
    })
    return { loaded: timeText(policy.loaded), lists: [...lists, ...[...status.values()].map(awaited)] }
  }
}

/** How each list has changed: as its downloads said, or as its file was compared. */
export function listChanges(
  { lists, changes }: PolicyKeeper,
  { status }: Downloads,
): (list: Pick<ListReport, 'path'>) => ListChanges {
  const urls = new Map(lists.map(({ path, url }) => [path, url]))
  const downloads = new Map(status.map((one) => [one.url, one]))
  return ({ path }) => {
    const download = downloads.get(urls.get(path) ?? '')
    const copy = download?.copy
    const found = copy === undefined ? changes.get(path ?? '') : { ...copy, at: copy.fetched }
    const updates = download?.updates ?? changes.get(path ?? '')?.updates ?? 0
    if (found === undefined) return { change: null, updates }
    const { at, rules, added, removed } = found
    return { change: { at: timeText(at), rules, added, removed }, updates }
  }
}

/** A list that has not come yet. */
const awaited = (status: DownloadStatus): ListView => ({
  name: nameOfUrl(status.url),
  kind: status.kind,
  path: null,
  formats: [],
  confidence: 0,
  subdomains: status.subdomains,
  rules: 0,
  lines: 0,
  rejected: 0,
  skipped: {},
  hits: 0,
  updates: status.updates,
  change: null,
  download: downloadView(status),
  comparison: null,
})

/** How all lists from the web are, in figures. */
export function downloadStats({ status, totals }: Downloads): Stats['downloads'] {
  const fetched = status.flatMap(({ copy }) => copy?.fetched ?? [])
  return {
    wanted: status.length,
    missing: status.length - fetched.length,
    failing: status.filter(({ failures }) => failures > 0).length,
    ...totals,
    oldest: fetched.length === 0 ? null : timeText(Math.min(...fetched)),
  }
}

const maybeTime = (at: EpochMs | undefined): string | null => (at === undefined ? null : timeText(at))

const downloadView = ({ url, state, received, copy, checked, tried, next, failures, why }: DownloadStatus) => ({
  url,
  state,
  received,
  fetched: maybeTime(copy?.fetched),
  checked: maybeTime(checked),
  tried: maybeTime(tried),
  next: timeText(next),
  failures,
  why: why ?? null,
  sha256: copy?.sha256 ?? null,
  added: copy?.added ?? 0,
  removed: copy?.removed ?? 0,
})

function comparisonOf(list: ListReport, found: readonly Surveyed[]): ListView['comparison'] {
  const mine = found.find((one) => one.list.name === list.name && one.list.path === list.path)
  if (mine?.overlap === undefined) return null
  const { unique, shared } = mine.overlap
  return {
    rules: mine.rules,
    unique,
    shared: shared.map((one) => ({ list: found[one.list]?.list.name ?? '', rules: one.rules })),
  }
}
