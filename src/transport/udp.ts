// One UDP listener on one address, by node:dgram. Knows packets and senders, not what they mean.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Endpoint } from '../base/address.ts'
import { type Clock, Moment } from '../base/clock.ts'
import type { Live } from '../base/live.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Client, Clients } from '../pipeline/clients.ts'
import { DATAGRAM_MAX } from '../system/datagrams.ts'
import { RECEIVE_BUFFER } from '../system/udp-socket.ts'
import { HEADER } from '../wire/read-query.ts'
import type { Listener } from './listener.ts'
import { ProxiedDatagrams } from './udp-proxy.ts'

/** Longest query that is read, over whatever transport. */
export const QUERY_MAX = DATAGRAM_MAX

/** What only some ask for. */
export interface UdpOptions {
  /** Several sockets, one a thread, share the address and port: the system deals the askers out to them (SO_REUSEPORT). */
  readonly shared?: boolean
  /** Who takes the PROXY header off, and counts; one for all listeners. */
  readonly proxied?: ProxiedDatagrams
}

/** A UDP listener. */
export interface UdpListener extends Listener {
  /** Replies that the system did not take: no way there, a firewall's rule, no room. Their askers ask again. */
  readonly unsent: number
}

/** Listens; rejects with the system's error where it cannot. A datagram's reply leaves from the address that was asked. */
export async function listenUdp(
  at: Endpoint,
  answerer: Answerer,
  clients: Live<Clients>,
  clock: Clock,
  { shared = false, proxied = new ProxiedDatagrams() }: UdpOptions = {},
): Promise<UdpListener> {
  const socket = createSocket({
    type: at.address.includes(':') ? 'udp6' : 'udp4',
    ipv6Only: at.address.includes(':'),
    reusePort: shared,
    lookup: noLookup,
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: at.address, port: at.port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  growBuffer(socket)
  // ICMP errors of replies that nobody takes, or an interface that went away: the next packet may fare better.
  socket.on('error', () => {})
  let closed = false
  let unsent = 0
  const sent = (fault: Error | null): void => {
    if (fault !== null) unsent++
  }
  const scratch = Buffer.alloc(DATAGRAM_MAX)
  const moment = new Moment()
  const take = (query: Uint8Array, client: Client, from: RemoteInfo): void => {
    const size = answerer.quick(query, 0, query.length, client, 'udp', scratch, 0, moment.take(clock))
    if (size > 0) {
      // A copy, since the kernel may take it later.
      socket.send(Buffer.from(scratch.subarray(0, size)), from.port, from.address, sent)
    } else {
      answerer.answer(query, client, 'udp', (reply) => {
        if (!closed) socket.send(Buffer.from(reply), from.port, from.address, sent)
      })
    }
  }
  socket.on('message', (packet, from) => {
    const client = clients.current.of(from.address)
    const query = readable(packet)
    if (!client.speaksForOthers) return take(query, client, from)
    const opened = proxied.open(query, client, clients.current)
    if (opened !== undefined) take(opened.query, opened.client, from)
  })
  const bound = socket.address()
  return {
    kind: 'udp',
    endpoint: { address: at.address, port: bound.port },
    get unsent() {
      return unsent
    },
    close: () => {
      closed = true
      return new Promise((resolve) => socket.close(() => resolve()))
    },
  }
}

/** What counts of a packet: all of it, or of one that is too long its header, which is malformed without the rest. */
export const readable = (packet: Uint8Array): Uint8Array =>
  packet.length > QUERY_MAX ? packet.subarray(0, HEADER) : packet

/** Replies go to addresses: nothing to look up. */
export const noLookup = (
  host: string,
  _options: unknown,
  done: (fault: null, address: string, family: number) => void,
): void => done(null, host, host.includes(':') ? 6 : 4)

/** The kernel may grant less than asked for (net.core.rmem_max); what it grants is enough to serve. */
function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // Refused: the system's default stays.
  }
}
