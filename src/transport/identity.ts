// Who we are over TLS: certificate and key, checked before use, and shared by every listener that has them. Knows no
// file.
import { X509Certificate } from 'node:crypto'
import type { SecureContextOptions, Server } from 'node:tls'
import type { EpochMs } from '../base/clock.ts'

/** A certificate with the chain behind it, and its private key; both PEM. */
export interface Pair {
  readonly certificate: string
  readonly key: string
}

/** What a certificate says of itself. */
export interface Facts {
  /** DNS names and addresses that it is for. */
  readonly names: readonly string[]
  readonly from: EpochMs
  readonly until: EpochMs
}

/** Reads and checks a pair; text that says what is wrong with it. */
export function checkPair({ certificate, key }: Pair): Facts | string {
  let read: X509Certificate
  try {
    read = new X509Certificate(certificate)
  } catch {
    return 'the certificate is no PEM certificate'
  }
  try {
    // Not imported: node:tls takes 20 ms to load, and most houses never need it.
    process.getBuiltinModule('node:tls').createSecureContext({ cert: certificate, key, minVersion: OLDEST })
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code
    if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') return 'the key does not belong to the certificate'
    return `certificate and key cannot be used: ${(fault as Error).message}`
  }
  const names = (read.subjectAltName ?? '')
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
    .filter((entry) => entry !== '')
  return { names, from: Date.parse(read.validFrom), until: Date.parse(read.validTo) }
}

/** RFC 8996: nothing older. */
export const OLDEST = 'TLSv1.2'

/** Seconds that a session may be resumed; a phone sleeps and wakes many times in it (RFC 8446 §4.6.1 allows 7 days). */
const SESSION_SECONDS = 2 * 3600

/** The pair in use. A new one serves new connections; those that are open go on. */
export class Identity {
  #pair: Pair
  /** All listeners share them, so that a session begun at one address can be resumed at another. */
  #ticketKeys: Buffer
  readonly #servers = new Set<Server>()

  /** `ticketKeys`: 48 secret random bytes. */
  constructor(pair: Pair, ticketKeys: Buffer) {
    this.#pair = pair
    this.#ticketKeys = ticketKeys
  }

  get options(): SecureContextOptions & { ticketKeys: Buffer } {
    return {
      cert: this.#pair.certificate,
      key: this.#pair.key,
      minVersion: OLDEST,
      honorCipherOrder: true,
      sessionTimeout: SESSION_SECONDS,
      ticketKeys: this.#ticketKeys,
    }
  }

  /** Keeps a server up to date. */
  attach(server: Server): void {
    this.#servers.add(server)
  }

  detach(server: Server): void {
    this.#servers.delete(server)
  }

  /** Takes a checked pair. */
  use(pair: Pair): void {
    this.#pair = pair
    for (const server of this.#servers) server.setSecureContext(this.options)
  }

  /** Takes new keys for session tickets: what was said under old ones stays secret when the present ones are lost. */
  renewTickets(ticketKeys: Buffer): void {
    this.#ticketKeys = ticketKeys
    for (const server of this.#servers) server.setTicketKeys(ticketKeys)
  }
}
