import { afterEach, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../../src/base/clock.ts'
import type { DeviceView } from '../../../src/ledger/device.ts'
import type { Schedule } from '../../../src/policy/schedule.ts'
import { addRule, type ChangeParts, deviceOf, grantBonus, nameDevice, pause } from '../../../src/server/changes.ts'
import { HouseholdKeeper } from '../../../src/server/household.ts'
import { OwnRulesKeeper } from '../../../src/server/own-rules.ts'
import { Pausing } from '../../../src/server/pausing.ts'
import { groupOf } from '../../support/group.ts'
import { TestClock } from '../../support/in-memory.ts'
import { folderOf } from '../lists/folder.ts'

const device = (change: Partial<DeviceView>): DeviceView => ({
  id: `mac:${change.mac}`,
  mac: undefined,
  name: undefined,
  addresses: [],
  first: 0,
  last: 0,
  shared: false,
  asks: true,
  ...change,
})
const TV = device({ mac: '02:00:00:00:00:01', name: 'TV', addresses: ['192.168.1.20'] })
const TWINS = ['02:00:00:00:00:02', '02:00:00:00:00:03'].map((mac) => device({ mac, name: 'twin' }))
/** On from 06:00 to 07:00 UTC. */
const NIGHT: Schedule = {
  name: 'night',
  zone: 'UTC',
  spans: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: 360, to: 420 }],
  exceptions: [],
}
const NEVER: Schedule = { ...NIGHT, name: 'never', spans: [] }

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function partsOf(path: string) {
  const clock = new TestClock()
  const own = new OwnRulesKeeper(path, clock, { changed: async () => undefined, problems: () => {} })
  const pausing = new Pausing(clock, () => own.pauses)
  const devices = () => [TV, ...TWINS]
  const settings = {
    groups: [groupOf('kids'), groupOf('bedtime'), groupOf('idle')],
    hours: new Map([
      ['bedtime', NIGHT],
      ['idle', NEVER],
    ]),
  }
  const household = new HouseholdKeeper(settings, { clock, pausing, devices, bonuses: () => own.bonuses })
  closing.push(
    () => own.close(),
    () => household.close(),
  )
  const ledger = {
    devices,
    deviceOf: (address: string) => (TV.addresses.includes(address) ? TV.id : `ip:${address}`),
  }
  const parts: ChangeParts = { clock, own, household, ledger }
  return { parts, own, household, pausing, clock }
}

describe('a device', () => {
  test.each([
    ['ip:192.168.1.20', 'mac:02:00:00:00:00:01'],
    ['ip:192.168.1.99', 'ip:192.168.1.99'],
    ['mac:02:00:00:00:00:09', 'mac:02:00:00:00:00:09'],
    ['name:tv', 'mac:02:00:00:00:00:01'],
  ])('may be meant by %s', (ref, id) => {
    using place = folderOf()
    expect(deviceOf(partsOf(place.path('r.yaml')).parts, ref)).toBe(id)
  })

  test.each([
    ['name:radio', 'there is no device called radio'],
    ['name:twin', 'several devices are called twin: mac:02:00:00:00:00:02, mac:02:00:00:00:00:03'],
  ])('is none by %s', (ref, message) => {
    using place = folderOf()
    expect(deviceOf(partsOf(place.path('r.yaml')).parts, ref)).toEqual({
      code: 'ASKFIRST_E_HTTP_REQUEST',
      message,
      place: { path: 'device' },
    })
  })
})

describe('a change', () => {
  test('says for whom it holds, and stands in the file under its MAC', async () => {
    using place = folderOf()
    const { parts, own } = partsOf(place.path('r.yaml'))
    const rule = { kind: 'block', name: 'a.example' } as const
    expect(await addRule(parts, rule)).toEqual({ done: 'a.example is blocked for everybody', file: own.path })
    expect(await addRule(parts, { ...rule, group: 'default' })).toMatchObject({ done: /everybody/ })
    expect(await addRule(parts, { ...rule, group: 'kids' })).toMatchObject({ done: /for the group kids$/ })
    expect(await addRule(parts, { ...rule, kind: 'allow', device: 'ip:192.168.1.20' })).toMatchObject({
      done: 'a.example is allowed for 02:00:00:00:00:01',
    })
    expect(await addRule(parts, { ...rule, device: 'ip:192.168.1.99' })).toMatchObject({ done: /not been seen yet$/ })
    expect(own.rules.map(({ kind, group: of, device: key }) => [kind, of, key])).toEqual([
      ['block', undefined, undefined],
      ['block', 'kids', undefined],
      ['allow', undefined, '02:00:00:00:00:01'],
      ['block', undefined, '192.168.1.99'],
    ])
  })

  test('for a group or a device that is not there is a problem, and nothing is written', async () => {
    using place = folderOf()
    const { parts, own } = partsOf(place.path('r.yaml'))
    const rule = { kind: 'block', name: 'a.example' } as const
    for (const [whom, path] of [
      [{ group: 'nobody' }, 'group'],
      [{ device: 'name:radio' }, 'device'],
    ] as const) {
      expect(await addRule(parts, { ...rule, ...whom })).toMatchObject({ place: { path } })
      expect(await pause(parts, 60, 'me', whom)).toMatchObject({ place: { path } })
    }
    expect(await grantBonus(parts, 'nobody', 5)).toMatchObject({ place: { path: 'group' } })
    expect(await grantBonus(parts, 'kids', 5)).toMatchObject({ message: /has no hours/ })
    expect(await grantBonus(parts, 'idle', 5)).toMatchObject({ message: /has no hours/ })
    expect(own.counts).toEqual({ written: 0, failed: 0 })
  })

  test('names a device by its MAC, its address or its name of now; an address alone keeps none', async () => {
    using place = folderOf()
    const { parts, own } = partsOf(place.path('r.yaml'))
    for (const [ref, name] of [
      ['mac:02:00:00:00:00:01', 'one'],
      ['ip:192.168.1.20', 'two'],
      ['name:tv', 'three'],
    ] as const) {
      expect(await nameDevice(parts, { device: ref, name })).toMatchObject({
        done: `02:00:00:00:00:01 is called ${name}`,
      })
      expect(own.names.get('02:00:00:00:00:01')).toBe(name)
    }
    expect(await nameDevice(parts, { device: 'ip:192.168.1.99', name: 'x' })).toMatchObject({
      place: { path: 'device' },
    })
  })
})

describe('a pause', () => {
  test('of a group or a device is with the household at once, and over when its time is', async () => {
    using place = folderOf()
    const { parts, household, pausing, clock, own } = partsOf(place.path('r.yaml'))
    const until = new Date(clock.now() + 60_000).toISOString()
    expect(await pause(parts, 60, 'me', { group: 'kids' })).toEqual({ active: true, until, by: 'me', file: own.path })
    await pause(parts, 120, 'me', { device: 'name:tv' })
    expect(household.current.paused).toEqual({ groups: ['kids'], devices: ['02:00:00:00:00:01'] })
    expect(pausing.state.active).toBe(false)
    clock.advance(60_000)
    household.look()
    expect(household.current.paused).toEqual({ groups: [], devices: ['02:00:00:00:00:01'] })
    await pause(parts, 0, 'me', { device: 'name:tv' })
    expect(household.current.paused.devices).toEqual([])
  })

  test('of all is told once when it begins and once when it ends', async () => {
    using place = folderOf()
    const { parts, household, pausing, clock } = partsOf(place.path('r.yaml'))
    const told: boolean[] = []
    pausing.follow((active) => told.push(active))
    await pause(parts, 60, 'me', {})
    household.look()
    const late: boolean[] = []
    new Pausing(clock, () => parts.own.pauses).follow((active) => late.push(active))
    expect(late).toEqual([true])
    expect(pausing.state).toMatchObject({ active: true, by: 'me' })
    expect(told).toEqual([true])
    clock.advance(60_000)
    household.look()
    household.look()
    expect(told).toEqual([true, false])
  })
})

describe('bonus minutes', () => {
  test('let the hours of a group begin later', async () => {
    using place = folderOf()
    const { parts, household, clock } = partsOf(place.path('r.yaml'))
    const off = () => household.current.off.includes('bedtime')
    // To 06:00 on some day.
    clock.advance(6 * HOUR - (clock.now() % (24 * HOUR)) + 24 * HOUR - 10 * MINUTE)
    household.look()
    expect(off()).toBe(true)
    const from = clock.now() + 10 * MINUTE
    expect(await grantBonus(parts, 'bedtime', 15)).toMatchObject({
      done: `the group bedtime does not hold from ${new Date(from).toISOString()} to ${new Date(from + 15 * MINUTE).toISOString()}`,
    })
    clock.advance(11 * MINUTE)
    household.look()
    expect(off()).toBe(true)
    expect(household.hoursOf('bedtime')).toMatchObject({ on: true, bonus: { from } })
    clock.advance(14 * MINUTE)
    household.look()
    expect(off()).toBe(false)
    expect(household.hoursOf('bedtime')?.bonus).toBeUndefined()
    // Given while it is on: from now.
    await grantBonus(parts, 'bedtime', 5)
    expect(off()).toBe(true)
    clock.advance(5 * MINUTE)
    household.look()
    expect(off()).toBe(false)
  })
})
