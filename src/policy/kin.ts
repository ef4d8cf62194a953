// Which lists are for the same people and the same purpose, so that of a rule they share one is enough. Knows no rule.
import { DEFAULT_GROUP, type ListInfo } from './decision.ts'

/** A number for each list: equal where kind, groups and device are. The first list's is 0. */
export function kins(lists: readonly Pick<ListInfo, 'kind' | 'groups' | 'device'>[]): number[] {
  const numbers = new Map<string, number>()
  return lists.map(({ kind, groups = [DEFAULT_GROUP], device }) => {
    const key = JSON.stringify([kind, [...groups].sort(), device])
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    return number
  })
}
