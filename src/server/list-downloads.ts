// Lists from the web on their way into the policy: what is wanted, where names are looked up, what the log says of it.
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { safeText } from '../base/text.ts'
import type { Config } from '../config/schema.ts'
import { Downloads } from '../lists/download/downloads.ts'
import { openStore } from '../lists/download/store.ts'
import type { DownloadRules, ListUpdate, WantedList } from '../lists/download/wanted-list.ts'
import type { ListSources } from '../lists/sources.ts'
import type { Log } from '../log.ts'
import type { Resolved } from '../pipeline/own-question.ts'
import { VERSION } from './version.ts'

/** What downloads need of the rest of the server. */
export interface DownloadParts {
  readonly clock: Clock
  readonly log: Log
  /** Where a name leads, as the resolver's own pipeline says. */
  readonly resolve: (name: string) => Promise<Resolved>
  /** There are new copies; resolves when they are in force. */
  readonly changed: () => Promise<void>
}

/** Opens the copies in the state folder, those that are there. */
export function openDownloads(config: Config, { clock, log, resolve, changed }: DownloadParts): Promise<Downloads> {
  return Downloads.open(
    join(config.state, 'lists'),
    wantedLists(config),
    downloadRules(config),
    { clock, userAgent: `askfirst/${VERSION}`, resolve: async (name) => addressesOf(await resolve(name)) },
    {
      changed: (updates) => {
        for (const update of updates) log.info(loggable(update), 'a list from the web has changed')
        return changed()
      },
      failed: (url, why, copy) => {
        const kept = copy === undefined ? 'there is no copy of it' : `the copy of ${dayOf(copy.fetched)} stays in force`
        const message = `${safeText(url, 200)}: ${why}; ${kept}`
        log.problem({ code: 'ASKFIRST_E_LIST_DOWNLOAD', message, place: { path: 'lists.urls' } })
      },
    },
  )
}

/** The copies that are on disk, for who only wants to read them. */
export async function storedCopies(config: Config): Promise<ListSources['files']> {
  const store = openStore(join(config.state, 'lists'))
  const wanted = wantedLists(config)
  const records = await Promise.all(wanted.map(({ url }) => store.read(url)))
  return wanted.flatMap((list, i) => (records[i]?.copy === undefined ? [] : [{ ...list, path: store.path(list.url) }]))
}

/** A name that the house blocks leads to the machine itself, as it does for devices. */
const addressesOf = ({ addresses, blocked }: Resolved): readonly string[] => (blocked ? ['127.0.0.1'] : addresses)

const loggable = ({ url, ...figures }: ListUpdate) => ({ url: safeText(url, 200), ...figures })

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ')

/** The lists from the web that are wanted. */
export const wantedLists = ({ lists }: Config): readonly WantedList[] => lists.urls

/** How they are kept current. */
export const downloadRules = ({ lists: { updates } }: Config): DownloadRules => ({
  every: updates.every,
  timeout: updates.timeout,
  maxBytes: updates.maxSize,
  shrink: updates.shrink / 100,
})

/** The lists of the configuration together with the copies that are there. */
export const withCopies = (sources: ListSources, downloads: Downloads): ListSources => ({
  ...sources,
  files: [...sources.files, ...downloads.copies],
})
