import { describe, expect, test } from 'vitest'
import { parsePrefix } from '../../../src/base/address.ts'
import { type Query, TYPE } from '../../../src/base/question.ts'
import { NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import { groupOf } from '../../support/group.ts'
import { inMemory, SETTINGS } from '../../support/in-memory.ts'
import { looked } from '../../support/looked.ts'
import { readPacket, responsePacket } from '../../support/packets.ts'

const SOA = {
  type: 'SOA',
  name: 'example',
  ttl: 120,
  data: { mname: 'ns.example', rname: 'h.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 60 },
} as const

/** Only IPv4 outside; a name may be an alias of a tracker. */
const world = ({ name, type }: Query): Uint8Array => {
  const questions = [{ type: type === TYPE.A ? 'A' : type === TYPE.AAAA ? 'AAAA' : 'UNKNOWN_65', name } as never]
  if (type !== TYPE.A) return responsePacket({ questions, authorities: [SOA] })
  const data = name === 'inside.example' ? '192.168.1.1' : '198.51.100.7'
  const alias = { type: 'CNAME', name, ttl: 300, data: 'tracker.example' } as const
  const answers =
    name === 'cloak.example'
      ? [alias, { type: 'A', name: 'tracker.example', ttl: 300, data } as const]
      : [{ type: 'A', name, ttl: 300, data } as const]
  return responsePacket({ questions, answers })
}

describe('a rehearsal', () => {
  test('asks nobody, counts nothing and keeps nothing', async () => {
    const house = inMemory({ upstream: world, rules: { block: ['ads.example'] } })
    const { would, kept } = await looked(house, 'www.example')
    expect(would.A).toEqual({
      source: 'upstream',
      rcode: 0,
      ttl: undefined,
      records: [],
      error: undefined,
      silent: false,
      open: true,
    })
    expect(kept).toEqual([])
    expect((await looked(house, 'ads.example')).would.A).toMatchObject({ source: 'sinkhole', records: ['127.0.0.1'] })
    expect(house.forwarded).toEqual([])
    expect(house.entries()).toEqual([])
    expect((await looked(house, 'www.example')).kept).toEqual([])
  })

  test('says what the pipeline would, and which stage has the last word', async () => {
    const house = inMemory({
      upstream: world,
      rules: { block: ['ads.example', 'tracker.example'] },
      settings: {
        names: {
          ...SETTINGS.names,
          rebinding: { except: [] },
          dns64: { prefix: parsePrefix('64:ff9b::/96') as never, exceptClients: [], exceptNames: [] },
        },
      },
    })
    for (const [name, type, source] of [
      ['www.example', 'A', 'cache'],
      ['www.example', 'AAAA', 'dns64'],
      ['www.example', 'HTTPS', 'cache'],
      ['ads.example', 'AAAA', 'sinkhole'],
      ['cloak.example', 'A', 'inspect'],
      ['inside.example', 'A', 'rebinding'],
      ['localhost', 'A', 'special'],
    ] as const) {
      const packet = readPacket(await house.ask(name, { type }))
      const { would } = await looked(house, name)
      const records = packet.answers?.map((record) => String((record as { data: unknown }).data))
      expect(would[type], `${name} ${type}`).toMatchObject({ source, records, open: false })
    }
    const count = house.forwarded.length
    await looked(house, 'www.example')
    expect(house.forwarded).toHaveLength(count)
  })

  test('goes by who asks: his groups, and what is paused for him', async () => {
    const answer = { mode: 'drop', addresses: [], ttl: 60 } as const
    const kids = groupOf('kids', [{ kind: 'range', prefix: parsePrefix('192.168.1.20') as never }], { answer })
    const household = { ...NO_GROUPS, groups: [kids] }
    const house = inMemory({ upstream: world, rules: { block: ['ads.example'] }, household })
    expect((await looked(house, 'ads.example', '192.168.1.20')).would.A).toMatchObject({
      source: 'sinkhole',
      silent: true,
    })
    expect((await looked(house, 'ads.example', '192.168.1.30')).would.A).toMatchObject({ silent: false })
    house.resolver.obey({
      kind: 'household',
      household: { ...household, paused: { groups: ['kids'], devices: [] } },
    })
    expect((await looked(house, 'ads.example', '192.168.1.20')).would.A.source).toBe('upstream')
    expect((await looked(house, 'ads.example')).would.A.source).toBe('sinkhole')
    house.resolver.obey({ kind: 'pause', active: true })
    expect((await looked(house, 'ads.example')).would.A.source).toBe('upstream')
  })

  test('counts the seconds that an answer may still be kept', async () => {
    const house = inMemory({ upstream: world })
    await house.ask('www.example')
    house.clock.advance(100_000)
    expect((await looked(house, 'www.example')).would.A).toMatchObject({ source: 'cache', ttl: 200 })
    house.clock.advance(250_000)
    expect((await looked(house, 'www.example')).would.A).toMatchObject({ source: 'upstream', open: true })
  })
})
