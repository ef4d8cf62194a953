import { describe, expect, test } from 'vitest'
import type { OwnRecord } from '../../../src/base/reply.ts'
import { changesBetween, PIECE } from '../../../src/names/change.ts'
import { HouseZone } from '../../../src/names/house-zone.ts'
import { type NamesSnapshot, NO_NAMES } from '../../../src/names/snapshot.ts'

const a = (name: string, address: string): OwnRecord => ({ kind: 'A', name, ttl: 60, address })
const snapshot = (names: Record<string, string>, rest: Partial<NamesSnapshot> = {}): NamesSnapshot => ({
  ...NO_NAMES,
  records: new Map(Object.entries(names).map(([name, address]) => [name, [a(name, address)]])),
  ...rest,
})

describe('a change of names', () => {
  const old = snapshot({ 'a.lan': '10.0.0.1', 'b.c.lan': '10.0.0.2', 'd.lan': '10.0.0.3' }, { zones: ['lan'] })

  test('has only what differs, and nothing where nothing does', () => {
    expect(changesBetween(old, structuredClone(old))).toEqual([])
    const next = snapshot({ 'a.lan': '10.0.0.9', 'd.lan': '10.0.0.3', 'e.lan': '10.0.0.4' }, { zones: ['lan'] })
    const [change, ...others] = changesBetween(old, next)
    expect(others).toEqual([])
    expect(change?.gone).toEqual(['b.c.lan'])
    expect([...(change?.set.keys() ?? [])]).toEqual(['a.lan', 'e.lan'])
    expect(changesBetween(old, { ...next, ttl: 5 })).toHaveLength(1)
  })

  test('taken in piece by piece leads where a fresh start leads', () => {
    const many = Object.fromEntries(
      Array.from({ length: 3 * PIECE }, (_, i) => [`h${i}.x${i % 7}.lan`, `10.1.${i >> 8}.${i & 255}`]),
    )
    const versions = [
      old,
      snapshot(many, { zones: ['lan'] }),
      snapshot(
        { 'b.c.lan': '10.0.0.7', '*.w.example': '10.0.0.8' },
        { zones: [], rewrites: new Map([['r.example', { kind: 'nxdomain' }]]), ttl: 5 },
      ),
      NO_NAMES,
      old,
    ]
    const zone = new HouseZone(old)
    let before: NamesSnapshot = old
    for (const version of versions) {
      const changes = changesBetween(before, version)
      for (const change of changes) {
        expect(change.set.size + change.gone.length).toBeLessThanOrEqual(PIECE)
        zone.apply(structuredClone(change))
      }
      const fresh = new HouseZone(version)
      for (const name of [
        'a.lan',
        'c.lan',
        'x.c.lan',
        'b.c.lan',
        'lan',
        'nowhere.lan',
        'h9.x2.lan',
        'x2.lan',
        'q.w.example',
        'w.example',
        'r.example',
        'example',
      ])
        expect(zone.find(name)).toEqual(fresh.find(name))
      expect(zone.ttl).toBe(version.ttl)
      before = version
    }
  })
})
