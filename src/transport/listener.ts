// What every listener is, and how an address becomes listeners. Knows no protocol.
import { networkInterfaces } from 'node:os'
import type { Endpoint } from '../base/address.ts'
import type { TransportKind } from '../base/question.ts'

/** How a listener is reached; `http` is DNS in plain HTTP, from a reverse proxy that has done the TLS. */
export type ListenerKind = TransportKind | 'http'

/** One open listener. */
export interface Listener {
  readonly kind: ListenerKind
  readonly endpoint: Endpoint
  close(): Promise<void>
}

/**
 * A wildcard endpoint becomes one endpoint for each local address: `node:dgram` does not tell to which address a
 * datagram came, and a reply must leave from the one that was asked. Others stay as they are.
 */
export function expandWildcard(endpoint: Endpoint): readonly Endpoint[] {
  if (endpoint.address !== '0.0.0.0' && endpoint.address !== '::') return [endpoint]
  const family = endpoint.address === '::' ? 'IPv6' : 'IPv4'
  const found: Endpoint[] = []
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { address, family: its, scopeid } of addresses ?? []) {
      if (its !== family) continue
      // Link-local addresses are one per link: only with their interface do they name one.
      found.push({ address: scopeid ? `${address}%${name}` : address, port: endpoint.port })
    }
  }
  return found
}
