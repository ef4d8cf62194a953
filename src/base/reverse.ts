// Names of the reverse tree: in-addr.arpa (RFC 1035 §3.5) and ip6.arpa (RFC 3596 §2.5). Knows no records.
import { type Address, addressBytes, addressFromBytes } from './address.ts'
import type { Name } from './name.ts'

/** The name that the PTR record of an address stands at. */
export function reverseName(address: Address): Name {
  const bytes = addressBytes(address) ?? new Uint8Array(4)
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`
  const nibbles = [...bytes].reverse().flatMap((byte) => [byte & 15, byte >> 4])
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`
}

/** The address of a whole reverse name; undefined for every other name. */
export function addressOfReverse(name: Name): Address | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const parts = name.slice(0, -'.in-addr.arpa'.length).split('.')
    const bytes = parts.length === 4 ? addressBytes(parts.reverse().join('.')) : undefined
    return bytes === undefined ? undefined : addressFromBytes(bytes)
  }
  if (!/^([0-9a-f]\.){32}ip6\.arpa$/.test(name)) return undefined
  const bytes = new Uint8Array(16)
  for (let i = 0; i < 16; i++) {
    bytes[15 - i] = Number.parseInt(name[4 * i] as string, 16) | (Number.parseInt(name[4 * i + 2] as string, 16) << 4)
  }
  return addressFromBytes(bytes)
}
