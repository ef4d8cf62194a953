import { describe, expect, test } from 'vitest'
import { parsePrefix } from '../../../src/base/address.ts'
import type { ListAudience } from '../../../src/lists/audience.ts'
import { loadPolicy } from '../../../src/lists/load.ts'
import { type Household, NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import type { BlockAnswer } from '../../../src/policy/block-answer.ts'
import type { Group, Member } from '../../../src/policy/group.ts'
import type { FromResolver, PolicySnapshot } from '../../../src/threads/messages.ts'
import { groupOf } from '../../support/group.ts'
import { inMemory, SETTINGS } from '../../support/in-memory.ts'
import { looked } from '../../support/looked.ts'
import { extendedErrorOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

const TABLET = '192.168.1.20'
const TABLET_MAC = '02:00:00:00:00:01'
const OTHER = '192.168.1.30'

const byMac: Member = { kind: 'mac', mac: TABLET_MAC }
const byAddress = (text: string): Member => ({ kind: 'range', prefix: parsePrefix(text) as never })
const answer = (mode: BlockAnswer['mode']): BlockAnswer => ({ mode, addresses: [], ttl: 300 })

const lists = (name: string, change: Partial<ListAudience['groups'][number]> = {}) => ({
  name,
  lists: [],
  block: [],
  allow: [],
  services: [],
  only: false,
  ...change,
})

async function policyWith(audience: Partial<ListAudience>, block: string[] = [], allow: string[] = []) {
  const sources = { folder: null, files: [], block, allow, audience: { groups: [], answers: [], own: [], ...audience } }
  const compiled = await loadPolicy(sources, 'refuse', [1, 2, 3])
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems))
  const snapshot: PolicySnapshot = { buffer: compiled.buffer, lists: compiled.lists, generation: 1 }
  return snapshot
}

const known: Household['devices'] = [{ address: TABLET, mac: TABLET_MAC, name: 'tablet-anna' }]
const household = (groups: readonly Group[], change: Partial<Household> = {}): Household => ({
  ...NO_GROUPS,
  groups,
  devices: known,
  ...change,
})

/** `127.0.0.1`, or the rcode. */
async function ask(house: ReturnType<typeof inMemory>, name: string, from: string): Promise<string> {
  const packet = readPacket(await house.ask(name, { from })) as unknown as {
    answers: { data: string }[]
    rcode: string
  }
  return packet.answers[0]?.data ?? packet.rcode
}

describe('a list that a group names', () => {
  test('is for its members, and lists that nobody names are for everybody', async () => {
    const policy = await policyWith({ groups: [lists('children', { block: ['games.example'] })] }, ['ads.example'])
    const house = inMemory({ policy, household: household([groupOf('children', [byMac])]) })
    expect(await ask(house, 'games.example', TABLET)).toBe('127.0.0.1')
    expect(await ask(house, 'games.example', OTHER)).toBe('192.0.2.13')
    for (const from of [TABLET, OTHER]) expect(await ask(house, 'ads.example', from)).toBe('127.0.0.1')
  })

  test('of default is not for a group that wants nothing of everybody’s rules', async () => {
    const policy = await policyWith({ groups: [lists('lab')] }, ['ads.example'])
    const house = inMemory({ policy, household: household([groupOf('lab', [byMac], { withDefault: false })]) })
    expect(await ask(house, 'ads.example', TABLET)).toBe('192.0.2.11')
    expect(await ask(house, 'ads.example', OTHER)).toBe('127.0.0.1')
  })
})

describe('a device', () => {
  test('has the default group until the control thread knows better, and then at once', async () => {
    const policy = await policyWith({ groups: [lists('children', { block: ['games.example'] })] })
    const groups = [groupOf('children', [{ kind: 'name', pattern: 'tablet-*' }])]
    const house = inMemory({ policy, household: household(groups, { devices: [] }) })
    expect(await ask(house, 'games.example', TABLET)).toBe('192.0.2.13')
    house.resolver.obey({ kind: 'household', household: household(groups) })
    expect(await ask(house, 'games.example', TABLET)).toBe('127.0.0.1')
  })

  test('with rules of its own has them before all others', async () => {
    const own = { path: '/etc/askfirst/rules.yaml', group: undefined, device: TABLET_MAC }
    const policy = await policyWith(
      {
        own: [
          { ...own, kind: 'allow', rules: [{ text: 'ads.example', line: 4 }] },
          { ...own, kind: 'block', rules: [{ text: 'shop.example', line: 6 }] },
        ],
      },
      ['ads.example'],
      ['shop.example'],
    )
    const house = inMemory({ policy, household: household([]) })
    expect(await ask(house, 'ads.example', TABLET)).toBe('192.0.2.11')
    expect(await ask(house, 'shop.example', TABLET)).toBe('127.0.0.1')
    expect(await ask(house, 'ads.example', OTHER)).toBe('127.0.0.1')
    expect(await ask(house, 'shop.example', OTHER)).toBe('192.0.2.12')
    expect(house.entries().find(({ name }) => name === 'shop.example')?.outcome).toMatchObject({ line: 6 })
  })
})

describe('the answer to a blocked name', () => {
  test('is what its list says, else the first group of the device that says something, else the house', async () => {
    const groups = [
      groupOf('quiet', [byMac]),
      groupOf('children', [byMac], { answer: answer('nxdomain') }),
      groupOf('late', [byMac], { answer: answer('refused') }),
    ]
    const plain = inMemory({ policy: await policyWith({}, ['ads.example']), household: household(groups) })
    expect(await ask(plain, 'ads.example', TABLET)).toBe('NXDOMAIN')
    expect(await ask(plain, 'ads.example', OTHER)).toBe('127.0.0.1')
    const answers = [{ lists: ['lists.bl*'], answer: answer('nodata') }]
    const policy = await policyWith({ answers }, ['ads.example'])
    const byList = inMemory({ policy, household: household(groups) })
    for (const from of [TABLET, OTHER]) expect(await ask(byList, 'ads.example', from)).toBe('NOERROR')
  })

  test('may be silence over UDP; who waits on a connection is refused; both are journalled as blocked', async () => {
    const policy = await policyWith({}, ['ads.example'])
    const house = inMemory({ policy, settings: { sinkhole: answer('drop') } })
    let sent = 0
    const packet = queryPacket('ads.example', {})
    house.resolver.answerer.answer(packet, house.client(OTHER), 'udp', () => void sent++)
    expect(sent).toBe(0)
    expect(house.quick(packet)).toBe(undefined)
    expect(readPacket((await house.slow(packet, OTHER, 'tcp')) as Uint8Array)).toMatchObject({ rcode: 'REFUSED' })
    expect(house.entries().map(({ outcome }) => outcome.kind)).toEqual(['blocked', 'blocked'])
  })
})

describe('a group that gets only what is allowed', () => {
  test('is answered what an allow rule names, and nothing else', async () => {
    const groups = [lists('lab', { allow: ['*.school.example'], only: true })]
    const house = inMemory({
      policy: await policyWith({ groups }),
      household: household([groupOf('lab', [byAddress('192.168.1.20')], { only: true, answer: answer('nxdomain') })]),
    })
    expect(await ask(house, 'www.school.example', TABLET)).toBe('192.0.2.18')
    expect(await ask(house, 'www.example', TABLET)).toBe('NXDOMAIN')
    const packet = await house.ask('www.example', { from: TABLET, edns: 1232 })
    expect(extendedErrorOf(packet)?.text).toBe('blocked: no rule allows it, and its group gets only what one does')
    expect(await ask(house, 'www.example', OTHER)).toBe('192.0.2.11')
  })
})

describe('what is off or paused', () => {
  test('does not hold: a group by its hours, the members of a paused group, a paused device', async () => {
    const policy = await policyWith({ groups: [lists('children', { block: ['games.example'] })] }, ['ads.example'])
    const groups = [groupOf('children', [byMac])]
    const house = inMemory({ policy, household: household(groups) })
    const seen = async (change: Partial<Household>) => {
      house.resolver.obey({ kind: 'household', household: household(groups, change) })
      return [await ask(house, 'games.example', TABLET), await ask(house, 'ads.example', TABLET)]
    }
    expect(await seen({})).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(await seen({ off: ['children'] })).toEqual(['192.0.2.13', '127.0.0.1'])
    expect(await seen({ paused: { groups: ['children'], devices: [] } })).toEqual(['192.0.2.13', '192.0.2.11'])
    expect(await seen({ paused: { groups: [], devices: [TABLET_MAC] } })).toEqual(['192.0.2.13', '192.0.2.11'])
    expect(await seen({})).toEqual(['127.0.0.1', '127.0.0.1'])
  })
})

describe('the fast lane', () => {
  test('keeps answers of different groups apart (I10)', async () => {
    const policy = await policyWith({ groups: [lists('children', { block: ['games.example'] })] })
    const house = inMemory({ policy, household: household([groupOf('children', [byMac])]) })
    for (let round = 0; round < 3; round++) {
      for (const from of [TABLET, OTHER]) await ask(house, 'games.example', from)
    }
    const packet = queryPacket('games.example', {})
    for (const from of [TABLET, OTHER]) {
      const quick = house.quick(packet, from)
      expect(quick).toBeDefined()
      expect(quick).toEqual(await house.slow(packet, from))
    }
    expect(house.quick(packet, TABLET)).not.toEqual(house.quick(packet, OTHER))
  })
})

describe('safe search', () => {
  test('gives the addresses of the strict name behind an alias, no service records, and only where a group wants it', async () => {
    const groups = [groupOf('children', [byMac], { safeSearch: ['google', 'youtube'] })]
    const house = inMemory({ household: household(groups), settings: { safeSearch: true } })
    const packet = readPacket(await house.ask('www.google.co.uk', { from: TABLET, edns: 1232 }))
    expect(packet.answers).toMatchObject([
      { type: 'CNAME', name: 'www.google.co.uk', data: 'forcesafesearch.google.com' },
      { type: 'A', name: 'forcesafesearch.google.com', data: '192.0.2.26' },
    ])
    expect(readPacket(await house.ask('www.google.co.uk', { from: TABLET, type: 'HTTPS' })).answers).toEqual([])
    expect(await ask(house, 'www.google.co.uk', OTHER)).toBe('192.0.2.16')
    expect(await ask(house, 'www.google.example', TABLET)).toBe('192.0.2.18')
    expect(house.forwarded).not.toContain('HTTPS www.google.co.uk')
  })
})

describe('a group with upstreams of its own', () => {
  const groups = [
    groupOf('quiet', [byMac]),
    groupOf('children', [byMac], { upstreams: true }),
    groupOf('late', [byMac], { upstreams: true }),
  ]
  const sets = ['late', 'children'].map((group) => ({ group, servers: [] }))
  /** What leaves the house: `name route`. */
  const world = (change: Partial<Household> = {}) => {
    const asked: string[] = []
    const house = inMemory({
      rules: { block: ['ads.example'] },
      settings: { upstreams: { ...SETTINGS.upstreams, groups: sets } },
      household: household(groups, change),
      upstream: (query) => {
        asked.push(`${query.name} ${query.route ?? 0}`)
        return responsePacket({
          questions: [{ type: 'A', name: query.name } as never],
          answers: [{ type: 'A', name: query.name, ttl: 300, data: `192.0.2.${1 + (query.route ?? 0)}` }],
        })
      },
    })
    return { house, asked }
  }

  test('asks those of the first group that has some, and everybody else those of the house', async () => {
    const { house, asked } = world()
    expect(await ask(house, 'www.example', TABLET)).toBe('192.0.2.3')
    expect(await ask(house, 'www.example', OTHER)).toBe('192.0.2.1')
    expect(asked).toEqual(['www.example 2', 'www.example 0'])
  })

  test('keeps what they said apart: in the cache, in the lane, and while it is on its way', async () => {
    const { house, asked } = world()
    await Promise.all([TABLET, OTHER, TABLET, OTHER].map((from) => ask(house, 'www.example', from)))
    expect(asked).toEqual(['www.example 2', 'www.example 0'])
    for (const [from, last] of [
      [TABLET, 3],
      [OTHER, 1],
    ] as const) {
      expect(await ask(house, 'www.example', from)).toBe(`192.0.2.${last}`)
      const quick = house.quick(queryPacket('www.example'), from)
      expect((readPacket(quick as Uint8Array) as unknown as { answers: { data: string }[] }).answers[0]?.data).toBe(
        `192.0.2.${last}`,
      )
    }
    expect(asked).toHaveLength(2)
  })

  test('asks those of the house while its hours are off, and its own again behind them', async () => {
    const { house, asked } = world()
    for (const off of [[], ['children'], ['children', 'late'], []]) {
      house.resolver.obey({ kind: 'household', household: household(groups, { off }) })
      await ask(house, `n${asked.length}.example`, TABLET)
    }
    expect(asked).toEqual(['n0.example 2', 'n1.example 1', 'n2.example 0', 'n3.example 2'])
  })

  test('is what explain looks at', async () => {
    const { house } = world()
    await ask(house, 'www.example', TABLET)
    const records = async (from: string) =>
      (await looked(house, 'www.example', from)).kept.flatMap((one) => one.records)
    expect(await records(TABLET)).toEqual(['192.0.2.3'])
    expect(await records(OTHER)).toEqual([])
  })

  test('is not written down with the cache, since the next start may know it by another number', async () => {
    const { house } = world()
    await ask(house, 'www.example', TABLET)
    await ask(house, 'other.example', OTHER)
    house.resolver.obey({ kind: 'dump', token: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const dumped = house.messages.findLast(({ kind }) => kind === 'dumped') as Extract<FromResolver, { kind: 'dumped' }>
    const text = Buffer.concat(dumped.chunks).toString('latin1')
    expect([text.includes('other'), text.includes('www')]).toEqual([true, false])
  })
})
