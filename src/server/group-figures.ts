// Queries and blocks of each group: a fold of journal entries, each of which says in which groups its client was as it
// asked. Knows groups as the resolver was told them.
import { addressBytes } from '../base/address.ts'
import type { Entry } from '../journal/entry.ts'
import type { Household } from '../pipeline/profiles.ts'
import { groupsOf } from '../policy/group.ts'

/** What one group asked, since the start or since it is configured. */
export interface GroupCount {
  queries: number
  blocked: number
}

const NOWHERE = new Uint8Array(4)

/** The figures. */
export class GroupFigures {
  readonly #current: () => Household
  readonly #counts = new Map<string, GroupCount>()
  #household: Household | undefined

  constructor(current: () => Household) {
    this.#current = current
  }

  /** Counts one entry. Who was turned away is in no group. */
  fold({ groups, outcome, count }: Pick<Entry, 'groups' | 'outcome' | 'count'>): void {
    this.#take()
    if (outcome.kind === 'refused') return
    for (const name of groups) {
      const one = this.#counts.get(name)
      if (one === undefined) continue
      one.queries += count
      if (outcome.kind === 'blocked') one.blocked += count
    }
  }

  /** What a group asked. */
  of(group: string): Readonly<GroupCount> {
    this.#take()
    return this.#counts.get(group) ?? { queries: 0, blocked: 0 }
  }

  /** How many addresses of known devices are in each group now, by what the network says of them. */
  get members(): ReadonlyMap<string, number> {
    const { groups, devices } = this.#current()
    const members = new Map<string, number>()
    if (groups.length === 0) return members
    for (const device of devices) {
      const { mac, name } = device
      const address = addressBytes(device.address) ?? NOWHERE
      const who = { address, door: 'plain', listener: '', id: undefined, mac, name }
      for (const group of groupsOf(groups, who)) members.set(group, (members.get(group) ?? 0) + 1)
    }
    return members
  }

  /** The household of now: groups that are gone lose their counts. */
  #take(): void {
    const household = this.#current()
    if (household === this.#household) return
    this.#household = household
    const names = new Set(household.groups.map(({ name }) => name))
    for (const name of this.#counts.keys()) if (!names.has(name)) this.#counts.delete(name)
    for (const name of names) if (!this.#counts.has(name)) this.#counts.set(name, { queries: 0, blocked: 0 })
  }
}
