// How the policy sees one device: its groups and what of them holds, what it decides for a name, its aliases and the names
// above it. Cold path.
import { type Address, addressBytes } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import { type Name, wireFromName } from '../base/name.ts'
import type { Explanation } from '../control/explain-schema.ts'
import { timeText } from '../control/schemas.ts'
import type { DeviceId } from '../ledger/device.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Manner, PLAINLY, type Profile, Profiles } from '../pipeline/profiles.ts'
import type { Decision, Policy } from '../policy/decision.ts'
import { CLAUSES, RANKS } from '../policy/precedence.ts'
import { safeTarget } from '../policy/safe-search.ts'
import type { Looked } from '../threads/messages.ts'
import type { HouseholdKeeper } from './household.ts'
import type { Pausing } from './pausing.ts'

/** One device before the policy. */
export interface AsSeen {
  readonly profile: Profile
  /** Where it asks from; undefined for a stranger. */
  readonly from: Address | undefined
  /** The keys that rules and pauses of its own stand under. */
  readonly keys: readonly string[]
  readonly decide: (name: Name, type: number) => Decision
  readonly decideAddress: (address: Address, type: number) => Decision
}

/**
 * The device as the resolver sees it, at its first known address or at `address`, asking as `manner` says; without a device
 * and a manner, a stranger in no group.
 */
export function seenAs(
  policy: Policy,
  household: HouseholdKeeper,
  ledger: Ledger,
  device: DeviceId | undefined,
  manner?: Manner,
  address?: Address,
): AsSeen {
  const profiles = new Profiles({ current: policy }, household.current)
  const known = device === undefined ? undefined : ledger.devices().find(({ id }) => id === device)
  const from = address ?? known?.addresses[0] ?? (device?.startsWith('ip:') === true ? device.slice(3) : undefined)
  const bytes = addressBytes(from ?? NOBODY) as Uint8Array
  const stranger = from === undefined && manner === undefined
  const profile = profiles.at(stranger ? 0 : profiles.of({ address: from ?? NOBODY, bytes, ...(manner ?? PLAINLY) }))
  const client = profiles.clientOf({ client: from ?? NOBODY, clientId: manner?.id })
  const { audience } = profile
  return {
    profile,
    from,
    keys: [...(known?.mac === undefined ? [] : [known.mac]), ...(from === undefined ? [] : [from])],
    decide: (name, type) => policy.decide(wireFromName(name) as Uint8Array, 0, audience, type, client),
    decideAddress: (text, type) => policy.decideAddress(addressBytes(text) as Uint8Array, audience, type, client),
  }
}

/** An address that no device has. */
const NOBODY = '0.0.0.0'

/** The groups of the device, in the order in which they count. */
export const groupViews = ({ groups }: Profile, household: HouseholdKeeper): Explanation['groups'] =>
  groups.map((name) => {
    const { schedule = null, bonus } = household.hoursOf(name) ?? {}
    const { off, paused } = household.current
    const span = bonus === undefined ? null : { from: timeText(bonus.from), to: timeText(bonus.to) }
    return { name, holds: !off.includes(name), schedule, bonus: span, paused: paused.groups.includes(name) }
  })

/** Every pause that holds for the device. */
export function pauseViews({ profile, keys }: AsSeen, { state, others }: Pausing): Explanation['pauses'] {
  const view = (of: 'all' | 'group' | 'device', name: string | null, until: EpochMs, by: string | undefined) => ({
    of,
    name,
    until: timeText(until),
    by: by ?? null,
  })
  return [
    ...(state.until === undefined ? [] : [view('all', null, state.until, state.by)]),
    ...others.flatMap(({ group, device, until, by }) => {
      if (group !== undefined) return profile.groups.includes(group) ? [view('group', group, until, by)] : []
      return keys.includes(device as string) ? [view('device', device as string, until, by)] : []
    }),
  ]
}

/** Where a search engine's name leads because a group of the device wants it strict. */
export function safeSearchView({ profile: { safeSearch } }: AsSeen, name: Name): Explanation['safeSearch'] {
  const target = safeTarget(name, safeSearch)
  return target === undefined ? null : { target, engines: [...safeSearch] }
}

const TARGETS = {
  name: 'a name',
  regex: 'a pattern',
  address: 'an address',
  any: 'every name',
}

/** By which clause a decision came about, in words. */
export function clauseText(decision: Decision): string {
  if (decision.kind === 'none') return 'no rule that applies matches this name'
  const { target, subtree, clause } = decision
  const own = target === undefined ? (subtree ? 'with all that is under it' : 'the name itself') : TARGETS[target.kind]
  const about = clause === 'allow-only' ? '' : ` (${own})`
  return `${CLAUSES[clause].words}${about}; clause ${RANKS.indexOf(decision.clause) + 1} of ${RANKS.length}: ${decision.clause}`
}

/** The names that cached answers lead on to, each with what the policy says of it, and the addresses that a rule is for. */
export function aliasViews(
  { decide, decideAddress }: AsSeen,
  policy: Policy,
  cached: readonly Looked[],
  type: number,
): Explanation['aliases'] {
  const view = (name: string, decision: Decision) => ({
    name,
    kind: decision.kind,
    list: decision.kind === 'none' ? null : (policy.lists[decision.list]?.name ?? null),
    line: decision.kind === 'none' ? null : decision.line,
  })
  const names = new Set(cached.flatMap(({ targets }) => targets))
  const addresses = new Set(policy.watchesAddresses ? cached.flatMap((one) => one.addresses) : [])
  return [
    ...[...names].map((name) => view(name, decide(name, type))),
    ...[...addresses]
      .map((address) => view(address, decideAddress(address, type)))
      .filter(({ kind }) => kind !== 'none'),
  ]
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
