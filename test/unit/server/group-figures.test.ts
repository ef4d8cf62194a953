import { describe, expect, test } from 'vitest'
import { type Prefix, parsePrefix } from '../../../src/base/address.ts'
import type { Entry } from '../../../src/journal/entry.ts'
import { type Household, NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import { GroupFigures } from '../../../src/server/group-figures.ts'
import { groupOf } from '../../support/group.ts'

const HOUSE: Household = {
  ...NO_GROUPS,
  groups: [
    groupOf('kids', [{ kind: 'mac', mac: '02:00:00:00:00:01' }]),
    groupOf('lan', [{ kind: 'range', prefix: parsePrefix('192.168.1.0/24') as Prefix }]),
    groupOf('web', [{ kind: 'id', pattern: 'tv' }]),
    groupOf('default', []),
  ],
  devices: [{ address: '192.168.1.20', mac: '02:00:00:00:00:01', name: 'tablet' }],
}
const entry = (groups: string, kind: 'blocked' | 'cached', count = 1): Pick<Entry, 'groups' | 'outcome' | 'count'> => ({
  groups: groups.split(' '),
  outcome: kind === 'blocked' ? { kind, list: 0, line: 1 } : { kind },
  count,
})

describe('the figures of groups', () => {
  test('count a query for every group of its client, and its blocks apart', () => {
    const figures = new GroupFigures(() => HOUSE)
    figures.fold(entry('kids lan default', 'cached', 3))
    figures.fold(entry('kids lan default', 'blocked', 2))
    figures.fold(entry('lan default', 'cached'))
    figures.fold(entry('web', 'cached'))
    figures.fold(entry('default', 'blocked'))
    expect(['kids', 'lan', 'web', 'default'].map((name) => figures.of(name))).toEqual([
      { queries: 5, blocked: 2 },
      { queries: 6, blocked: 2 },
      { queries: 1, blocked: 0 },
      { queries: 7, blocked: 3 },
    ])
  })

  test('tell how many addresses of known devices are in each group', () => {
    expect(Object.fromEntries(new GroupFigures(() => HOUSE).members)).toEqual({ kids: 1, lan: 1, default: 1 })
    expect(new GroupFigures(() => NO_GROUPS).members.size).toBe(0)
  })

  test('do not count who was turned away, nor groups that are not configured', () => {
    const figures = new GroupFigures(() => HOUSE)
    figures.fold({ ...entry('kids default', 'cached'), outcome: { kind: 'refused', reason: 'access' } })
    expect(figures.of('kids')).toEqual({ queries: 0, blocked: 0 })
    figures.fold(entry('aunts', 'cached'))
    const none = new GroupFigures(() => NO_GROUPS)
    none.fold(entry('default', 'cached'))
    for (const counted of [figures.of('aunts'), none.of('default')]) expect(counted).toEqual({ queries: 0, blocked: 0 })
  })

  test('forget groups that are gone, and keep the others', () => {
    let now = HOUSE
    const figures = new GroupFigures(() => now)
    figures.fold(entry('kids lan', 'cached'))
    now = { ...HOUSE, groups: HOUSE.groups.slice(1) }
    expect(figures.of('kids')).toEqual({ queries: 0, blocked: 0 })
    now = HOUSE
    expect(figures.of('kids')).toEqual({ queries: 0, blocked: 0 })
    expect(figures.of('lan').queries).toBe(1)
  })
})
