import { describe, expect, test } from 'vitest'
import { parsePrefix } from '../../../src/base/address.ts'
import type { Outcome } from '../../../src/base/reply.ts'
import { type Household, NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import type { Group, Member } from '../../../src/policy/group.ts'
import { GroupFigures } from '../../../src/server/group-figures.ts'

const group = (name: string, members: readonly Member[], withDefault = true): Group => ({
  name,
  members,
  withDefault,
  only: false,
  answer: undefined,
  safeSearch: [],
  upstreams: false,
})
const TABLET = '192.168.1.20'
const range = (text: string): Member => ({ kind: 'range', prefix: parsePrefix(text) as never })
const HOUSE: Household = {
  ...NO_GROUPS,
  groups: [
    group('kids', [{ kind: 'mac', mac: '02:00:00:00:00:01' }]),
    group('lan', [range('192.168.1.0/24')]),
    group('web', [{ kind: 'door', door: 'https' }], false),
    group('default', []),
  ],
  devices: [{ address: TABLET, mac: '02:00:00:00:00:01', name: 'tablet' }],
}
const BLOCKED: Outcome = { kind: 'blocked', list: 0, line: 1 }
const CACHED: Outcome = { kind: 'cached' }
const entry = (client: string, outcome: Outcome, count = 1, transport: 'udp' | 'https' = 'udp') => ({
  client,
  outcome,
  count,
  transport,
})

describe('the figures of groups', () => {
  test('count a query for every group of its client, and its blocks apart', () => {
    const figures = new GroupFigures(() => HOUSE)
    figures.fold(entry(TABLET, CACHED, 3))
    figures.fold(entry(TABLET, BLOCKED, 2))
    figures.fold(entry('192.168.1.30', CACHED))
    figures.fold(entry('10.0.0.1', BLOCKED))
    figures.fold(entry('10.0.0.1', CACHED, 1, 'https'))
    expect(['kids', 'lan', 'web', 'default'].map((name) => figures.of(name))).toEqual([
      { queries: 5, blocked: 2 },
      { queries: 6, blocked: 2 },
      { queries: 1, blocked: 0 },
      { queries: 7, blocked: 3 },
    ])
    expect(Object.fromEntries(figures.members)).toEqual({ kids: 1, lan: 1, default: 1 })
  })

  test('do not count who was turned away, and nothing where there are no groups', () => {
    const figures = new GroupFigures(() => HOUSE)
    figures.fold(entry(TABLET, { kind: 'refused', reason: 'access' }))
    expect(figures.of('kids')).toEqual({ queries: 0, blocked: 0 })
    const none = new GroupFigures(() => NO_GROUPS)
    none.fold(entry(TABLET, CACHED))
    expect(none.of('default')).toEqual({ queries: 0, blocked: 0 })
    expect(none.members.size).toBe(0)
  })

  test('go by who is in which group when the query comes, and forget groups that are gone', () => {
    let now = HOUSE
    const figures = new GroupFigures(() => now)
    figures.fold(entry(TABLET, CACHED))
    now = { ...HOUSE, devices: [] }
    figures.fold(entry(TABLET, CACHED))
    expect(figures.of('kids')).toEqual({ queries: 1, blocked: 0 })
    expect(figures.of('lan')).toEqual({ queries: 2, blocked: 0 })
    now = { ...HOUSE, groups: HOUSE.groups.slice(1) }
    expect(figures.of('kids')).toEqual({ queries: 0, blocked: 0 })
    now = HOUSE
    expect(figures.of('kids')).toEqual({ queries: 0, blocked: 0 })
    expect(figures.of('lan').queries).toBe(2)
  })

  test('keep their memory bounded, and their counts right, whoever asks', () => {
    const figures = new GroupFigures(() => HOUSE)
    for (let i = 0; i < 10_000; i++) figures.fold(entry(`192.168.1.${i % 250}`, CACHED))
    for (let i = 0; i < 10_000; i++) figures.fold(entry(`10.${i >> 8}.${i & 255}.1`, CACHED))
    expect(figures.of('lan').queries).toBe(10_000)
    expect(figures.of('default').queries).toBe(20_000)
  })
})
