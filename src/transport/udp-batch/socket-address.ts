// Socket addresses as Linux lays them out: sockaddr_in (16 bytes) and sockaddr_in6 (28). Knows no socket.
import { addressBytes, type Endpoint } from '../../base/address.ts'
import { LINUX } from './libc.ts'

/** Room for either, rounded up so that words stay aligned. */
export const NAME_ROOM = 32
/** Offsets in them: port in network order; address; the interface of a link-local address, in the machine's order. */
export const PORT_AT = 2
export const ADDRESS_AT = { ipv4: 4, ipv6: 8 } as const
export const SCOPE_AT = 24
export const NAME_SIZE = { ipv4: 16, ipv6: 28 } as const

/**
 * Writes one at `at`, which must be zero before. `scope`: the number of the interface, for a link-local address.
 * Returns its size, or 0 where the address is none.
 */
export function writeName(out: Uint8Array, at: number, { address, port }: Endpoint, scope: number): number {
  const bytes = addressBytes(address)
  if (bytes === undefined) return 0
  const view = new DataView(out.buffer, out.byteOffset)
  const isIpv4 = bytes.length === 4
  view.setUint16(at, isIpv4 ? LINUX.AF_INET : LINUX.AF_INET6, true)
  view.setUint16(at + PORT_AT, port)
  out.set(bytes, at + (isIpv4 ? ADDRESS_AT.ipv4 : ADDRESS_AT.ipv6))
  if (isIpv4) return NAME_SIZE.ipv4
  view.setUint32(at + SCOPE_AT, scope, true)
  return NAME_SIZE.ipv6
}
