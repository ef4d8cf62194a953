import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { Problem } from '../../../src/base/failure.ts'
import type { NamesChange } from '../../../src/names/change.ts'
import { HouseZone } from '../../../src/names/house-zone.ts'
import type { Lease } from '../../../src/names/lease.ts'
import { HouseNames, type HouseSettings } from '../../../src/server/house-names.ts'

const folder = mkdtempSync(join(tmpdir(), 'askfirst-names-'))
afterAll(() => rmSync(folder, { recursive: true }))
const opened: HouseNames[] = []
afterEach(() => {
  for (const names of opened.splice(0)) names.close()
  vi.useRealTimers()
})

const NOTHING: HouseSettings = {
  domain: 'lan',
  ttl: 60,
  records: [],
  rewrites: new Map(),
  hosts: [],
  leases: ['/leases'],
}
const lease = (name: string, address: string, expires = Number.POSITIVE_INFINITY): Lease => ({
  address,
  mac: '02:00:00:00:00:01',
  fromDuid: false,
  name,
  expires,
})
const WALL = { now: () => Date.now(), ticks: () => performance.now() }

function open(settings: Partial<HouseSettings>, problems: Problem[] = []) {
  const names = new HouseNames({ ...NOTHING, ...settings }, WALL, (problem) => problems.push(problem))
  opened.push(names)
  return names
}
/** What a resolver would have that follows from now on. */
function follower(names: HouseNames) {
  const first = names.snapshot
  const zone = new HouseZone(structuredClone(first))
  const changes: NamesChange[] = []
  names.follow(first, (change) => {
    changes.push(change)
    zone.apply(structuredClone(change))
  })
  return { zone, changes }
}
const known = (zone: HouseZone, name: string) => zone.find(name).kind === 'records'
const soon = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 20 })

describe('the names of the house', () => {
  test('come from a hosts file, and its edit or replacement is told to who follows', async () => {
    const path = join(folder, 'a.hosts')
    writeFileSync(path, '192.168.1.5 nas\nnonsense\n')
    const problems: Problem[] = []
    const names = open({ hosts: [path] }, problems)
    await names.ready
    const { zone } = follower(names)
    expect(known(zone, 'nas.lan')).toBe(true)
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_NAMES_LINE', place: { file: path, line: 2 } }])
    expect(names.originsOf('nas.lan')).toMatchObject([{ source: 'hosts', path, line: 1 }])
    expect(names.originsOf('5.1.168.192.in-addr.arpa')).toMatchObject([{ source: 'hosts', path, line: 1 }])
    writeFileSync(`${path}.new`, '192.168.1.6 box\n')
    renameSync(`${path}.new`, path)
    await soon(() => expect([known(zone, 'box.lan'), known(zone, 'nas.lan')]).toEqual([true, false]))
  })

  test('that come between start and following are told too', () => {
    const names = open({})
    const first = names.snapshot
    names.takeLeases('/leases', 'dnsmasq', [lease('phone', '192.168.1.20')])
    const zone = new HouseZone(first)
    names.follow(first, (change) => zone.apply(change))
    expect(known(zone, 'phone.lan')).toBe(true)
  })

  test('of a lease end with it, to the second, though no file changes', () => {
    vi.useFakeTimers({ now: 1_790_000_000_000 })
    const names = open({})
    const { zone } = follower(names)
    names.takeLeases('/leases', 'dnsmasq', [
      lease('phone', '192.168.1.20', Date.now() + 60_000),
      lease('old', '192.168.1.21', Date.now() - 1),
    ])
    expect([known(zone, 'phone.lan'), known(zone, 'old.lan')]).toEqual([true, false])
    vi.advanceTimersByTime(59_000)
    expect(known(zone, 'phone.lan')).toBe(true)
    vi.advanceTimersByTime(1500)
    expect(known(zone, 'phone.lan')).toBe(false)
    expect(names.files).toMatchObject([{ path: '/leases', kind: 'lease', format: 'dnsmasq', entries: 0 }])
  })

  test('a renewal that changes no name is not told', () => {
    const names = open({})
    const { changes } = follower(names)
    names.takeLeases('/leases', 'dnsmasq', [lease('phone', '192.168.1.20', Date.now() + 60_000)])
    const before = changes.length
    names.takeLeases('/leases', 'dnsmasq', [lease('phone', '192.168.1.20', Date.now() + 120_000)])
    expect(changes.length).toBe(before)
  })

  test('follow a new configuration: files and leases that are no longer named count no more', () => {
    const names = open({})
    const { zone } = follower(names)
    names.takeLeases('/leases', 'dnsmasq', [lease('phone', '192.168.1.20')])
    names.use({ ...NOTHING, domain: 'house', leases: ['/leases'] })
    expect([known(zone, 'phone.lan'), known(zone, 'phone.house')]).toEqual([false, true])
    names.use({ ...NOTHING, leases: [] })
    expect(known(zone, 'phone.lan')).toBe(false)
    names.takeLeases('/leases', 'dnsmasq', [lease('phone', '192.168.1.20')])
    expect(known(zone, 'phone.lan')).toBe(false)
  })

  test('a hosts file that is missing is told once and read when it appears', async () => {
    const path = join(folder, 'late.hosts')
    const problems: Problem[] = []
    const names = open({ hosts: [path] }, problems)
    await names.ready
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_NAMES_READ', place: { file: path } }])
    writeFileSync(path, '192.168.1.5 nas\n')
    await soon(() => expect(known(names.zone, 'nas.lan')).toBe(true))
    expect(problems).toHaveLength(1)
  })

  test('have a bound, which is told', async () => {
    const path = join(folder, 'large.hosts')
    const line = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255} h${i}.example\n`
    writeFileSync(path, Array.from({ length: 70_000 }, (_, i) => line(i)).join(''))
    const problems: Problem[] = []
    const names = open({ hosts: [path] }, problems)
    await names.ready
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_NAMES_BOUND' }])
    expect(names.snapshot.records.size).toBeLessThanOrEqual(65_536)
    expect(names.counts.overflowed).toBeGreaterThan(0)
  })
})
