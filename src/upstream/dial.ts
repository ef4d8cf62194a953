// Opens connections: TCP, and TLS whose peer has proven who it is, by certificate or by pin. Sends nothing before that.
import { createHash } from 'node:crypto'
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Address } from '../base/address.ts'
import type { UpstreamServer } from '../base/upstream-server.ts'

/** How long a connection may take to be made, TLS included, ms. Longer than a question waits: the next one may use it. */
const CONNECT_TIMEOUT = 5000
/** RFC 8305 §5 recommends 250 ms before the next address is tried as well. */
const NEXT_ADDRESS_AFTER = 250

/** Where to, and by which addresses; more than one are tried as RFC 8305 has it. */
export interface Target {
  readonly server: UpstreamServer
  readonly addresses: readonly Address[]
}

/** What came of it. */
export type Dialled =
  | { readonly kind: 'connected'; readonly socket: Socket; readonly resumed: boolean }
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'untrusted'; readonly why: string }

/** Opens a plain connection. */
export function dialTcp(target: Target): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connectTcp({ ...options(target), noDelay: true })
    settleOn(socket, 'connect', resolve, () => ({ kind: 'connected', socket, resumed: false }))
  })
}

/** What TLS connections to one upstream share: the latest session ticket, and who else may sign certificates. */
export interface TlsMemory {
  ticket: Buffer | undefined
  /** Certificates of authorities in the place of those that Node brings along. */
  readonly ca: string | undefined
}

/**
 * Opens a TLS connection that speaks `protocol` (ALPN). Without pins the certificate must be valid for the name; with
 * pins the server's own key must be one of them, and nothing else counts: a pinned key needs no authority, and an
 * authority's key in an unverified chain proves nothing.
 */
export function dialTls(target: Target, protocol: 'dot' | 'h2', memory: TlsMemory): Promise<Dialled> {
  const { server } = target
  const name = server.certificateName ?? server.host
  const pinned = server.pins.length > 0
  // Not imported: node:tls takes 20 ms to load, and most houses never need it.
  const { checkServerIdentity, connect } = process.getBuiltinModule('node:tls')
  return new Promise((resolve) => {
    const socket = connect({
      ...options(target),
      // RFC 6066 §3: no address in the server name.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(memory.ticket === undefined ? {} : { session: memory.ticket }),
      ...(memory.ca === undefined ? {} : { ca: memory.ca }),
      ALPNProtocols: [protocol],
      // RFC 8310 §9 and RFC 9325 §3.1.1.
      minVersion: 'TLSv1.2',
      rejectUnauthorized: !pinned,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    })
    socket.setNoDelay(true)
    // A session is taken up again without another look at its peer: a ticket counts only once we trust who gave it.
    let trusted = false
    let early: Buffer | undefined
    socket.on('session', (ticket: Buffer) => {
      if (trusted) memory.ticket = ticket
      else early = ticket
    })
    settleOn(socket, 'secureConnect', resolve, () => {
      const fault = pinned && !socket.isSessionReused() ? pinFault(socket, server.pins) : undefined
      if (fault !== undefined) return { kind: 'untrusted', why: fault }
      if (protocol === 'h2' && socket.alpnProtocol !== 'h2') {
        return { kind: 'unreachable', why: 'the server does not speak HTTP/2' }
      }
      trusted = true
      if (early !== undefined) memory.ticket = early
      return { kind: 'connected', socket, resumed: socket.isSessionReused() }
    })
    socket.on('error', () => {
      // A ticket that the server chokes on must not keep us out for good.
      memory.ticket = undefined
    })
  })
}

function options({ server, addresses }: Target) {
  const lookup: LookupFunction = (_host, { all }, done) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }))
    const [first] = found
    if (first === undefined) done(new Error('no address is known'), '')
    else if (all === true) done(null, found)
    else done(null, first.address, first.family)
  }
  return {
    host: server.host,
    port: server.port,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_AFTER,
  } as const
}

/** Settles once: when `event` comes, or when the socket fails or takes too long first. What is not used is destroyed. */
function settleOn(
  socket: Socket | TLSSocket,
  event: 'connect' | 'secureConnect',
  resolve: (dialled: Dialled) => void,
  ready: () => Dialled,
): void {
  let settled = false
  const settle = (dialled: Dialled): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    if (dialled.kind !== 'connected') socket.destroy()
    resolve(dialled)
  }
  const timer = setTimeout(() => settle({ kind: 'unreachable', why: 'no connection in time' }), CONNECT_TIMEOUT)
  socket.on('error', (error: NodeJS.ErrnoException) => {
    settle({ kind: isCertificateFault(error) ? 'untrusted' : 'unreachable', why: faultText(error) })
  })
  socket.on('close', () => settle({ kind: 'unreachable', why: 'closed before it was open' }))
  socket.on(event, () => settle(ready()))
}

/** Codes of OpenSSL's verification and Node's name check; all others are of the network or of TLS itself. */
const isCertificateFault = ({ code = '' }: NodeJS.ErrnoException): boolean =>
  code === 'ERR_TLS_CERT_ALTNAME_INVALID' || /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CRL|HOSTNAME_MISMATCH/.test(code)

/** Several addresses that all failed come as one error without words of its own. */
const faultText = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map((one: Error) => one.message).join('; ') : error.message

function pinFault(socket: TLSSocket, pins: readonly string[]): string | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  if (key === undefined) return 'the server showed no certificate'
  const pin = createHash('sha256').update(key).digest('base64')
  return pins.includes(pin) ? undefined : `the server's key is not pinned: sha256 ${pin}`
}
