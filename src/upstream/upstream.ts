// One upstream server: asks it, checks what comes back, keeps its health. Knows nothing of the other ones.
import { type ExtendedError, type Query, RCODE, wantsDnssec } from '../base/question.ts'
import { isAuthenticated, type UpstreamServer, type UpstreamTransport, upstreamText } from '../base/upstream-server.ts'
import { type Asked, type Scanned, scanMessage } from '../wire/scan-message.ts'
import { type AskedHow, writeQuery } from '../wire/write-reply.ts'
import type { Carrier, Exchanged } from './carrier.ts'
import { Health } from './health.ts'
import { mixCase } from './mixed-case.ts'

/** How one try ended. */
export type Try =
  | { readonly kind: 'answer'; readonly scanned: Scanned }
  | {
      readonly kind: 'failed'
      readonly reason: FailedTry
      readonly why: string
      /** What the upstream itself said about it. */
      readonly error?: ExtendedError | undefined
    }

/** Why a try gave nothing to pass on. */
export type FailedTry =
  | 'timeout'
  | 'unreachable'
  | 'untrusted'
  | 'busy'
  | 'malformed'
  | 'refused'
  | 'servfail'
  /** The upstream validates, and what it got is forged or broken. */
  | 'bogus'

/** Figures of one upstream, as they are shown. */
export interface UpstreamFigures {
  /** `9.9.9.9:53`, `tls://dns.quad9.net`. */
  readonly server: string
  readonly transport: UpstreamTransport
  /** What it is asked for: `servers`, `fallback`, or the names of zones. */
  readonly uses: readonly string[]
  readonly healthy: boolean
  readonly tries: number
  readonly failures: Readonly<Record<FailedTry, number>>
  /** Smoothed round trip, ms; undefined before the first answer. */
  readonly latency: number | undefined
  readonly inFlight: number
  /** Answers over UDP that were fetched again over TCP. */
  readonly overTcp: number
  /** Packets with a wrong ID or question. */
  readonly strays: number
  /** Records that did not belong to the question and were cut out. */
  readonly cutRecords: number
  /** Connections made; of them those that took up an earlier TLS session; those that a question found dead. */
  readonly connections: { readonly opened: number; readonly resumed: number; readonly foundDead: number }
}

/** The ways to one upstream: the usual one, and one for answers that do not fit it or are in doubt. */
export interface Carriers {
  readonly main: Carrier
  readonly whole: Carrier | undefined
}

/** What we say we can take over UDP from upstream (RFC 9715 §3). */
const UDP_SIZE = 1232
/** RFC 8467 §4.1: queries on encrypted ways are padded to a multiple of 128 bytes. */
const PAD_TO = 128
/** Room beside the name and a client subnet: header, question, OPT record and padding. */
const ROOM = 12 + 4 + 11 + 4 + PAD_TO + 28

/** One upstream server. */
export class Upstream {
  readonly server: UpstreamServer
  readonly name: string
  readonly health = new Health()
  readonly #carriers: Carriers
  readonly #how: AskedHow
  /** Without and with DO. */
  readonly #asked: readonly [Asked, Asked]
  #tries = 0
  #overTcp = 0
  #cutRecords = 0
  readonly #failures: Record<FailedTry, number> = {
    timeout: 0,
    unreachable: 0,
    untrusted: 0,
    busy: 0,
    malformed: 0,
    refused: 0,
    servfail: 0,
    bogus: 0,
  }

  constructor(server: UpstreamServer, carriers: Carriers) {
    this.server = server
    this.name = upstreamText(server)
    this.#carriers = carriers
    const trustAd = server.trustAd && isAuthenticated(server)
    const isEncrypted = server.transport === 'tls' || server.transport === 'https'
    this.#how = { udpSize: UDP_SIZE, authenticData: trustAd, padTo: isEncrypted ? PAD_TO : 0 }
    this.#asked = [
      { dnssecOk: false, trustAd, keep: true },
      { dnssecOk: true, trustAd, keep: true },
    ]
  }

  get weight(): number {
    return this.server.weight
  }

  get latency(): number | undefined {
    return this.health.latency
  }

  /** `uses` is what its sets are called. */
  figures(uses: readonly string[]): UpstreamFigures {
    const { main, whole } = this.#carriers
    const [a, b] = [main.figures, whole?.figures]
    return {
      server: this.name,
      transport: this.server.transport,
      uses,
      healthy: this.health.up,
      tries: this.#tries,
      failures: { ...this.#failures },
      latency: this.health.latency,
      inFlight: a.inFlight + (b?.inFlight ?? 0),
      overTcp: this.#overTcp,
      strays: a.strays + (b?.strays ?? 0),
      cutRecords: this.#cutRecords,
      connections: {
        opened: a.opened + (b?.opened ?? 0),
        resumed: a.resumed,
        foundDead: a.foundDead + (b?.foundDead ?? 0),
      },
    }
  }

  /** Asks once: over UDP, and over TCP if the answer was cut. Takes at most `timeout` ms for each. */
  async ask(query: Query, timeout: number): Promise<Try> {
    const started = performance.now()
    this.#tries++
    const result = await this.#exchange(query, timeout)
    const now = performance.now()
    if (result.kind === 'answer') {
      this.#cutRecords += result.scanned.cut
      this.health.succeed(now - started)
      return result
    }
    const { reason } = result
    this.#failures[reason]++
    if (reason === 'servfail' || reason === 'refused' || reason === 'bogus') this.health.heard()
    else if (reason !== 'busy') this.health.fail(now, now - started, reason === 'timeout' ? query.name : undefined)
    return result
  }

  close(): void {
    this.#carriers.main.close()
    this.#carriers.whole?.close()
  }

  async #exchange(query: Query, timeout: number): Promise<Try> {
    const { main, whole } = this.#carriers
    const isUdp = this.server.transport === 'udp'
    // Whoever sees the letter case of a question on a connection sees everything: there is nothing to guess.
    const name = isUdp ? mixCase(query.wire) : query.wire
    // Out of Node's pool: an array of this size by itself would lie outside the heap, for the collector to count.
    const packet = Buffer.allocUnsafe(query.wire.length + ROOM)
    const length = writeQuery(packet, query, name, this.#how)
    const sent = packet.subarray(0, length)
    const questionEnd = 12 + name.length + 4
    const asked = this.#asked[wantsDnssec(query) ? 1 : 0]
    const exchanged = await main.exchange(sent, questionEnd, timeout)
    if (exchanged.kind !== 'answer' || !isUdp || whole === undefined || isWhole(exchanged.packet, name)) {
      return judge(exchanged, asked)
    }
    this.#overTcp++
    return judge(await whole.exchange(sent, questionEnd, timeout), asked)
  }
}

/**
 * Whether an answer over UDP can be taken as it is. Cut, longer than we said we take (fragments can be forged, RFC 9715
 * §3.1), or not in our letter case: over TCP the answer is whole, and nobody can forge it blindly.
 */
function isWhole(packet: Uint8Array, name: Uint8Array): boolean {
  if ((packet[2] as number) & 0x02 || packet.length > UDP_SIZE) return false
  for (let i = 0; i < name.length; i++) if (packet[12 + i] !== name[i]) return false
  return true
}

function judge(exchanged: Exchanged, asked: Asked): Try {
  if (exchanged.kind === 'busy') return failed('busy', 'as many questions are on their way as may be')
  if (exchanged.kind === 'timeout') return failed('timeout', 'no answer in time')
  if (exchanged.kind !== 'answer') return failed(exchanged.kind, exchanged.why)
  const scanned = scanMessage(exchanged.packet, asked)
  if ('malformed' in scanned) return failed('malformed', scanned.malformed)
  const { rcode, message } = scanned
  if (rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN) {
    if (scanned.truncated) return failed('malformed', 'cut although there was room')
    return scanned.referral ? failed('refused', 'the upstream does not resolve') : { kind: 'answer', scanned }
  }
  const { error } = message
  if (rcode === RCODE.SERVFAIL) {
    const isBogus = error !== undefined && error.code >= BOGUS.first && error.code <= BOGUS.last
    return { ...failed(isBogus ? 'bogus' : 'servfail', 'the upstream answered SERVFAIL'), error }
  }
  if (rcode === RCODE.REFUSED || rcode === RCODE.NOTIMP || rcode === RCODE.FORMERR) {
    return { ...failed('refused', `the upstream answered with code ${rcode}`), error }
  }
  return { kind: 'answer', scanned }
}

/** Extended errors that say that validation failed (RFC 8914 §4.7 to §4.13). */
const BOGUS = { first: 6, last: 12 } as const

const failed = (reason: FailedTry, why: string) => ({ kind: 'failed', reason, why }) as const
