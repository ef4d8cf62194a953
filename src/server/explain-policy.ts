// How the policy sees one device: its groups and what of them holds, what it decides for a name, its aliases and the names
// above it. Cold path.
import { addressBytes, parseAddress } from '../base/address.ts'
import { type Name, parseName, wireFromName } from '../base/name.ts'
import type { Explanation } from '../control/explain-schema.ts'
import type { DeviceId } from '../ledger/device.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Profile, Profiles } from '../pipeline/profiles.ts'
import type { Decision, Policy } from '../policy/decision.ts'
import { CLAUSES, RANKS } from '../policy/precedence.ts'
import type { Looked } from '../threads/messages.ts'
import type { HouseholdKeeper } from './household.ts'

/** One device before the policy. */
export interface AsSeen {
  readonly profile: Profile
  readonly decide: (name: Name, type: number) => Decision
}

/** The device as the resolver sees it, at its first known address, in plain DNS; without one, a stranger in no group. */
export function seenAs(
  policy: Policy,
  household: HouseholdKeeper,
  ledger: Ledger,
  device: DeviceId | undefined,
): AsSeen {
  const profiles = new Profiles({ current: policy }, household.current)
  const known = device === undefined ? undefined : ledger.devices().find(({ id }) => id === device)
  const address = known?.addresses[0] ?? (device?.startsWith('ip:') === true ? device.slice(3) : '0.0.0.0')
  const bytes = addressBytes(address) ?? new Uint8Array(4)
  const profile = profiles.at(device === undefined ? 0 : profiles.of({ address, bytes, door: 'plain', id: undefined }))
  const client = profiles.clientOf({ client: address })
  return {
    profile,
    decide: (name, type) => policy.decide(wireFromName(name) as Uint8Array, 0, profile.audience, type, client),
  }
}

/** The groups of the device, in the order in which they count. */
export const groupViews = ({ groups }: Profile, household: HouseholdKeeper): Explanation['groups'] =>
  groups.map((name) => {
    const hours = household.hoursOf(name)
    const { off, paused } = household.current
    return { name, holds: !off.includes(name), schedule: hours?.schedule ?? null, paused: paused.groups.includes(name) }
  })

/** By which clause a decision came about, in words. */
export function clauseText(decision: Decision): string {
  if (decision.kind === 'none') return 'no rule that applies matches this name'
  const own = decision.subtree ? 'with all that is under it' : 'the name itself'
  return `${CLAUSES[decision.clause].words} (${own}); clause ${RANKS.indexOf(decision.clause) + 1} of ${RANKS.length}: ${decision.clause}`
}

/** The names that cached answers lead on to, each with what the policy says of it. */
export function aliasViews(
  { decide }: AsSeen,
  policy: Policy,
  cached: readonly Looked[],
  type: number,
): Explanation['aliases'] {
  const texts = cached.filter((one) => one.type === 'A' || one.type === 'AAAA').flatMap(({ records }) => records)
  const names = [...new Set(texts)]
    .filter((text) => parseAddress(text) === undefined)
    .flatMap((text) => parseName(text) ?? [])
  return names.map((name) => {
    const decision = decide(name, type)
    return {
      name,
      kind: decision.kind,
      list: decision.kind === 'none' ? null : (policy.lists[decision.list]?.name ?? null),
    }
  })
}

/** A name above this one that is blocked while this one is not: a list that means the name only does not cover it. */
export function parentOf({ decide }: AsSeen, policy: Policy, name: Name, type: number): Explanation['parent'] {
  if (decide(name, type).kind !== 'none') return null
  const labels = name.split('.')
  for (let from = 1; from < labels.length - 1; from++) {
    const parent = labels.slice(from).join('.')
    const decision = decide(parent, type)
    if (decision.kind === 'block') {
      return { name: parent, list: policy.lists[decision.list]?.name ?? '', line: decision.line }
    }
  }
  return null
}
