// Syslog over UDP (RFC 5426). Knows sockets; knows nothing of what the lines say.
import { createSocket } from 'node:dgram'
import type { Problem } from '../../base/failure.ts'
import { type Listener, type ListenerOptions, listenProblem } from './listener.ts'
import { senders } from './senders.ts'

/** The source's name in reports and health, the same for all UDP endpoints. */
export const SYSLOG_UDP = 'syslog/udp'

/**
 * Listens for syslog datagrams. A datagram may hold several messages, one a line. What senders outside the allow-list
 * send is thrown away unread and counted. Problems: `ASKFIRST_E_LISTEN…`.
 */
export function listenSyslogUdp({ intake, endpoint, allowFrom }: ListenerOptions): Promise<Listener | Problem> {
  const six = endpoint.address.includes(':')
  // [::] takes IPv6 only, so that 0.0.0.0 can be listened on beside it.
  const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six, recvBufferSize: RECEIVE_BUFFER })
  const senderOf = senders(allowFrom)
  let failing = false
  intake.open(SYSLOG_UDP)
  socket.on('message', (bytes, from) => {
    const sender = senderOf(from.address)
    if (sender?.allowed) intake.take(bytes, SYSLOG_UDP)
    else intake.refuse(SYSLOG_UDP, sender?.address)
    if (failing) intake.note(SYSLOG_UDP, undefined)
    failing = false
  })
  return new Promise((resolve) => {
    socket.once('error', (error) => {
      socket.close()
      resolve(listenProblem(error, endpoint, 'syslog over UDP'))
    })
    socket.bind(endpoint.port, endpoint.address, () => {
      // A socket that is bound has passing errors at most; the next datagram shows that it is over.
      socket.removeAllListeners('error').on('error', (error) => {
        failing = true
        intake.note(SYSLOG_UDP, { code: 'ASKFIRST_E_REPORTS', message: `syslog over UDP: ${error.message}` })
      })
      const { port } = socket.address()
      resolve({
        endpoint: { address: endpoint.address, port },
        close: () => new Promise((done) => socket.close(() => done())),
      })
    })
  })
}

/**
 * Bytes that the kernel holds while we are busy: a firewall that logs a port scan sends thousands of lines in one go.
 * Linux gives twice what is asked for, up to net.core.rmem_max.
 */
const RECEIVE_BUFFER = 4 * 1024 * 1024
