// The client that a reverse proxy speaks for, from its headers (RFC 7239, X-Forwarded-For). Only for requests of a
// trusted proxy: anybody can write these headers.
import { type Address, addressBytes, inPrefixes, type Prefix, parseAddress } from '../base/address.ts'

/** Proxies in a row that are followed. */
const HOPS_MAX = 16

/**
 * The address nearest to us that is not a trusted proxy's own: each proxy adds to the right, and what stands further
 * left may be made up by the client. `undefined` where the headers name nobody, or somebody that is no address.
 */
export function forwardedFor(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  trusted: readonly Prefix[],
): Address | undefined {
  // Where both are there, the standard one counts.
  const hops = headers['forwarded'] === undefined ? listed(headers['x-forwarded-for']) : standard(headers['forwarded'])
  let last: Address | undefined
  for (const hop of hops.reverse().slice(0, HOPS_MAX)) {
    const address = parseAddress(withoutPort(hop))
    if (address === undefined) return last
    last = address
    if (!inPrefixes(trusted, addressBytes(address) as Uint8Array)) return address
  }
  return last
}

const listed = (header: string | string[] | undefined): string[] =>
  header === undefined
    ? []
    : String(header)
        .split(',')
        .map((hop) => hop.trim())

/** RFC 7239 §4: elements are separated by commas, pairs by semicolons; IPv6 and ports stand in quotes. */
const standard = (header: string | string[]): string[] =>
  listed(header).map((element) => {
    const pair = element.split(';').find((one) => /^\s*for\s*=/i.test(one))
    return pair === undefined
      ? ''
      : pair
          .slice(pair.indexOf('=') + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1')
  })

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` without their ports. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)
  if (bracketed !== null) return bracketed[1] as string
  return /^[\d.]+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(':')) : hop
}
