import { describe, expect, test } from 'vitest'
import { type Prefix, parsePrefix } from '../../../src/base/address.ts'
import { wireFromName } from '../../../src/base/name.ts'
import { type Query, TYPE } from '../../../src/base/question.ts'
import { asServed, houseAnswer, originsOf } from '../../../src/server/explain-names.ts'
import { HouseNames } from '../../../src/server/house-names.ts'
import type { Looked } from '../../../src/threads/messages.ts'
import { SETTINGS, TestClock } from '../../support/in-memory.ts'

const names = new HouseNames(
  {
    domain: 'lan',
    ttl: 60,
    records: [
      { kind: 'A', name: 'nas.lan', ttl: 60, address: '192.168.1.10' },
      { kind: 'CNAME', name: 'out.lan', ttl: 60, target: 'www.example' },
    ],
    rewrites: new Map([['*.dev.example', { kind: 'nxdomain' }]]),
    hosts: [],
    leases: [],
  },
  new TestClock(),
  () => {},
)
const settings = SETTINGS.names
const answer = (name: string) => houseAnswer(names, settings, { name, wire: wireFromName(name), type: TYPE.A } as Query)

describe('an explanation says', () => {
  test('which record of the house answers, also by a reverse name, a rewrite or a special zone', () => {
    expect(originsOf(names, settings, 'nas.lan')).toMatchObject([{ source: 'config', text: 'records: nas.lan' }])
    expect(originsOf(names, settings, '10.1.168.192.in-addr.arpa')).toMatchObject([{ text: 'records: nas.lan' }])
    expect(originsOf(names, settings, 'x.dev.example')).toMatchObject([
      { source: 'rewrite', text: 'rewrites: *.dev.example' },
    ])
    expect(originsOf(names, settings, 'x.test')).toMatchObject([
      { source: 'special', text: expect.stringContaining('RFC 6761') },
    ])
    expect(originsOf(names, settings, 'mask.icloud.com')).toMatchObject([{ text: expect.stringContaining('canary') }])
    expect(originsOf(names, settings, 'www.example')).toEqual([])
  })

  test('what the house would answer', () => {
    expect(answer('nas.lan')).toMatchObject({ source: 'local', reply: { rcode: 0 } })
    expect(answer('nowhere.lan')).toMatchObject({ source: 'local', reply: { rcode: 3 } })
    expect(answer('out.lan')).toMatchObject({
      source: 'local',
      reply: { body: { answers: [{ target: 'www.example' }] } },
    })
    expect(answer('localhost')).toMatchObject({ source: 'special' })
    expect(answer('www.example')).toBeUndefined()
  })

  const kept = (type: string, ...records: string[]): Looked => ({ type, rcode: 'NOERROR', ttl: 60, records })
  test('what rebinding protection and DNS64 make of what is cached', () => {
    const inside = [kept('A', '192.168.1.1')]
    expect(asServed(settings, 'x.example', TYPE.A, inside)).toBeUndefined()
    const on = { ...settings, rebinding: { except: ['fine.example'] } }
    expect(asServed(on, 'x.example', TYPE.A, inside)).toMatchObject({ source: 'refused', records: [] })
    expect(asServed(on, 'x.fine.example', TYPE.A, inside)).toBeUndefined()
    const prefix = parsePrefix('64:ff9b::/96') as Prefix
    const nat64 = { ...settings, dns64: { prefix, exceptClients: [], exceptNames: ['old.example'] } }
    const four = [kept('A', '198.51.100.7'), kept('AAAA')]
    expect(asServed(nat64, 'x.example', TYPE.AAAA, four)).toMatchObject({
      source: 'dns64',
      records: ['64:ff9b::c633:6407'],
    })
    expect(asServed(nat64, 'x.example', TYPE.A, four)).toBeUndefined()
    expect(asServed(nat64, 'old.example', TYPE.AAAA, four)).toBeUndefined()
    expect(
      asServed(nat64, 'x.example', TYPE.AAAA, [kept('A', '198.51.100.7'), kept('AAAA', '2001:db8::1')]),
    ).toBeUndefined()
  })
})
