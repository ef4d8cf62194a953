// The HTTP API on its sockets: one app for each address, all or none. Knows no route.
import type { AddressInfo } from 'node:net'
import { addressBytes, type Endpoint, endpointText, scopeOf } from '../base/address.ts'
import { Failure, type Problem } from '../base/failure.ts'
import { type Api, type ApiOptions, buildApi } from './api.ts'

/** What the server needs to know beside what the API does. */
export interface ControlOptions extends ApiOptions {
  /** Says why an address cannot be had, who holds it, and the way out. */
  readonly listenProblem: (endpoint: Endpoint, fault: unknown) => Promise<Problem>
}

/** A running API. */
export interface Control {
  /** Where it listens; the port is the true one also where 0 was asked for. */
  readonly addresses: readonly Endpoint[]
  /** Ends every connection and stops to listen. */
  close(): Promise<void>
}

/** Connections at one time on one address: browsers take 6 each, a scraper 1. More are closed at once. */
const CONNECTIONS_MAX = 64

/**
 * Listens on every address of `listen`, or on none. Rejects with a `Failure`: ASKFIRST_E_CONFIG_VALUE where an address is
 * wider than loopback and there is no token, else what `listenProblem` says of each address that cannot be had.
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { listen, token } = options
  const open = token === undefined ? listen.filter((endpoint) => !isLoopback(endpoint)) : []
  if (open.length > 0) throw new Failure(...open.map(tooWide))
  const apps: Api[] = []
  const close = async (): Promise<void> => {
    await Promise.all(apps.map((app) => app.close()))
  }
  const addresses: Endpoint[] = []
  const problems: Problem[] = []
  for (const endpoint of listen) {
    const app = await buildApi(options)
    app.server.maxConnections = CONNECTIONS_MAX
    try {
      // `[::]` means IPv6 only, here as in every `listen` of the configuration: `0.0.0.0` stands beside it.
      await app.listen({ host: endpoint.address, port: endpoint.port, ipv6Only: endpoint.address.includes(':') })
      apps.push(app)
      addresses.push({ address: endpoint.address, port: (app.server.address() as AddressInfo).port })
    } catch (fault) {
      await app.close()
      problems.push({ ...(await options.listenProblem(endpoint, fault)), place: { path: 'http.listen' } })
    }
  }
  if (problems.length === 0) return { addresses, close }
  await close()
  throw new Failure(...problems)
}

const isLoopback = ({ address }: Endpoint): boolean => {
  const bytes = addressBytes(address)
  return bytes !== undefined && scopeOf(bytes) === 'loopback'
}

const tooWide = (endpoint: Endpoint): Problem => ({
  code: 'ASKFIRST_E_CONFIG_VALUE',
  message: `the HTTP API does not listen on ${endpointText(endpoint)} without a token`,
  place: { path: 'http.token' },
  hint: 'Make one with "openssl rand -hex 24" and set it as "http.token", or listen on 127.0.0.1 or [::1] only.',
})
