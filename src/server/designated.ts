// What discovery announces, made of the listeners' settings and of this machine's addresses. Values in, value out.
import { type Address, addressBytes, type Endpoint, scopeOf } from '../base/address.ts'
import type { Config } from '../config/schema.ts'
import type { Designated } from '../pipeline/stages/discovery.ts'

/** Addresses that are told as hints: few houses have more than one of each family. */
const HINTS_MAX = 8

/** Undefined where nothing is served that a device could use, or where we have no name. `own`: this machine's addresses. */
export function designated({ tls, https, certificate }: Config, own: readonly Address[]): Designated | undefined {
  const [overTls, overHttps] = [reachable(tls.listen), reachable(https.listen)]
  if (certificate.name === null || (overTls.length === 0 && overHttps.length === 0)) return undefined
  const addresses = [...overTls, ...overHttps].flatMap(({ address }) =>
    isWildcard(address) ? own.filter((one) => one.includes(':') === address.includes(':') && isSteady(one)) : [address],
  )
  return {
    name: certificate.name,
    tls: ports(overTls),
    https: ports(overHttps),
    addresses: [...new Set(addresses)].slice(0, HINTS_MAX),
  }
}

/** Listeners that other machines can reach, on a port that is known before it is open. */
const reachable = (listen: readonly Endpoint[]): readonly Endpoint[] =>
  listen.filter(({ address, port }) => port !== 0 && scope(address) !== 'loopback')

const ports = (listen: readonly Endpoint[]): readonly number[] => [...new Set(listen.map(({ port }) => port))]

const isWildcard = (address: Address): boolean => address === '0.0.0.0' || address === '::'

/** An address of the house, or a public IPv4 one; public IPv6 addresses change from day to day. */
const isSteady = (address: Address): boolean =>
  scope(address) === 'private' || (scope(address) === 'global' && !address.includes(':'))

const scope = (address: Address) => scopeOf(addressBytes(address) as Uint8Array)
