// Queries and blocks of each group: a fold of journal entries by who is in which group when they come. Knows groups as the
// resolver was told them; what a client calls itself is not in an entry, so groups by id count by their other members only.
import { addressBytes } from '../base/address.ts'
import type { Entry } from '../journal/entry.ts'
import type { Household, KnownDevice } from '../pipeline/profiles.ts'
import { groupsOf } from '../policy/group.ts'

/** What one group asked, since the start or since it is configured. */
export interface GroupCount {
  queries: number
  blocked: number
}

/** Clients whose groups are remembered; beyond it they are looked up anew. */
const CLIENTS_MAX = 4096

/** The figures. */
export class GroupFigures {
  readonly #current: () => Household
  readonly #counts = new Map<string, GroupCount>()
  readonly #known = new Map<string, readonly GroupCount[]>()
  #household: Household | undefined

  constructor(current: () => Household) {
    this.#current = current
  }

  /** Counts one entry. Who was turned away is in no group. */
  fold({ client, transport, outcome, count }: Pick<Entry, 'client' | 'transport' | 'outcome' | 'count'>): void {
    const household = this.#take()
    if (household.groups.length === 0 || outcome.kind === 'refused') return
    const door = transport === 'udp' || transport === 'tcp' ? 'plain' : transport
    const key = `${door} ${client}`
    let counts = this.#known.get(key)
    if (counts === undefined) {
      const device = household.devices.find(({ address }) => address === client)
      counts = groupsAt(household, client, door, device).flatMap((name) => this.#counts.get(name) ?? [])
      if (this.#known.size >= CLIENTS_MAX) this.#known.clear()
      this.#known.set(key, counts)
    }
    for (const one of counts) {
      one.queries += count
      if (outcome.kind === 'blocked') one.blocked += count
    }
  }

  /** What a group asked. */
  of(group: string): Readonly<GroupCount> {
    this.#take()
    return this.#counts.get(group) ?? { queries: 0, blocked: 0 }
  }

  /** How many addresses of known devices are in each group now. */
  get members(): ReadonlyMap<string, number> {
    const household = this.#current()
    const members = new Map<string, number>()
    if (household.groups.length === 0) return members
    for (const device of household.devices) {
      for (const name of groupsAt(household, device.address, 'plain', device)) {
        members.set(name, (members.get(name) ?? 0) + 1)
      }
    }
    return members
  }

  /** The household of now; with another one, clients may be in other groups, and groups that are gone lose their counts. */
  #take(): Household {
    const household = this.#current()
    if (household === this.#household) return household
    this.#household = household
    this.#known.clear()
    const names = new Set(household.groups.map(({ name }) => name))
    for (const name of this.#counts.keys()) if (!names.has(name)) this.#counts.delete(name)
    for (const name of names) if (!this.#counts.has(name)) this.#counts.set(name, { queries: 0, blocked: 0 })
    return household
  }
}

function groupsAt(
  { groups }: Household,
  client: string,
  door: string,
  device: KnownDevice | undefined,
): readonly string[] {
  const address = addressBytes(client) ?? new Uint8Array(4)
  return groupsOf(groups, { address, door, listener: '', id: undefined, mac: device?.mac, name: device?.name })
}
