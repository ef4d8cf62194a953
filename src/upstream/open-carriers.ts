// Makes the ways to an upstream, as its transport wants them. Opens nothing before there is a question.
import { type Address, parseAddress } from '../base/address.ts'
import type { UpstreamServer } from '../base/upstream-server.ts'
import type { Libc } from '../system/libc.ts'
import { Addresses } from './addresses.ts'
import type { Bootstrap } from './bootstrap.ts'
import { type Dialled, dialTcp, dialTls, type TlsMemory } from './dial.ts'
import { HttpSession } from './http-session.ts'
import { type Opened, type Session, Sessions } from './sessions.ts'
import type { UpstreamSettings } from './settings.ts'
import { StreamSession } from './stream-session.ts'
import { UdpSockets } from './udp-sockets.ts'
import type { Carriers } from './upstream.ts'

/** What all upstreams share. `ca`: authorities in the place of Node's own. */
export interface Shared {
  readonly settings: Pick<UpstreamSettings, 'maxInFlight' | 'idle'>
  readonly bootstrap: Bootstrap
  readonly ca?: string | undefined
  readonly libc: Libc | undefined
}

/** The ways to one upstream. */
export function openCarriers(server: UpstreamServer, { settings, bootstrap, ca, libc }: Shared): Carriers {
  const { maxInFlight, idle } = settings
  const addresses = new Addresses(fixedAddresses(server), () => bootstrap.lookUp(server.host))
  const sessions = (dial: (addresses: readonly Address[]) => Promise<Dialled>, make: MakeSession): Sessions =>
    new Sessions(async () => {
      const known = await addresses.current()
      if (known.length === 0) return { kind: 'unreachable', why: `no address of ${server.host} was found` }
      return opened(await dial(known), make)
    }, maxInFlight)
  const stream: MakeSession = (socket) => new StreamSession(socket, idle)
  const tcp = (): Sessions => sessions((known) => dialTcp({ server, addresses: known }), stream)
  switch (server.transport) {
    case 'udp':
      return { main: new UdpSockets({ address: server.host, port: server.port }, maxInFlight, libc), whole: tcp() }
    case 'tcp':
      return { main: tcp(), whole: undefined }
    case 'tls': {
      const memory: TlsMemory = { ticket: undefined, ca }
      return {
        main: sessions((known) => dialTls({ server, addresses: known }, 'dot', memory), stream),
        whole: undefined,
      }
    }
    case 'https': {
      const memory: TlsMemory = { ticket: undefined, ca }
      const host = server.host.includes(':') ? `[${server.host}]` : server.host
      const make: MakeSession = (socket) => new HttpSession(socket, `${host}:${server.port}`, server.path, idle)
      return { main: sessions((known) => dialTls({ server, addresses: known }, 'h2', memory), make), whole: undefined }
    }
  }
}

type MakeSession = (socket: Extract<Dialled, { kind: 'connected' }>['socket']) => Session

const opened = (dialled: Dialled, make: MakeSession): Opened =>
  dialled.kind === 'connected' ? { session: make(dialled.socket), resumed: dialled.resumed } : dialled

const fixedAddresses = ({ host, addresses }: UpstreamServer): readonly Address[] =>
  parseAddress(host) === undefined ? addresses : [host]
