// Changes at run time: for whom they are, what is written down, and what that means in words. Knows no HTTP.
import { type Clock, SECOND } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { RuleScope } from '../config/rules-file.ts'
import type { Changed, NameBody, RuleBody } from '../control/change-schemas.ts'
import { type DeviceRef, type PauseChanged, timeText } from '../control/schemas.ts'
import type { Scope } from '../control/views.ts'
import type { DeviceId, DeviceView } from '../ledger/device.ts'
import { DEFAULT_GROUP } from '../policy/decision.ts'
import type { HouseholdKeeper } from './household.ts'
import type { OwnRulesKeeper } from './own-rules.ts'

/** What changes draw on. */
export interface ChangeParts {
  readonly clock: Clock
  readonly household: HouseholdKeeper
  readonly own: OwnRulesKeeper
  readonly ledger: {
    readonly devices: () => readonly DeviceView[]
    readonly deviceOf: (address: string) => DeviceId
  }
}

/** The key of a device in the file of rules: its MAC, else its address. */
const keyOf = (device: DeviceId): string => device.slice(device.indexOf(':') + 1)

/**
 * The device that is meant. An address may be that of a device which is known by its MAC; one that nobody has seen yet is
 * taken as it is. A name must be that of one device.
 */
export function deviceOf({ ledger }: Pick<ChangeParts, 'ledger'>, ref: DeviceRef): DeviceId | Problem {
  if (ref.startsWith('ip:')) return ledger.deviceOf(ref.slice(3))
  if (!ref.startsWith('name:')) return ref
  const name = ref.slice(5)
  const found = ledger.devices().filter((device) => device.name?.toLowerCase() === name)
  const [one, ...more] = found
  if (one === undefined) return wrong('device', `there is no device called ${safeText(name, 64)}`)
  if (more.length === 0) return one.id
  const all = found.slice(0, SHOWN).map(({ id }) => id)
  return wrong('device', `several devices are called ${safeText(name, 64)}: ${all.join(', ')}`)
}

/** So many devices of one name are told. */
const SHOWN = 8

/** Blocks or allows a name. */
export async function addRule(parts: ChangeParts, { kind, name, ...whom }: RuleBody): Promise<Changed | Problem> {
  const scope = scopeOf(parts, whom)
  if ('code' in scope) return scope
  const problem = await parts.own.add(kind, name, scope)
  if (problem !== undefined) return problem
  const done = `${safeText(name)} is ${kind === 'block' ? 'blocked' : 'allowed'} for ${words(parts, scope)}`
  return { done, file: parts.own.path }
}

/** Gives a device a name. */
export async function nameDevice(parts: ChangeParts, { device, name }: NameBody): Promise<Changed | Problem> {
  const id = deviceOf(parts, device)
  if (typeof id !== 'string') return id
  if (!id.startsWith('mac:')) {
    return wrong('device', `the MAC of ${keyOf(id)} is not known: an address alone is no device that could keep a name`)
  }
  const problem = await parts.own.name(keyOf(id), name)
  return problem ?? { done: `${keyOf(id)} is called ${safeText(name, 64)}`, file: parts.own.path }
}

/** Gives bonus minutes. Where they cannot be written they hold all the same, until a restart. */
export async function grantBonus(parts: ChangeParts, group: string, minutes: number): Promise<Changed | Problem> {
  const { household, own } = parts
  if (!isGroup(household, group)) return noGroup(group)
  const bonus = household.bonusFor(group, minutes)
  if (bonus === undefined) return wrong('group', `the group ${group} has no hours that begin within eight days`)
  const problem = await own.bonus(bonus)
  household.look()
  const done = `the group ${group} does not hold from ${timeText(bonus.from)} to ${timeText(bonus.to)}`
  return problem === undefined ? { done, file: own.path } : { done: `${done}; ${UNWRITTEN}`, file: null }
}

const UNWRITTEN = 'it could not be written down, so a restart ends it'

/** Blocks nothing for so many seconds, for somebody; 0 ends that. Where it cannot be written as bonus minutes. */
export async function pause(
  parts: ChangeParts,
  seconds: number,
  by: string,
  whom: Scope,
): Promise<PauseChanged | Problem> {
  const { own, household, clock } = parts
  const scope = scopeOf(parts, whom)
  if ('code' in scope) return scope
  if (seconds === 0) {
    const problem = await own.resume(scope)
    household.look()
    return problem ?? { active: false, until: null, by: null, file: own.path }
  }
  const until = clock.now() + seconds * SECOND
  const problem = await own.pause({ ...scope, until, by })
  household.look()
  return { active: true, until: timeText(until), by, file: problem === undefined ? own.path : null }
}

/** Whom a request is about, as it is written. */
function scopeOf(parts: ChangeParts, { group, device }: Scope): RuleScope | Problem {
  if (group !== undefined && group !== DEFAULT_GROUP && !isGroup(parts.household, group)) return noGroup(group)
  const id = device === undefined ? undefined : deviceOf(parts, device)
  if (typeof id === 'object') return id
  return { group: group === DEFAULT_GROUP ? undefined : group, device: id && keyOf(id) }
}

function words({ ledger }: ChangeParts, { group, device }: RuleScope): string {
  if (device === undefined) return group === undefined ? 'everybody' : `the group ${group}`
  const seen = ledger.devices().some(({ mac, addresses }) => mac === device || addresses.includes(device))
  return seen ? device : `${device}, which has not been seen yet`
}

const isGroup = ({ current }: HouseholdKeeper, group: string): boolean =>
  current.groups.some(({ name }) => name === group)

const wrong = (path: string, message: string): Problem => ({
  code: 'ASKFIRST_E_HTTP_REQUEST',
  message,
  place: { path },
})
const noGroup = (group: string): Problem => wrong('group', `there is no group ${safeText(group, 32)}`)
