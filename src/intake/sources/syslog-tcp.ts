// Syslog over TCP (RFC 6587). Knows sockets; knows nothing of what the lines say.
import { createServer, type Socket } from 'node:net'
import { HOUR, MINUTE } from '../../base/clock.ts'
import type { Problem } from '../../base/failure.ts'
import { type Listener, type ListenerOptions, listenProblem } from './listener.ts'
import { senders } from './senders.ts'
import { SyslogFrames } from './syslog-frames.ts'

/** The source's name in reports and health, the same for all TCP endpoints. */
export const SYSLOG_TCP = 'syslog/tcp'

export interface SyslogTcpOptions extends ListenerOptions {
  /** Connections at a time; further ones are refused and counted. */
  readonly maxConnections?: number
  /**
   * Milliseconds after which a silent connection is closed. Long: a sender that finds its connection closed loses the
   * line that it is about to send. Peers that are gone are found by keep-alive long before.
   */
  readonly idleTimeout?: number
}

/** A household has a handful of firewalls; each holds one connection. */
const MAX_CONNECTIONS = 64

/**
 * Listens for syslog connections. Connections from outside the allow-list are closed unread and counted.
 * Problems: `ASKFIRST_E_LISTEN…`.
 */
export function listenSyslogTcp(options: SyslogTcpOptions): Promise<Listener | Problem> {
  const { intake, endpoint, allowFrom, maxConnections = MAX_CONNECTIONS, idleTimeout = HOUR } = options
  const senderOf = senders(allowFrom)
  const open = new Set<Socket>()
  let failing = false
  const server = createServer({ keepAlive: true, keepAliveInitialDelay: MINUTE }, (socket) => {
    if (failing) intake.note(SYSLOG_TCP, undefined)
    failing = false
    const sender = senderOf(socket.remoteAddress ?? '')
    // Whatever happens to a connection ends in 'close'; without a listener an error would end the process.
    socket.on('error', () => socket.destroy())
    if (!sender?.allowed || open.size >= maxConnections) {
      intake.refuse(SYSLOG_TCP, sender?.address)
      socket.destroy()
      return
    }
    open.add(socket)
    const frames = new SyslogFrames(intake.sink(SYSLOG_TCP))
    socket.setTimeout(idleTimeout, () => socket.destroy())
    socket.on('data', (chunk: Buffer) => frames.push(chunk))
    socket.on('close', () => {
      frames.end()
      open.delete(socket)
    })
  })
  intake.open(SYSLOG_TCP)
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(listenProblem(error, endpoint, 'syslog over TCP')))
    // [::] takes IPv6 only, so that 0.0.0.0 can be listened on beside it.
    const ipv6Only = endpoint.address.includes(':')
    server.listen({ host: endpoint.address, port: endpoint.port, ipv6Only }, () => {
      // A server that listens may fail to accept (out of descriptors); the next connection shows that it is over.
      server.removeAllListeners('error').on('error', (error) => {
        failing = true
        intake.note(SYSLOG_TCP, { code: 'ASKFIRST_E_REPORTS', message: `syslog over TCP: ${error.message}` })
      })
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : endpoint.port
      resolve({
        endpoint: { address: endpoint.address, port },
        close: () =>
          new Promise((done) => {
            server.close(() => done())
            for (const socket of open) socket.destroy()
          }),
      })
    })
  })
}
