import { describe, expect, test } from 'vitest'
import { originsOf } from '../../../src/server/explain-names.ts'
import { HouseNames } from '../../../src/server/house-names.ts'
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
})
