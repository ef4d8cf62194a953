import { describe, expect, test } from 'vitest'
import { type ListAudience, withAudience } from '../../../src/lists/audience.ts'
import { explainName } from '../../../src/lists/explain.ts'
import { loadPolicy } from '../../../src/lists/load.ts'
import { listKey } from '../../../src/policy/decision.ts'
import { sourcesOf } from './folder.ts'

const URL = 'https://lists.example/a/ads.txt'
const LISTS = [{ name: 'own.hosts' }, { name: 'lists.example/ads.txt', url: URL }]
const group = (name: string, lists: readonly string[]): ListAudience['groups'][number] => ({
  name,
  lists,
  block: [],
  allow: [],
  services: [],
  only: false,
})
const audience = (change: Partial<ListAudience>): ListAudience => ({ groups: [], answers: [], own: [], ...change })
const groupsOf = (list: object) => (list as { groups?: readonly string[] }).groups

describe('a list', () => {
  test.each([
    ['own.hosts', 'own.hosts'],
    ['own.*', 'own.hosts'],
    ['lists.example/ads.txt', 'lists.example/ads.txt'],
    [URL, 'lists.example/ads.txt'],
    ['https://lists.example/*', 'lists.example/ads.txt'],
  ])('is for the group that names it by %s, a file or one from the web alike', (pattern, name) => {
    const { lists, problems } = withAudience(LISTS, audience({ groups: [group('kids', [pattern])] }))
    expect(problems).toEqual([])
    expect(lists.filter((list) => groupsOf(list) !== undefined)).toMatchObject([{ name, groups: ['kids'] }])
  })

  test('may have a block answer of its own by its URL', () => {
    const answer = { mode: 'nxdomain', addresses: [], ttl: 60 } as const
    const { lists } = withAudience(LISTS, audience({ answers: [{ lists: [URL], answer }] }))
    expect(lists).toMatchObject([{ name: 'own.hosts' }, { blockAnswer: answer }])
  })

  test('that nobody has is told; one that has not come yet is not', () => {
    const groups = [group('kids', ['lists.example/late.txt', 'none.txt'])]
    const { problems } = withAudience(LISTS, audience({ groups, awaited: ['https://lists.example/x/late.txt'] }))
    expect(problems).toMatchObject([
      { code: 'ASKFIRST_E_LIST_READ', message: 'no list has the name none.txt, which the group kids names' },
    ])
  })
})

test('own rules keep the line that each has in its file, in explanations and in what is told of them', async () => {
  const own = (device: string) =>
    ({
      path: '/x/rules.yaml',
      kind: 'block',
      group: undefined,
      device,
      rules: [
        { text: 'a.example', line: 50_000 },
        { text: 'not/a/name', line: 50_001 },
        { text: '||b.example^$dnstype=A', line: 50_007 },
      ],
    }) as const
  const sources = sourcesOf({ audience: audience({ own: [own('192.168.1.1')] }) })
  expect((await explainName('a.example', sources)).rules).toMatchObject([{ path: '/x/rules.yaml', line: 50_000 }])
  expect((await explainName('b.example', sources)).rules).toMatchObject([{ line: 50_007 }])
  // Hundreds of devices far down in a file cost no more than their rules.
  const many = Array.from({ length: 500 }, (_, i) => own(`192.168.${i >> 8}.${i & 255}`))
  const loaded = await loadPolicy(sourcesOf({ audience: audience({ own: many }) }), 'refuse', [1, 2, 3])
  expect(loaded.problems[0]).toMatchObject({ place: { file: '/x/rules.yaml', line: 50_001 } })
  if (loaded.kind === 'refused') expect.fail('refused')
  expect(loaded.lists.map(({ lines }) => lines)).toEqual(many.map(() => 3))
  expect(new Set(loaded.lists.map(listKey)).size).toBe(500)
})

test('own rules for a group that is not there are told with their place', () => {
  const own = [
    { path: '/x/rules.yaml', kind: 'block', group: 'kidz', device: undefined, rules: [{ text: 'a.example', line: 4 }] },
  ] as const
  const { problems } = withAudience(LISTS, audience({ groups: [group('kids', [])], own }))
  expect(problems).toMatchObject([
    { code: 'ASKFIRST_E_CONFIG_VALUE', place: { file: '/x/rules.yaml', line: 4, path: 'groups.kidz.block' } },
  ])
})
