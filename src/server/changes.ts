// Changes at run time: what is written down, and what it means in words. Knows no HTTP.
import type { Mac } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { Changed } from '../control/change-schemas.ts'

import type { DeviceId } from '../ledger/device.ts'
import type { ListKind } from '../policy/decision.ts'
import { DEFAULT_GROUP } from '../policy/decision.ts'
import type { HouseholdKeeper } from './household.ts'
import type { OwnRulesKeeper } from './own-rules.ts'

/** What changes draw on. */
export interface ChangeParts {
  readonly household: HouseholdKeeper
  readonly own: OwnRulesKeeper
}

/** The key of a device in the file of rules and in a pause: its MAC, else its address. */
export const keyOf = (device: DeviceId): string => device.slice(device.indexOf(':') + 1)

/** Blocks or allows a name. */
export async function addRule(
  { own, household }: ChangeParts,
  kind: ListKind,
  rule: string,
  group: string | undefined,
  device: DeviceId | undefined,
): Promise<Changed | Problem> {
  if (group !== undefined && group !== DEFAULT_GROUP && !isGroup(household, group)) return noGroup(group)
  const scope = { group: group === DEFAULT_GROUP ? undefined : group, device: device && keyOf(device) }
  const problem = await own.add(kind, rule, scope)
  if (problem !== undefined) return problem
  const whom = scope.device ?? (scope.group === undefined ? 'everybody' : `the group ${scope.group}`)
  return { done: `${safeText(rule)} is ${kind === 'block' ? 'blocked' : 'allowed'} for ${whom}`, file: own.path }
}

/** Gives a device a name. */
export async function nameDevice({ own }: ChangeParts, mac: Mac, name: string): Promise<Changed | Problem> {
  const problem = await own.name(mac, name)
  return problem ?? { done: `${mac} is called ${safeText(name, 64)}`, file: own.path }
}

/** Gives bonus minutes. They are kept in memory: a restart ends them. */
export function grantBonus({ household }: ChangeParts, group: string, minutes: number): Changed | Problem {
  if (!isGroup(household, group)) return noGroup(group)
  const bonus = household.grant(group, minutes)
  if (bonus === undefined) return wrong(`the group ${group} has no hours that begin within eight days`)
  const span = `${new Date(bonus.from).toISOString()} to ${new Date(bonus.to).toISOString()}`
  return { done: `the group ${group} does not hold from ${span}`, file: null }
}

const isGroup = ({ current }: HouseholdKeeper, group: string): boolean =>
  current.groups.some(({ name }) => name === group)

const wrong = (message: string): Problem => ({ code: 'ASKFIRST_E_HTTP_REQUEST', message })
const noGroup = (group: string): Problem => wrong(`there is no group ${safeText(group, 32)}`)
