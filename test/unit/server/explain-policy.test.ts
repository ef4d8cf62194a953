import { afterEach, describe, expect, test } from 'vitest'
import { parsePrefix } from '../../../src/base/address.ts'
import { TYPE } from '../../../src/base/question.ts'
import { Ledger } from '../../../src/ledger/ledger.ts'
import type { ListAudience } from '../../../src/lists/audience.ts'
import { loadPolicy } from '../../../src/lists/load.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import {
  aliasViews,
  clauseText,
  groupViews,
  parentOf,
  pauseViews,
  safeSearchView,
  seenAs,
} from '../../../src/server/explain-policy.ts'
import { HouseholdKeeper } from '../../../src/server/household.ts'
import { Pausing } from '../../../src/server/pausing.ts'
import type { Looked } from '../../../src/threads/messages.ts'
import { groupOf } from '../../support/group.ts'
import { TestClock } from '../../support/in-memory.ts'
import { sourcesOf } from '../lists/folder.ts'

const MAC = '02:00:00:00:00:01'
const TABLET = '192.168.1.20'
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

const KIDS = groupOf('kids', [{ kind: 'mac', mac: MAC }], { safeSearch: ['google'] })

async function house(block: readonly string[], kids: readonly string[] = []) {
  const clock = new TestClock()
  const none = { lists: [], allow: [], services: [], only: false }
  const audience: ListAudience = { groups: [{ name: 'kids', block: kids, ...none }], answers: [], own: [] }
  const compiled = await loadPolicy(sourcesOf({ block, audience }), 'refuse', [1, 2, 3])
  if (compiled.kind === 'refused') throw new Error('refused')
  const policy = openPolicy(compiled.buffer, compiled.lists, 1, compiled.conditionals)
  const ledger = new Ledger({
    window: 1000,
    holdBack: 0,
    learning: 0,
    deviceLearning: 0,
    inside: [parsePrefix('192.168.0.0/16') as never],
    self: [],
    sinkhole: [],
    exempt: [],
    names: new Map(),
    born: clock.now(),
  })
  ledger.bind(TABLET, MAC, clock.now(), 'lease')
  const until = clock.now() + 60_000
  const everybody = { group: undefined, device: undefined, by: undefined, until }
  const pauses = [
    { ...everybody, group: 'kids', by: 'me' },
    { ...everybody, device: MAC },
    { ...everybody, device: '192.168.1.99' },
  ]
  const pausing = new Pausing(clock, () => pauses)
  const settings = { groups: [KIDS], hours: new Map() }
  const household = new HouseholdKeeper(settings, {
    clock,
    pausing,
    devices: () => ledger.devices(),
    bonuses: () => [],
  })
  closing.push(() => household.close())
  const seen = (device?: string, address?: string) => seenAs(policy, household, ledger, device, undefined, address)
  return { policy, household, pausing, seen }
}

const looked = (targets: readonly string[], addresses: readonly string[]): Looked => ({
  type: 'A',
  rcode: 'NOERROR',
  ttl: 60,
  records: [],
  targets,
  addresses,
})

describe('a device before the policy', () => {
  test('is in its groups, with their rules; a stranger is in none', async () => {
    const { seen, household } = await house([], ['games.example'])
    const tablet = seen(`mac:${MAC}`)
    expect(tablet).toMatchObject({ from: TABLET, keys: [MAC, TABLET] })
    expect(groupViews(tablet.profile, household)).toEqual([
      { name: 'kids', holds: true, schedule: null, bonus: null, paused: true },
      { name: 'default', holds: true, schedule: null, bonus: null, paused: false },
    ])
    expect(tablet.decide('games.example', TYPE.A).kind).toBe('block')
    expect(seen().decide('games.example', TYPE.A).kind).toBe('none')
    expect(seen('ip:192.168.1.30')).toMatchObject({ from: '192.168.1.30', keys: ['192.168.1.30'] })
    expect(seen().from).toBeUndefined()
  })

  test('is seen at the address that is meant, where it has several', async () => {
    const { seen, household } = await house([])
    const groups = [groupOf('six', [{ kind: 'range', prefix: parsePrefix('fd00::/64') as never }])]
    household.use({ groups, hours: new Map() })
    expect(seen(`mac:${MAC}`).profile.groups).toEqual(['default'])
    const there = seen(`mac:${MAC}`, 'fd00::20')
    expect(there.profile.groups).toEqual(['six', 'default'])
    expect(there).toMatchObject({ from: 'fd00::20', keys: [MAC, 'fd00::20'] })
  })

  test('has the pauses of its groups and of itself, and no others', async () => {
    const { seen, pausing } = await house([])
    expect(pauseViews(seen(`mac:${MAC}`), pausing)).toMatchObject([
      { of: 'group', name: 'kids', by: 'me' },
      { of: 'device', name: MAC, by: null },
    ])
    expect(pauseViews(seen('ip:192.168.1.99'), pausing)).toMatchObject([{ of: 'device', name: '192.168.1.99' }])
    expect(pauseViews(seen(), pausing)).toEqual([])
  })

  test('has safe search where a group of it wants it', async () => {
    const { seen } = await house([])
    expect(safeSearchView(seen(`mac:${MAC}`), 'www.google.de')).toEqual({
      target: 'forcesafesearch.google.com',
      engines: ['google'],
    })
    expect(safeSearchView(seen(`mac:${MAC}`), 'www.example')).toBeNull()
    expect(safeSearchView(seen(), 'www.google.de')).toBeNull()
  })
})

describe('the policy, in words', () => {
  test('says by which clause a rule won', async () => {
    const { seen } = await house(['ads.example', '*.tree.example', '||strong.example^$important'])
    const words = (name: string) => clauseText(seen().decide(name, TYPE.A))
    expect(words('ads.example')).toBe('a blocklist blocks it (the name itself); clause 7 of 8: block-list')
    expect(words('x.tree.example')).toMatch(/\(with all that is under it\); clause 7 of 8: block-list$/)
    expect(words('strong.example')).toMatch(/clause 5 of 8: important-block$/)
    expect(words('other.example')).toBe('no rule that applies matches this name')
  })

  test('says what it thinks of aliases in their order, each once, and of addresses that a rule is for', async () => {
    const { seen, policy } = await house(['tracker.example', '198.51.100.0/24'])
    const cached = [
      looked(['cdn.example', 'tracker.example'], ['192.0.2.7', '198.51.100.7']),
      looked(['cdn.example'], []),
    ]
    expect(aliasViews(seen(), policy, cached, TYPE.A)).toEqual([
      { name: 'cdn.example', kind: 'none', list: null, line: null },
      { name: 'tracker.example', kind: 'block', list: 'lists.block', line: 1 },
      { name: '198.51.100.7', kind: 'block', list: 'lists.block', line: 2 },
    ])
  })

  test('names a parent that is blocked alone, and none where the name itself is', async () => {
    const { seen, policy } = await house(['shop.example', 'ads.example'])
    expect(parentOf(seen(), policy, 'a.b.shop.example', TYPE.A)).toEqual({
      name: 'shop.example',
      list: 'lists.block',
      line: 1,
    })
    expect(parentOf(seen(), policy, 'ads.example', TYPE.A)).toBeNull()
    expect(parentOf(seen(), policy, 'other.example', TYPE.A)).toBeNull()
  })
})
