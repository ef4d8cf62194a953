// What can be said of an address by itself: scope, whether it is inside, whose resolver it is. Knows no device.
import { type Address, addressBytes, inPrefixes, type Prefix, type Scope, scopeOf } from '../base/address.ts'
import { knownResolver } from './known-resolvers.ts'

/** What can be said of an address by itself. */
export interface Whereabouts {
  readonly scope: Scope
  /** In one of the ranges that are inside. */
  readonly inside: boolean
  /** The operator, where a public resolver has the address for DNS alone. */
  readonly resolver: string | undefined
}

/** Addresses remembered before all are forgotten at once: working an address out costs a microsecond. */
const REMEMBERED = 16_384

/** Makes the look-up for one set of inside ranges. Bounded: remembers at most 16,384 addresses. */
export function whereaboutsIn(inside: readonly Prefix[]): (address: Address) => Whereabouts {
  const known = new Map<Address, Whereabouts>()
  return (address) => {
    const before = known.get(address)
    if (before !== undefined) return before
    const bytes = addressBytes(address)
    const found: Whereabouts =
      bytes === undefined
        ? { scope: 'unspecified', inside: false, resolver: undefined }
        : { scope: scopeOf(bytes), inside: inPrefixes(inside, bytes), resolver: knownResolver(address) }
    if (known.size >= REMEMBERED) known.clear()
    known.set(address, found)
    return found
  }
}
