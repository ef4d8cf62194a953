// Which address a connection really reaches: IPv4 behind the well-known NAT64 prefix. Knows no evidence.
import { type Address, addressBytes, addressFromBytes } from '../base/address.ts'

/** How every address under the well-known prefix begins in canonical text. */
const WELL_KNOWN = '64:ff9b::'

/**
 * The IPv4 address inside `64:ff9b::/96`, every other address as it is. Answers and connections are both brought
 * to this form, so an A record explains a connection through NAT64 and a synthesised AAAA explains one over IPv4.
 * Prefixes that a network chose itself (RFC 6052 §2.2) are not known here. Source: RFC 6052 §2.1.
 */
export function reached(address: Address): Address {
  if (!address.startsWith(WELL_KNOWN)) return address
  const bytes = addressBytes(address)
  if (bytes === undefined || bytes.length !== 16) return address
  for (let i = 4; i < 12; i++) if (bytes[i] !== 0) return address
  return addressFromBytes(bytes, 12, 4)
}
