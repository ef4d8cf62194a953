// IPv4 addresses inside IPv6 ones, as NAT64 has them (RFC 6052 §2.2). Knows no question.
import {
  type Address,
  addressBytes,
  addressFromBytes,
  type Prefix,
  prefixes,
  prefixHas,
  scopeOf,
} from '../base/address.ts'

/** The lengths that a prefix may have (RFC 6052 §2.2). */
export const NAT64_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96]

/** The well-known prefix (RFC 6052 §2.1). */
export const [WELL_KNOWN_NAT64] = prefixes('64:ff9b::/96') as [Prefix]

/** The name and the addresses that stand for nothing but "is there NAT64, and with what prefix?" (RFC 7050 §8). */
export const IPV4_ONLY = 'ipv4only.arpa'
export const IPV4_ONLY_ADDRESSES: readonly Address[] = ['192.0.0.170', '192.0.0.171']

/**
 * The IPv6 address that leads to an IPv4 one through the prefix. `undefined` where it must not be made: the well-known
 * prefix is for global addresses only (RFC 6052 §3.1).
 */
export function embed(prefix: Prefix, ipv4: Address): Address | undefined {
  const four = addressBytes(ipv4)
  if (four?.length !== 4) return undefined
  if (isWellKnown(prefix) && scopeOf(four) !== 'global') return undefined
  return addressFromBytes(embedded(prefix, four))
}

/** The same for the addresses of `ipv4only.arpa`, whatever they are (RFC 8880 §7.1). */
export const embedAny = (prefix: Prefix, ipv4: Address): Address =>
  addressFromBytes(embedded(prefix, addressBytes(ipv4) ?? new Uint8Array(4)))

/** The IPv4 address inside an IPv6 one of the prefix; undefined for one outside it. */
export function extract(prefix: Prefix, ipv6: Address): Address | undefined {
  const bytes = addressBytes(ipv6)
  if (bytes?.length !== 16 || !prefixHas(prefix, bytes)) return undefined
  return addressFromBytes(Uint8Array.from(places(prefix), (at) => bytes[at] as number))
}

function embedded(prefix: Prefix, four: Uint8Array): Uint8Array {
  const bytes = prefix.bytes.slice()
  places(prefix).forEach((at, i) => {
    bytes[at] = four[i] as number
  })
  return bytes
}

/** Where the four bytes stand: behind the prefix, with byte 8 left out, which is always zero. */
function places({ bits }: Prefix): readonly number[] {
  const found: number[] = []
  for (let at = bits / 8; found.length < 4; at++) if (at !== 8) found.push(at)
  return found
}

const isWellKnown = ({ bytes, bits }: Prefix): boolean => bits === 96 && prefixHas(WELL_KNOWN_NAT64, bytes)
