import { describe, expect, test } from 'vitest'
import type { OwnRecord } from '../../../src/base/reply.ts'
import { HouseZone } from '../../../src/names/house-zone.ts'
import { NO_NAMES, type Rewrite } from '../../../src/names/snapshot.ts'

const a = (name: string, address = '192.168.1.1'): OwnRecord => ({ kind: 'A', name, ttl: 60, address })
const zoneOf = (names: readonly string[], zones: readonly string[] = [], rewrites: Record<string, Rewrite> = {}) =>
  new HouseZone({
    ...NO_NAMES,
    records: new Map(names.map((name) => [name, [a(name)]])),
    zones,
    rewrites: new Map(Object.entries(rewrites)),
  })
/** What is found, in one word: the owner of the records, `nodata`, `nxdomain` or `outside`. */
const said = (zone: HouseZone, name: string): string => {
  const found = zone.find(name)
  if (found.kind === 'records' || found.kind === 'rewrite') return found.owner
  return found.kind === 'missing' ? (found.exists ? 'nodata' : 'nxdomain') : 'outside'
}

describe('the names of the house', () => {
  test('are ours by themselves; what is under or beside one is outside', () => {
    const zone = zoneOf(['printer.example.com'])
    expect(said(zone, 'printer.example.com')).toBe('printer.example.com')
    expect(said(zone, 'x.printer.example.com')).toBe('outside')
    expect(said(zone, 'example.com')).toBe('outside')
    expect(said(zone, 'www.example.com')).toBe('outside')
    expect(said(zone, 'com')).toBe('outside')
  })

  test('in the house’s domain exist or do not; a name above one exists without records (RFC 8020)', () => {
    const zone = zoneOf(['a.b.lan'], ['lan'])
    expect(said(zone, 'lan')).toBe('nodata')
    expect(said(zone, 'b.lan')).toBe('nodata')
    expect(said(zone, 'c.lan')).toBe('nxdomain')
    expect(said(zone, 'x.a.b.lan')).toBe('nxdomain')
    expect(said(zone, 'lan.example')).toBe('outside')
  })

  // The zone and the questions of RFC 4592 §2.2.1.
  describe('by a wildcard, as the example of RFC 4592', () => {
    const zone = zoneOf(
      ['*.example', 'sub.*.example', 'host1.example', '_ssh._tcp.host1.example', 'subdel.example'],
      ['example'],
    )
    test.each([
      ['host3.example', '*.example'],
      ['foo.bar.example', '*.example'],
      ['host1.example', 'host1.example'],
      ['sub.*.example', 'sub.*.example'],
      ['_telnet._tcp.host1.example', 'nxdomain'],
      ['host.subdel.example', 'nxdomain'],
      ['ghost.*.example', 'nxdomain'],
      ['_tcp.host1.example', 'nodata'],
      ['example', 'nodata'],
    ])('%s: %s', (name, expected) => expect(said(zone, name)).toBe(expected))
  })

  test('a wildcard outside our domain makes what is below its parent ours, and not the parent', () => {
    const zone = zoneOf(['*.dev.example.com', 'a.b.dev.example.com'])
    expect(said(zone, 'x.dev.example.com')).toBe('*.dev.example.com')
    expect(said(zone, 'x.y.dev.example.com')).toBe('*.dev.example.com')
    expect(said(zone, 'b.dev.example.com')).toBe('nodata')
    expect(said(zone, 'x.b.dev.example.com')).toBe('nxdomain')
    expect(said(zone, 'dev.example.com')).toBe('outside')
  })

  test('an escaped dot ends no label', () => {
    expect(said(zoneOf(['*.lan'], ['lan']), 'a\\.b.lan')).toBe('*.lan')
    expect(said(zoneOf(['b.lan', '*.lan'], ['lan']), 'a\\.b.lan')).toBe('*.lan')
  })
})

describe('rewrites', () => {
  const nxdomain = { kind: 'nxdomain' } as const
  const zone = zoneOf(['kept.lan'], ['lan'], {
    'www.example.com': nxdomain,
    '*.example.com': nxdomain,
    '*.lan': nxdomain,
    '*.a.lan': nxdomain,
  })
  test('of a name come before those of all under one, the nearest first; a record comes before both', () => {
    expect(said(zone, 'www.example.com')).toBe('www.example.com')
    expect(said(zone, 'x.y.example.com')).toBe('*.example.com')
    expect(said(zone, 'example.com')).toBe('outside')
    expect(said(zone, 'kept.lan')).toBe('kept.lan')
    expect(said(zone, 'x.lan')).toBe('*.lan')
    expect(said(zone, 'x.a.lan')).toBe('*.a.lan')
  })
})
