// A UDP socket towards one peer: the system's own where koffi can be had, else node:dgram. Knows nothing of what is sent.
import { createSocket } from 'node:dgram'
import { getSystemErrorName } from 'node:util'
import type { Endpoint } from '../base/address.ts'
import { Inbox } from './datagrams.ts'
import { LINUX, type Libc } from './libc.ts'
import { connectUdp } from './udp-socket.ts'

/** What comes of a socket. */
export interface Events {
  /** A datagram of the peer, of which nobody else knows; one longer than `DATAGRAM_MAX` may be cut there. */
  readonly packet: (packet: Uint8Array) => void
  /** Something that was sent came back as an error (nobody listens there, RFC 1122 §4.1.3.3). */
  readonly fault: (why: string) => void
}

/** A socket towards one peer. */
export interface ConnectedUdp {
  /** Calls `refused` where the system does not take it, at once or later. `packet` is left as it is until it has gone. */
  readonly send: (packet: Uint8Array, refused: (why: string) => void) => void
  readonly close: () => void
}

/** Opens one; its port is the system's choice. Throws the system's error or tells it as a fault. */
export const openConnectedUdp = (to: Endpoint, events: Events, libc: Libc | undefined): ConnectedUdp =>
  libc === undefined ? byDgram(to, events) : native(to, events, libc)

/** One for all sockets of a thread: what stands in it is handed on before the next socket has its turn. */
let shared: Inbox | undefined

function native(to: Endpoint, events: Events, libc: Libc): ConnectedUdp {
  const { fd } = connectUdp(libc, to)
  const inbox = (shared ??= new Inbox(libc))
  let closed = false
  const watch = libc.watch(fd, () => {
    const count = inbox.receive(fd)
    const errno = count === 0 ? libc.errno() : 0
    // From Node's pool: an array buffer for each would be one more thing for the collector to keep count of.
    for (let i = 0; i < count; i++) {
      if (!closed) events.packet(Buffer.from(inbox.bytes.subarray(inbox.at(i), inbox.at(i) + inbox.length(i))))
    }
    if (count === 0 && errno !== LINUX.EAGAIN) events.fault(`recv ${getSystemErrorName(-errno)}`)
    return true
  })
  return {
    send(packet, refused) {
      if (libc.send(fd, packet, packet.length, LINUX.MSG_DONTWAIT) < 0)
        refused(`send ${getSystemErrorName(-libc.errno())}`)
    },
    close() {
      if (closed) return
      closed = true
      watch.close()
      libc.close(fd)
    },
  }
}

function byDgram({ address, port }: Endpoint, events: Events): ConnectedUdp {
  const socket = createSocket({
    type: address.includes(':') ? 'udp6' : 'udp4',
    // The address is one already: nothing to look up.
    lookup: (host, _options, done) => done(null, host, host.includes(':') ? 6 : 4),
    recvBufferSize: 1024 * 1024,
  })
  let isConnected = false
  let closed = false
  socket.once('connect', () => {
    isConnected = true
  })
  socket.on('message', events.packet)
  socket.on('error', ({ message }) => events.fault(message))
  socket.connect(port, address)
  return {
    send(packet, refused) {
      const send = (): void => socket.send(packet, (fault) => fault === null || refused(fault.message))
      if (isConnected) send()
      else socket.once('connect', () => closed || send())
    },
    close() {
      if (!closed) socket.close()
      closed = true
    },
  }
}
