import { describe, expect, test } from 'vitest'
import type { OwnRecord } from '../../../src/base/reply.ts'
import { gatherNames, type NameSources } from '../../../src/names/gather.ts'
import { readHosts } from '../../../src/names/hosts-text.ts'
import type { Lease } from '../../../src/names/lease.ts'
import { leaseLabel } from '../../../src/names/lease-label.ts'

const NOTHING: NameSources = { domain: 'lan', ttl: 60, records: [], rewrites: new Map(), hosts: [], leases: [] }
const hosts = (text: string) => [{ path: '/etc/hosts', entries: readHosts(text).entries }]
const lease = (
  name: string,
  address: string,
  mac = `02:00:00:00:00:${address.split('.').at(-1)?.padStart(2, '0')}`,
): Lease => ({
  address,
  mac,
  fromDuid: false,
  name,
  expires: Number.POSITIVE_INFINITY,
})
const leases = (...all: Lease[]) => [{ path: '/leases', leases: all }]
const a = (name: string, address: string): OwnRecord => ({ kind: 'A', name, ttl: 5, address })
const data = (records: readonly OwnRecord[] | undefined): unknown =>
  records?.map((record) => ('address' in record ? record.address : 'target' in record ? record.target : record.kind))

describe('the names of the house', () => {
  test('of hosts files stand by themselves and, where short, in the domain too, with a reverse name', () => {
    const { snapshot, origins } = gatherNames({
      ...NOTHING,
      hosts: hosts('192.168.1.5 nas nas.example.com # box\nfd00::5 nas\n'),
    })
    expect(data(snapshot.records.get('nas'))).toEqual(['192.168.1.5', 'fd00::5'])
    expect(data(snapshot.records.get('nas.lan'))).toEqual(['192.168.1.5', 'fd00::5'])
    expect(data(snapshot.records.get('nas.example.com'))).toEqual(['192.168.1.5'])
    expect(data(snapshot.records.get('5.1.168.192.in-addr.arpa'))).toEqual(['nas.lan'])
    expect(data(snapshot.records.get(`5.${'0.'.repeat(29)}d.f.ip6.arpa`))).toEqual(['nas.lan'])
    expect(origins.get('nas.lan')).toEqual([
      { source: 'hosts', path: '/etc/hosts', line: 1, text: '192.168.1.5 nas nas.example.com # box' },
      { source: 'hosts', path: '/etc/hosts', line: 2, text: 'fd00::5 nas' },
    ])
  })

  test('of the configuration win over those of hosts files, and those over leases', () => {
    const { snapshot, refused } = gatherNames({
      ...NOTHING,
      records: [
        a('nas.lan', '192.168.1.9'),
        { kind: 'PTR', name: '7.1.168.192.in-addr.arpa', ttl: 5, target: 'x.lan' },
      ],
      hosts: hosts('192.168.1.5 nas.lan\n192.168.1.7 tv\n'),
      leases: leases(lease('nas', '192.168.1.20'), lease('TV', '192.168.1.21'), lease('phone', '192.168.1.22')),
    })
    expect(data(snapshot.records.get('nas.lan'))).toEqual(['192.168.1.9'])
    expect(data(snapshot.records.get('tv.lan'))).toEqual(['192.168.1.7'])
    expect(data(snapshot.records.get('7.1.168.192.in-addr.arpa'))).toEqual(['x.lan'])
    expect(data(snapshot.records.get('phone.lan'))).toEqual(['192.168.1.22'])
    expect(data(snapshot.records.get('phone'))).toEqual(['192.168.1.22'])
    expect(data(snapshot.records.get('22.1.168.192.in-addr.arpa'))).toEqual(['phone.lan'])
    expect(refused).toMatchObject({ defined: 2 })
  })

  test('a lease takes no name that a wildcard or a rewrite of the configuration covers', () => {
    const { snapshot, refused } = gatherNames({
      ...NOTHING,
      records: [a('*.lan', '192.168.1.9')],
      rewrites: new Map([
        ['*.example.lan', { kind: 'nxdomain' }],
        ['shop.lan', { kind: 'nxdomain' }],
      ]),
      leases: leases(lease('x', '192.168.1.20'), lease('shop', '192.168.1.21')),
    })
    expect(snapshot.records.has('x.lan')).toBe(false)
    expect(snapshot.records.has('shop.lan')).toBe(false)
    expect(refused.defined).toBe(2)
  })

  test('a name belongs to one device, and stays with it while its lease lasts', () => {
    const nas = lease('nas', '192.168.1.20')
    const thief = lease('nas', '192.168.1.66')
    const first = gatherNames({ ...NOTHING, leases: leases(nas) })
    const second = gatherNames({ ...NOTHING, leases: leases(thief, nas) }, first.holders)
    expect(data(second.snapshot.records.get('nas.lan'))).toEqual(['192.168.1.20'])
    expect(second.refused.taken).toBe(1)
    const third = gatherNames({ ...NOTHING, leases: leases(thief) }, second.holders)
    expect(data(third.snapshot.records.get('nas.lan'))).toEqual(['192.168.1.66'])
  })

  test('a device with two leases has both addresses', () => {
    const { snapshot } = gatherNames({
      ...NOTHING,
      leases: leases(lease('laptop', '192.168.1.20'), {
        ...lease('laptop', '2001:db8::20'),
        mac: '02:00:00:00:00:20',
        fromDuid: true,
      }),
    })
    expect(data(snapshot.records.get('laptop.lan'))).toEqual(['192.168.1.20', '2001:db8::20'])
  })

  test('an address that no device can have gives no name', () => {
    const { snapshot, refused } = gatherNames({
      ...NOTHING,
      leases: leases(lease('x', '127.0.0.1'), lease('y', '0.0.0.0')),
    })
    expect(snapshot.records.size).toBe(0)
    expect(refused.address).toBe(2)
  })

  test('a wildcard has no reverse name, and without a domain short names stand by themselves', () => {
    const { snapshot } = gatherNames({
      ...NOTHING,
      domain: undefined,
      records: [a('*.apps.example', '192.168.1.9')],
      leases: leases(lease('phone', '192.168.1.22')),
    })
    expect([...snapshot.records.keys()]).toEqual(['*.apps.example', 'phone', '22.1.168.192.in-addr.arpa'])
    expect(snapshot.zones).toEqual([])
  })
})

describe('the host name in a lease', () => {
  test.each([
    ['Kitchen-Tablet', 'kitchen-tablet'],
    ["Anna's iPhone", 'anna-s-iphone'],
    ['phone.lan', 'phone'],
    ['phone.evil.example.com', 'phone'],
    ['bücher', 'xn--bcher-kva'],
    ['-x-', 'x'],
    ['\u001b[31mred', '31mred'],
    ['a'.repeat(80), 'a'.repeat(63)],
    ['../../etc', undefined],
    ['', undefined],
    ['***', undefined],
    ['wpad', undefined],
    ['WPAD.lan', undefined],
    ['localhost', undefined],
    ['localhost.lan', undefined],
    ['isatap', undefined],
    ['local', undefined],
    ['lan', undefined],
    ['\u0000', undefined],
  ])('%j becomes %j', (text, expected) => {
    const label = leaseLabel(text, 'lan')
    expect(label.kind === 'label' ? label.label : undefined).toBe(expected)
  })
})

describe('a hosts file', () => {
  test('says which lines are none, and leaves out what is true on its own machine only', () => {
    const read = readHosts(
      [
        '# comment',
        '127.0.0.1 localhost',
        '127.0.1.1 myhost',
        '::1 ip6-localhost',
        'ff02::1 ip6-allnodes',
        '192.168.1.5\tNAS.lan.  nas',
        'not-an-address nas',
        '192.168.1.6',
        '192.168.1.7 ex..ample',
        '192.168.1.8 localhost x.localhost',
        '',
      ].join('\r\n'),
    )
    expect(read.entries.map(({ address, names, line }) => [address, names, line])).toEqual([
      ['192.168.1.5', ['nas.lan', 'nas'], 6],
    ])
    expect(read.own).toBe(4)
    expect(read.rejected.map(({ line }) => line)).toEqual([7, 8, 9, 10])
  })
})
