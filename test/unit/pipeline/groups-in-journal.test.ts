import { expect, test } from 'vitest'
import { Moment } from '../../../src/base/clock.ts'
import type { Client } from '../../../src/pipeline/clients.ts'
import { NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import type { Member } from '../../../src/policy/group.ts'
import { GroupFigures } from '../../../src/server/group-figures.ts'
import { groupOf } from '../../support/group.ts'
import { inMemory } from '../../support/in-memory.ts'
import { queryPacket } from '../../support/packets.ts'

const HOME = '192.168.1.30'
const GUESTS = { address: '192.168.20.1', port: 53 }
const SCREENS = groupOf('screens', [{ kind: 'id', pattern: 'tv' }])
const VISITORS = groupOf('visitors', [{ kind: 'listener', at: '192.168.20.1:' }])
const household = (...groups: (typeof SCREENS)[]) => ({ ...NO_GROUPS, groups })

/** A house with a client that calls itself by a name, one at a listener of its own, and one of whom nothing is known. */
function start(...groups: (typeof SCREENS)[]) {
  const house = inMemory({ household: household(...groups), rules: { block: ['ads.example'] } })
  const { clients, reception, answerer } = house.resolver
  const out = new Uint8Array(4096)
  const ask = (client: Client, name: string): Promise<void> => {
    const packet = queryPacket(name, {})
    const transport = client.door === 'plain' ? 'udp' : 'https'
    const time = new Moment().take(house.clock)
    const size = answerer.quick(packet, 0, packet.length, client, transport, out, 0, time)
    if (size > 0) return Promise.resolve()
    return new Promise((resolve) => answerer.answer(packet, client, transport, () => resolve()))
  }
  return {
    ...house,
    ask,
    television: clients.via('https', HOME, 'tv'),
    visitor: reception.entrances.at(GUESTS).current.of(HOME),
    anybody: clients.of(HOME),
  }
}

test('an entry says in which groups its client was, also by what it calls itself and where it asks', async () => {
  const house = start(SCREENS, VISITORS)
  const { ask, television, visitor, anybody } = house
  // Twice: from the pipeline, then from the lane.
  for (let i = 0; i < 2; i++) for (const client of [television, visitor, anybody]) await ask(client, 'ads.example')
  expect(house.entries().map(({ lane, groups }) => [lane, ...groups])).toEqual([
    [false, 'screens', 'default'],
    [false, 'visitors', 'default'],
    [false, 'default'],
    [true, 'screens', 'default'],
    [true, 'visitors', 'default'],
    [true, 'default'],
  ])
})

test('the figures of a group count who is in it by that alone', async () => {
  const house = start(SCREENS, VISITORS, groupOf('default', []))
  const { ask, television, visitor, anybody } = house
  for (const name of ['ads.example', 'ads.example', 'www.example']) await ask(television, name)
  await ask(visitor, 'ads.example')
  await ask(anybody, 'www.example')
  const figures = new GroupFigures(() => household(SCREENS, VISITORS, groupOf('default', [])))
  for (const entry of house.entries()) figures.fold(entry)
  expect(figures.of('screens')).toEqual({ queries: 3, blocked: 2 })
  expect(figures.of('visitors')).toEqual({ queries: 1, blocked: 1 })
  expect(figures.of('default')).toEqual({ queries: 5, blocked: 3 })
})

test('groups that come with a new configuration are told in the next batch, and older entries keep theirs', async () => {
  const house = start()
  const { ask, anybody } = house
  await ask(anybody, 'ads.example')
  house.resolver.journal.flush()
  const named: Member = { kind: 'door', door: 'plain' }
  house.resolver.obey({ kind: 'household', household: household(groupOf('wired', [named])) })
  await ask(anybody, 'ads.example')
  expect(house.entries().map(({ groups }) => groups)).toEqual([['default'], ['wired', 'default']])
})
