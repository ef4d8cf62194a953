// Who asks: one object a client address, with what is decided per client and not per query. Bounded for any number of
// spoofed sources. Knows no transport.
import { type Address, addressBytes, addressFromBytes, inPrefixes, type Prefix } from '../base/address.ts'

/** One client. Equality is identity: the journal counts up equal entries by it. */
export interface Client {
  readonly address: Address
  readonly bytes: Uint8Array
  /** May ask here. */
  readonly allowed: boolean
  /** Index of its group in the policy. */
  readonly group: number
}

/** Clients kept in each of the two generations: a large LAN's worth; 400 bytes each. */
export const CLIENTS_KEPT = 16_384
/** Slots of the table by bytes: few clients of a house share one. */
const RECENT_BITS = 12

/**
 * Clients by their address. Two generations of a map instead of an LRU: a look-up is one `get`, and whoever asked lately
 * survives. In front of it stands a table by the address's bytes, for packets whose sender nobody has written as text.
 */
export class Clients {
  #allowFrom: readonly Prefix[]
  #young = new Map<Address, Client>()
  #old = new Map<Address, Client>()
  readonly #recent = new Array<Client | undefined>(2 ** RECENT_BITS).fill(undefined)

  constructor(allowFrom: readonly Prefix[]) {
    this.#allowFrom = allowFrom
  }

  /** The client that sends from this address, as the socket writes it (a zone may stand behind it). */
  of(text: string): Client {
    return this.#young.get(text) ?? this.#admit(text)
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

  /** A new access list: everybody is looked at again. */
  admitFrom(allowFrom: readonly Prefix[]): void {
    this.#allowFrom = allowFrom
    this.#young = new Map()
    this.#old = new Map()
    this.#recent.fill(undefined)
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  #admit(text: string): Client {
    const bytes = addressBytes(text) ?? NOWHERE
    const address = addressFromBytes(bytes)
    // One address, however it was written, is one client.
    const known = this.#young.get(address)
    if (known !== undefined) return known
    const client = this.#old.get(address) ?? this.#make(address, bytes)
    if (this.#young.size >= CLIENTS_KEPT) {
      this.#old = this.#young
      this.#young = new Map()
      // Who is still there comes in again: else the table would keep clients that the maps have forgotten.
      this.#recent.fill(undefined)
    }
    this.#young.set(address, client)
    return client
  }

  #make(address: Address, bytes: Uint8Array): Client {
    return { address, bytes, allowed: inPrefixes(this.#allowFrom, bytes), group: 0 }
  }
}

/** 2^32 divided by the golden ratio, odd: spreads neighbouring addresses far apart (Knuth, TAOCP 3 §6.4). */
const GOLDEN = 0x9e3779b1
/** A sender whose address cannot be read counts as 0.0.0.0. */
const NOWHERE = new Uint8Array(4)

function isAt(own: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (own.length !== length) return false
  for (let i = 0; i < length; i++) if (own[i] !== bytes[at + i]) return false
  return true
}
