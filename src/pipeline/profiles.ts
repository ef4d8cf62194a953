// What holds for whom: one profile for each combination of groups that occurs. `Query.group` is its number. Knows the
// groups and the devices as the control thread told them last; no clock: what is off now it is told.
import { type Address, addressBytes, type Mac } from '../base/address.ts'
import type { Live } from '../base/live.ts'
import type { Query } from '../base/question.ts'
import type { BlockAnswer } from '../policy/block-answer.ts'
import type { RuleClient } from '../policy/condition.ts'
import { type Audience, DEFAULT_GROUP, type Policy } from '../policy/decision.ts'
import { type Group, groupsOf, type Who } from '../policy/group.ts'

/** Groups, devices, and what is off, as they are now. One value, replaced whole. */
export interface Household {
  /** In the order in which they count for a device. */
  readonly groups: readonly Group[]
  readonly devices: readonly KnownDevice[]
  /** Groups whose schedule is off now: their rules and settings do not apply. */
  readonly off: readonly string[]
  /** Nothing is blocked for members of these groups, and for the devices with these keys (a MAC or an address). */
  readonly paused: { readonly groups: readonly string[]; readonly devices: readonly string[] }
}

/** What the network says of an address. */
export interface KnownDevice {
  readonly address: Address
  readonly mac: Mac | undefined
  /** Lower case. */
  readonly name: string | undefined
}

/** A house without groups. */
export const NO_GROUPS: Household = Object.freeze({
  groups: [],
  devices: [],
  off: [],
  paused: { groups: [], devices: [] },
})

/** What holds for the clients of one combination of groups. */
export interface Profile {
  /** By name, in order; also those that are off now. */
  readonly groups: readonly string[]
  readonly audience: Audience
  readonly paused: boolean
  /** Undefined: as the house does. */
  readonly answer: BlockAnswer | undefined
  readonly safeSearch: readonly string[]
  /** The group whose upstreams are asked; undefined: those of the house are. */
  readonly upstreams: string | undefined
}

/** Who a client is, as the transports know it. */
export interface Visitor {
  readonly address: Address
  readonly bytes: Uint8Array
  readonly door: string
  readonly listener: string
  readonly id: string | undefined
}

/** How a client asks: over what, at which address of ours, and as whom. */
export type Manner = Pick<Visitor, 'door' | 'listener' | 'id'>

/** Who asks in plain where it plays no part, and calls himself nothing. */
export const PLAINLY: Manner = Object.freeze({ door: 'plain', listener: '', id: undefined })

/** What makes a profile: fixed for its number, whatever happens to the groups. */
interface Seed {
  readonly groups: readonly string[]
  readonly keys: readonly string[]
}

const NOWHERE = new Uint8Array(4)

/** More combinations than any house makes, and as many as two bytes of the journal can tell; beyond it a client is everybody. */
const PROFILES_MAX = 2 ** 16

/** All profiles. A number once given keeps its meaning, so that queries on their way end as they began. */
export class Profiles {
  readonly #policy: Live<Policy>
  #household: Household
  #devices = new Map<Address, KnownDevice>()
  /** Keys of devices with rules or a pause of their own: only these need profiles of their own. */
  #personal = new Set<string>()
  readonly #numbers = new Map<string, number>()
  readonly #seeds: Seed[] = []
  #profiles: Profile[] = []

  constructor(policy: Live<Policy>, household = NO_GROUPS) {
    this.#policy = policy
    this.#household = household
    this.refresh()
    this.#numberOf({ groups: [DEFAULT_GROUP], keys: [] })
  }

  /** The profile of a query's `group`. */
  at(number: number): Profile {
    return this.#profiles[number] ?? (this.#profiles[0] as Profile)
  }

  /** The groups of the profiles from this number on. */
  groupsFrom(number: number): readonly (readonly string[])[] {
    return this.#seeds.slice(number).map(({ groups }) => groups)
  }

  /** The addresses of ours at which it counts that somebody asks there, as members of groups name them. */
  get listeners(): readonly string[] {
    return this.#household.groups.flatMap(({ members }) =>
      members.flatMap((member) => (member.kind === 'listener' ? [member.at] : [])),
    )
  }

  /** The number of the profile that a client has now. */
  of({ address, bytes, door, listener, id }: Visitor): number {
    const { groups } = this.#household
    if (groups.length === 0 && this.#personal.size === 0) return 0
    const device = this.#devices.get(address)
    const who: Who = { address: bytes, door, listener, id: id?.toLowerCase(), mac: device?.mac, name: device?.name }
    const keys = [device?.mac, address].filter((key) => key !== undefined && this.#personal.has(key)) as string[]
    return this.#numberOf({ groups: groupsOf(groups, who), keys })
  }

  /** Who asks, as rules may name him. */
  clientOf({ client, clientId }: Pick<Query, 'client' | 'clientId'>): RuleClient {
    const device = this.#devices.get(client)
    const names = [device?.name, device?.mac, clientId].filter((name) => name !== undefined)
    return { address: addressBytes(client) ?? NOWHERE, names }
  }

  /** Takes a new household, or a new policy where it is left out. The numbers of clients may have changed. */
  refresh(household = this.#household): void {
    this.#household = household
    this.#devices = new Map(household.devices.map((device) => [device.address, device]))
    const ruled = this.#policy.current.lists.flatMap(({ device }) => device ?? [])
    this.#personal = new Set([...ruled, ...household.paused.devices])
    this.#profiles = this.#seeds.map((seed) => this.#make(seed))
  }

  #numberOf(seed: Seed): number {
    const key = JSON.stringify([seed.groups, seed.keys])
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    if (this.#seeds.length >= PROFILES_MAX) return 0
    const number = this.#seeds.push(seed) - 1
    this.#numbers.set(key, number)
    this.#profiles.push(this.#make(seed))
    return number
  }

  #make({ groups, keys }: Seed): Profile {
    const { groups: all, off, paused } = this.#household
    const on = groups.filter((name) => !off.includes(name))
    const settings = on.flatMap((name) => all.find((group) => group.name === name) ?? [])
    const only = settings.some((group) => group.only)
    return Object.freeze({
      groups,
      audience: this.#policy.current.audience(on, keys, only),
      paused:
        groups.some((name) => paused.groups.includes(name)) || keys.some((device) => paused.devices.includes(device)),
      answer: settings.find(({ answer }) => answer !== undefined)?.answer,
      safeSearch: [...new Set(settings.flatMap(({ safeSearch }) => safeSearch))],
      upstreams: settings.find(({ upstreams }) => upstreams)?.name,
    })
  }
}
