// Looks up the addresses of upstreams' own names, at resolvers that are known by address. Nothing else is asked there.
import type { Endpoint } from '../base/address.ts'
import { type Name, wireFromName } from '../base/name.ts'
import { type Query, TYPE } from '../base/question.ts'
import { udpServer } from '../base/upstream-server.ts'
import { ownQuestion } from '../pipeline/own-question.ts'
import type { Libc } from '../system/libc.ts'
import type { FoundAddresses } from './addresses.ts'
import { UdpSockets } from './udp-sockets.ts'
import { Upstream } from './upstream.ts'

/** Milliseconds for one try at one of them. */
const TIMEOUT = 1500
/** Names of upstreams on their way at one time; nobody has so many. */
const MAX_IN_FLIGHT = 100

/** The bootstrap resolvers. */
export class Bootstrap {
  readonly #upstreams: readonly Upstream[]

  constructor(servers: readonly Endpoint[], libc: Libc | undefined) {
    this.#upstreams = servers.map((server) => {
      return new Upstream(udpServer(server), { main: new UdpSockets(server, MAX_IN_FLIGHT, libc), whole: undefined })
    })
  }

  /** IPv4 and IPv6 addresses of a name, from the first resolver that has any. */
  async lookUp(name: Name): Promise<FoundAddresses> {
    for (const upstream of this.#upstreams) {
      const tries = await Promise.all([TYPE.A, TYPE.AAAA].map((type) => upstream.ask(question(name, type), TIMEOUT)))
      const messages = tries.flatMap((one) => (one.kind === 'answer' ? [one.scanned.message] : []))
      const addresses = messages.flatMap(({ handOuts }) => handOuts.map(({ address }) => address))
      if (addresses.length === 0) continue
      return { addresses, ttl: Math.min(...messages.filter(({ negative }) => !negative).map(({ ttl }) => ttl)) }
    }
    return { addresses: [], ttl: 0 }
  }

  close(): void {
    for (const upstream of this.#upstreams) upstream.close()
  }
}

/** Nobody waits for it by the clock: its time is the try's own. */
const question = (name: Name, type: number): Query =>
  ownQuestion(name, wireFromName(name) ?? new Uint8Array(1), type, 0)
