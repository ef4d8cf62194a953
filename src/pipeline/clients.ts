// Who asks: one object a client, with what is decided per client and not per query. A client is an address, the door it
// came in by, and the name that it calls itself there. Bounded for any number of spoofed sources. Knows no transport.
import { type Address, addressBytes, addressFromBytes, inPrefixes, type Prefix } from '../base/address.ts'
import { type Budget, type Limits, NO_LIMITS } from './limits.ts'

/** The doors: plain DNS (UDP and TCP), TLS, HTTPS. Each has an access list of its own. */
export const DOORS = ['plain', 'tls', 'https'] as const
export type Door = (typeof DOORS)[number]

/** Who may ask at each door. */
export interface Admission extends Readonly<Record<Door, readonly Prefix[]>> {
  /** Load balancers that begin every datagram with a PROXY header. Left out: none. */
  readonly proxies?: readonly Prefix[]
}

/** One client. */
export interface Client {
  /** Its own: the journal counts up equal entries by it. */
  readonly number: number
  readonly address: Address
  readonly bytes: Uint8Array
  /** What it calls itself, by TLS server name or DoH path: `tv`. Anybody may call himself anything. */
  readonly id: string | undefined
  /** May ask where it asks. */
  readonly allowed: boolean
  /** The door that it came in by. */
  readonly door: Door
  /** The address of ours that it asks at, as `endpointText` has it; empty where that plays no part. */
  readonly listener: string
  /** Its datagrams say in a PROXY header whom they are for. */
  readonly speaksForOthers: boolean
  /** The number of its profile, see profiles.ts. */
  readonly group: number
  /** What it may still ask; one for an address, by whatever door and name it comes. */
  readonly budget: Budget
}

/** Says which profile a client has. */
export type GroupOf = (client: Omit<Client, 'group'>) => number

/** Everybody is in the default group. */
const ONE_GROUP: GroupOf = () => 0

/** Clients kept in each of the two generations, so that together they are as many as the ledger's devices; 600 bytes each. */
export const CLIENTS_KEPT = 4096
/** Slots of the table by bytes: few clients of a house share one. */
const RECENT_BITS = 12

/**
 * Clients by their address. Two generations of a map instead of an LRU: a look-up is one `get`, and whoever asked lately
 * survives. In front of it stands a table by the address's bytes, for packets whose sender nobody has written as text.
 */
export class Clients {
  #admission: Admission
  #limits: Limits
  readonly #groupOf: GroupOf
  readonly #listener: string
  /** Who has budgets and numbers for all. */
  readonly #first: Clients
  #young = new Map<string, Client>()
  #old = new Map<string, Client>()
  readonly #recent = new Array<Client | undefined>(2 ** RECENT_BITS).fill(undefined)

  #made = 0

  /**
   * A list alone is that of every door. `first`: those whose budgets and numbers count, where it is not these; `listener`:
   * where all of them ask, if that plays a part.
   */
  constructor(
    admission: readonly Prefix[] | Admission,
    limits = NO_LIMITS,
    groupOf = ONE_GROUP,
    first: Clients | undefined = undefined,
    listener = '',
  ) {
    this.#admission = atEveryDoor(admission)
    this.#limits = limits
    this.#groupOf = groupOf
    this.#first = first ?? this
    this.#listener = listener
  }

  /** The client that asks in plain from this address, as the socket writes it (a zone may stand behind it). */
  of(text: string): Client {
    return this.#young.get(text) ?? this.#admit('plain', text, undefined)
  }

  /** The client that asks at another door from this address, and calls itself `id` there if anything. */
  via(door: Door, text: string, id: string | undefined): Client {
    return this.#admit(door, text, id)
  }

  /** The same client by the 4 or 16 bytes of its address at `at`, network order. */
  at(bytes: Uint8Array, at: number, length: number): Client {
    let hash = 0
    for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (bytes[i] as number), GOLDEN)
    // The highest bits: only they depend on every bit.
    const slot = hash >>> (32 - RECENT_BITS)
    const recent = this.#recent[slot]
    if (recent !== undefined && isAt(recent.bytes, bytes, at, length)) return recent
    const client = this.of(addressFromBytes(bytes, at, length))
    this.#recent[slot] = client
    return client
  }

  get admission(): Admission {
    return this.#admission
  }

  /** New access lists and limits: everybody is looked at again. */
  admitFrom(admission: readonly Prefix[] | Admission, limits = NO_LIMITS): void {
    this.#admission = atEveryDoor(admission)
    this.#limits = limits
    this.#young = new Map()
    this.#old = new Map()
    this.#recent.fill(undefined)
  }

  /** Groups or devices have changed: everybody is asked for again. The clients stay the same objects. */
  regroup(): void {
    for (const clients of [this.#young, this.#old]) {
      for (const client of clients.values()) (client as { group: number }).group = this.#groupOf(client)
    }
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  #admit(door: Door, text: string, id: string | undefined): Client {
    const bytes = addressBytes(text) ?? NOWHERE
    const address = addressFromBytes(bytes)
    // One address, however it was written, is one client.
    const key = door === 'plain' ? address : `${door} ${id ?? ''} ${address}`
    const known = this.#young.get(key)
    if (known !== undefined) return known
    const client = this.#old.get(key) ?? this.#make(door, address, bytes, id)
    if (this.#young.size >= CLIENTS_KEPT) {
      this.#old = this.#young
      this.#young = new Map()
      // Who is still there comes in again: else the table would keep clients that the maps have forgotten.
      this.#recent.fill(undefined)
    }
    this.#young.set(key, client)
    return client
  }

  #make(door: Door, address: Address, bytes: Uint8Array, id: string | undefined): Client {
    const first = this.#first
    const own = door === 'plain' && first === this
    const budget = own ? this.#limits.budgetOf(bytes) : first.of(address).budget
    const number = (first.#made = (first.#made + 1) & NUMBER_MASK)
    const allowed = inPrefixes(this.#admission[door], bytes)
    const speaksForOthers = door === 'plain' && inPrefixes(this.#admission.proxies ?? [], bytes)
    const listener = this.#listener
    const client = { number, address, bytes, id, door, listener, allowed, speaksForOthers, budget, group: -1 }
    // Changed at once, as `regroup` may do later: see `FastLane` on what has never changed.
    client.group = this.#groupOf(client)
    return client
  }
}

const atEveryDoor = (admission: readonly Prefix[] | Admission): Admission =>
  'plain' in admission ? admission : { plain: admission, tls: admission, https: admission }

/** 2^32 divided by the golden ratio, odd: spreads neighbouring addresses far apart (Knuth, TAOCP 3 §6.4). */
const GOLDEN = 0x9e3779b1
/** Numbers of clients: as many as differ within one batch of the journal, and far more. */
const NUMBER_MASK = 0x0fff_ffff
/** A sender whose address cannot be read counts as 0.0.0.0. */
const NOWHERE = new Uint8Array(4)

function isAt(own: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (own.length !== length) return false
  for (let i = 0; i < length; i++) if (own[i] !== bytes[at + i]) return false
  return true
}
