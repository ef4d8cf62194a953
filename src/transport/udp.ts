// One UDP listener on one address, by node:dgram. Knows packets and senders, not what they mean.
import { createSocket, type Socket } from 'node:dgram'
import type { Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Clients } from '../pipeline/clients.ts'
import type { Listener } from './listener.ts'

/** Kernel buffer for queries that wait: a burst of some thousand packets. */
const RECEIVE_BUFFER = 4 * 1024 * 1024
/** Lane replies are at most this long: a UDP reply's largest configured size. */
const REPLY_MAX = 4096

/** Listens; rejects with the system's error where it cannot. A datagram's reply leaves from the address that was asked. */
export async function listenUdp(at: Endpoint, answerer: Answerer, clients: Clients, clock: Clock): Promise<Listener> {
  const socket = createSocket({
    type: at.address.includes(':') ? 'udp6' : 'udp4',
    ipv6Only: at.address.includes(':'),
    // Replies go to addresses: nothing to look up.
    lookup: (host, _options, done) => done(null, host, host.includes(':') ? 6 : 4),
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
  const scratch = Buffer.alloc(REPLY_MAX)
  socket.on('message', (packet, from) => {
    const client = clients.of(from.address)
    const size = answerer.quick(packet, 0, packet.length, client, true, scratch, 0, clock.now(), clock.ticks())
    if (size > 0) {
      // A copy, since the kernel may take it later.
      socket.send(Buffer.from(scratch.subarray(0, size)), from.port, from.address, ignore)
    } else {
      answerer.answer(packet, client, 'udp', (reply) => socket.send(reply, from.port, from.address, ignore))
    }
  })
  const bound = socket.address()
  return {
    kind: 'udp',
    endpoint: { address: at.address, port: bound.port },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** The kernel may grant less than asked for (net.core.rmem_max); what it grants is enough to serve. */
function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // Refused: the system's default stays.
  }
}

/** A reply that cannot be sent is the network's loss; the asker asks again. */
function ignore(): void {}
