// Search engines that can be made to answer strictly by DNS: under their name stand the addresses of another one. Dated,
// each with its source. Knows no message.
import type { Name } from '../base/name.ts'

/** One engine. */
export interface SafeSearchEngine {
  /** Names that are answered so; `www.google.*` is that of every country. */
  readonly names: readonly string[]
  /** The name whose records are given instead. */
  readonly target: Name
  /** The page of the engine that says so; `practice`: we know none, other resolvers do it so. */
  readonly source: string
}

// The targets were last held against what other resolvers publish on 2026-11-26; the engines' pages were not read anew then.

const YOUTUBE = [
  'www.youtube.com',
  'm.youtube.com',
  'youtubei.googleapis.com',
  'youtube.googleapis.com',
  'www.youtube-nocookie.com',
]
const YOUTUBE_PAGE = 'https://support.google.com/a/answer/6214622'

/** The engines by the key that a configuration names. */
export const SAFE_SEARCH = {
  google: {
    names: ['www.google.*'],
    target: 'forcesafesearch.google.com',
    source: 'https://support.google.com/websearch/answer/186669',
  },
  bing: {
    names: ['bing.com', 'www.bing.com'],
    target: 'strict.bing.com',
    source: 'https://support.microsoft.com/topic/946059ed-992b-46a0-944a-28e8fb8f1814',
  },
  duckduckgo: {
    names: ['duckduckgo.com', 'www.duckduckgo.com', 'start.duckduckgo.com'],
    target: 'safe.duckduckgo.com',
    source: 'https://duckduckgo.com/duckduckgo-help-pages/features/safe-search/',
  },
  youtube: { names: YOUTUBE, target: 'restrict.youtube.com', source: YOUTUBE_PAGE },
  'youtube-moderate': { names: YOUTUBE, target: 'restrictmoderate.youtube.com', source: YOUTUBE_PAGE },
  yandex: {
    names: ['ya.ru', 'yandex.ru', 'www.yandex.ru', 'yandex.com', 'www.yandex.com'],
    target: 'familysearch.yandex.ru',
    source: 'practice',
  },
  ecosia: { names: ['www.ecosia.org'], target: 'strict-safe-search.ecosia.org', source: 'practice' },
  brave: { names: ['search.brave.com'], target: 'forcesafe.search.brave.com', source: 'practice' },
  pixabay: { names: ['pixabay.com'], target: 'safesearch.pixabay.com', source: 'practice' },
} as const satisfies Record<string, SafeSearchEngine>

export const SAFE_SEARCH_ENGINES = Object.keys(SAFE_SEARCH) as [
  keyof typeof SAFE_SEARCH,
  ...(keyof typeof SAFE_SEARCH)[],
]

/** The name whose records a device with these engines gets instead; undefined where the name stands for itself. */
export function safeTarget(name: Name, engines: readonly string[]): Name | undefined {
  for (const engine of engines) {
    const { names, target }: SafeSearchEngine | { names: []; target: '' } = SAFE_SEARCH[
      engine as keyof typeof SAFE_SEARCH
    ] ?? { names: [], target: '' }
    if (names.some((own) => own === name || (own.endsWith('.*') && isCountryOf(name, own.slice(0, -1))))) return target
  }
  return undefined
}

/** `www.google.de`, `www.google.co.uk`: the prefix, then one label of a country, or `co` or `com` before it. */
const isCountryOf = (name: Name, prefix: string): boolean =>
  name.startsWith(prefix) && /^(com|cat|[a-z]{2}|com?\.[a-z]{2})$/.test(name.slice(prefix.length))
