// Who asks: one object a client address, with what is decided per client and not per query. Bounded for any number of
// spoofed sources. Knows no transport.
import { type Address, addressBytes, inPrefixes, type Prefix } from '../base/address.ts'

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

/**
 * Clients by the text that the socket gives. Two generations of a map instead of an LRU: a look-up is one `get`, and
 * whoever asked lately survives.
 */
export class Clients {
  #allowFrom: readonly Prefix[]
  #young = new Map<string, Client>()
  #old = new Map<string, Client>()

  constructor(allowFrom: readonly Prefix[]) {
    this.#allowFrom = allowFrom
  }

  /** The client that sends from this address, as the socket writes it (a zone may stand behind it). */
  of(text: string): Client {
    return this.#young.get(text) ?? this.#admit(text)
  }

  /** A new access list: everybody is looked at again. */
  admitFrom(allowFrom: readonly Prefix[]): void {
    this.#allowFrom = allowFrom
    this.#young = new Map()
    this.#old = new Map()
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  #admit(text: string): Client {
    const client = this.#old.get(text) ?? this.#make(text)
    if (this.#young.size >= CLIENTS_KEPT) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, client)
    return client
  }

  #make(text: string): Client {
    const bytes = addressBytes(text) ?? new Uint8Array(4)
    const zone = text.indexOf('%')
    const address = zone < 0 ? text : text.slice(0, zone)
    return { address, bytes, allowed: inPrefixes(this.#allowFrom, bytes), group: 0 }
  }
}
