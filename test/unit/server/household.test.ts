// Groups come and go by their hours, pauses and bonus minutes: what the resolver is told, and when.
import { afterEach, expect, test } from 'vitest'
import type { OwnBonus, OwnPause } from '../../../src/config/rules-file.ts'
import type { Schedule } from '../../../src/policy/schedule.ts'
import { HouseholdKeeper } from '../../../src/server/household.ts'
import { Pausing } from '../../../src/server/pausing.ts'
import { groupOf } from '../../support/group.ts'

const NIGHT: Schedule = {
  name: 'school-night',
  zone: 'Europe/Berlin',
  spans: [{ days: ['sun', 'mon', 'tue', 'wed', 'thu'], from: 21 * 60, to: 6 * 60 + 30 }],
  exceptions: [{ from: '2026-11-25', to: '2026-11-25', set: 'off' }],
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A keeper of two groups, one with hours, at a moment that a test moves. */
function keeperAt(start: string) {
  let now = Date.parse(start)
  const pauses: OwnPause[] = []
  const bonuses: OwnBonus[] = []
  const clock = { now: () => now, ticks: () => now }
  const pausing = new Pausing(clock, () => pauses)
  const keeper = new HouseholdKeeper(
    { groups: [groupOf('children'), groupOf('always')], hours: new Map([['children', NIGHT]]) },
    { clock, pausing, devices: () => [], bonuses: () => bonuses },
  )
  closing.push(() => keeper.close())
  const told: string[][] = []
  keeper.follow(({ off }) => told.push([...off]))
  const at = (time: string) => {
    now = Date.parse(time)
    keeper.look()
    return keeper.current
  }
  return { keeper, pauses, bonuses, told, at }
}

test('a group is off outside of its hours, over midnight and on excepted days, and each change is told once', () => {
  const { at, told } = keeperAt('2026-11-23T12:00:00Z')
  const off = (time: string) => at(time).off
  expect(off('2026-11-23T19:59:59Z')).toEqual(['children'])
  expect(off('2026-11-23T20:00:00Z')).toEqual([])
  expect(off('2026-11-24T05:29:59Z')).toEqual([])
  expect(off('2026-11-24T05:30:00Z')).toEqual(['children'])
  expect(off('2026-11-25T22:00:00Z')).toEqual(['children'])
  expect(off('2026-11-26T20:00:00Z')).toEqual([])
  expect(told).toEqual([[], ['children'], []])
})

test('bonus minutes let the hours begin later, from their next start, and end by themselves', () => {
  const { keeper, bonuses, at } = keeperAt('2026-11-23T12:00:00Z')
  const bonus = keeper.bonusFor('children', 30) as OwnBonus
  expect(bonus).toEqual({
    group: 'children',
    from: Date.parse('2026-11-23T20:00:00Z'),
    to: Date.parse('2026-11-23T20:30:00Z'),
  })
  bonuses.push(bonus)
  expect(at('2026-11-23T20:29:59Z').off).toEqual(['children'])
  expect(at('2026-11-23T20:30:00Z').off).toEqual([])
  // Within the hours they count from now.
  expect(keeper.bonusFor('children', 15)?.from).toBe(Date.parse('2026-11-23T20:30:00Z'))
  expect(keeper.bonusFor('always', 15)).toBe(undefined)
})

test('a pause of a group or a device ends by itself, and nobody else is paused', () => {
  const { pauses, at } = keeperAt('2026-11-23T12:00:00Z')
  const until = Date.parse('2026-11-23T12:30:00Z')
  pauses.push({ group: 'children', device: undefined, until, by: 'cli' })
  pauses.push({ group: undefined, device: '02:00:00:00:00:01', until: until + 60_000, by: 'cli' })
  expect(at('2026-11-23T12:29:59Z').paused).toEqual({ groups: ['children'], devices: ['02:00:00:00:00:01'] })
  expect(at('2026-11-23T12:30:00Z').paused).toEqual({ groups: [], devices: ['02:00:00:00:00:01'] })
  expect(at('2026-11-23T12:31:00Z').paused).toEqual({ groups: [], devices: [] })
})
