// Compares all lists with each other, in a worker of its own. Knows no policy.
import { digestOf, type Overlap, overlaps } from './digest.ts'
import { inWorker } from './in-worker.ts'
import { type FoundList, findLists, type ListSources } from './sources.ts'

/** One list and what it shares; undefined where it cannot be read. */
export interface Surveyed {
  readonly list: FoundList
  readonly rules: number
  readonly overlap: Overlap | undefined
}

/** Reads and compares all lists. About a second a million rules. */
export async function survey(sources: ListSources): Promise<readonly Surveyed[]> {
  const { lists } = await findLists(sources)
  const digests: (Float64Array | undefined)[] = []
  for (const list of lists) {
    const digest = await digestOf(list)
    digests.push('code' in digest ? undefined : digest.rules)
  }
  const shared = overlaps(digests)
  return lists.map((list, i) => ({
    list,
    rules: digests[i]?.length ?? 0,
    overlap: digests[i] === undefined ? undefined : shared[i],
  }))
}

/** The same without keeping this thread; rejects where the worker fails. */
export const surveyInWorker = (sources: ListSources): Promise<readonly Surveyed[]> =>
  inWorker(new URL('./survey-worker', import.meta.url), 'askfirst-survey', sources)
