// One upstream server: asks it, checks what comes back, keeps its health. Knows nothing of the other ones.
import { type Endpoint, endpointText } from '../base/address.ts'
import { type Query, RCODE, wantsDnssec } from '../base/question.ts'
import { type Malformed, type Scanned, scanMessage } from '../wire/scan-message.ts'
import { writeQuery } from '../wire/write-reply.ts'
import { mixCase } from './mixed-case.ts'
import { exchangeTcp } from './tcp-exchange.ts'
import { type Exchanged, UdpSockets } from './udp-sockets.ts'

/** How one try ended. */
export type Try =
  | { readonly kind: 'answer'; readonly scanned: Scanned }
  | { readonly kind: 'failed'; readonly reason: FailedTry; readonly why: string }

/** Why a try gave nothing to pass on. */
export type FailedTry = 'timeout' | 'unreachable' | 'malformed' | 'refused' | 'servfail'

/** Figures of one upstream, as they are shown. */
export interface UpstreamFigures {
  /** `9.9.9.9:53`. */
  readonly server: string
  readonly healthy: boolean
  readonly tries: number
  readonly failures: Readonly<Record<FailedTry, number>>
  /** Smoothed round trip, ms; undefined before the first answer. */
  readonly latency: number | undefined
  readonly overTcp: number
  /** Packets with a wrong ID or question. */
  readonly strays: number
}

/** Failures in a row after which it counts as down. */
const DOWN_AFTER = 3
/** While down, one try each this often; short, so that a server that is back is found within 5 s. */
const PROBE_EVERY_MS = 1000
/** What we say we can take over UDP from upstream (RFC 9715 §3). */
const ASKED_HOW = { udpSize: 1232, authenticData: false, padTo: 0 } as const
/** RFC 6298 §2: the weight of a new sample. */
const LATENCY_WEIGHT = 1 / 8
/** A second server is asked when the first has not answered for this many times its usual latency, in bounds, ms. */
const PATIENCE = { times: 4, min: 200, max: 800 } as const

/** One upstream server. */
export class Upstream {
  readonly to: Endpoint
  readonly #sockets: UdpSockets
  #tries = 0
  #overTcp = 0
  #failures: Record<FailedTry, number> = { timeout: 0, unreachable: 0, malformed: 0, refused: 0, servfail: 0 }
  #inARow = 0
  #nextProbe = 0
  #latency: number | undefined

  constructor(to: Endpoint) {
    this.to = to
    this.#sockets = new UdpSockets(to)
  }

  /** Whether it answers as far as we know. */
  get healthy(): boolean {
    return this.#inARow < DOWN_AFTER
  }

  /** Healthy, or down long enough to try again; taking this chance uses it up. */
  mayTry(now: number): boolean {
    if (this.healthy) return true
    if (now < this.#nextProbe) return false
    this.#nextProbe = now + PROBE_EVERY_MS
    return true
  }

  /** Milliseconds after which somebody else should be asked as well. */
  get patience(): number {
    const usual = this.#latency === undefined ? PATIENCE.max : this.#latency * PATIENCE.times
    return Math.min(PATIENCE.max, Math.max(PATIENCE.min, usual))
  }

  get figures(): UpstreamFigures {
    return {
      server: endpointText(this.to),
      healthy: this.healthy,
      tries: this.#tries,
      failures: { ...this.#failures },
      latency: this.#latency,
      overTcp: this.#overTcp,
      strays: this.#sockets.strays,
    }
  }

  /** Asks once: over UDP, and over TCP if the answer was cut. Takes at most `timeout` ms for each. */
  async ask(query: Query, timeout: number): Promise<Try> {
    const started = performance.now()
    this.#tries++
    const mixed = mixCase(query.wire)
    const dnssecOk = wantsDnssec(query)
    const packet = new Uint8Array(query.wire.length + 64)
    const length = writeQuery(packet, query, mixed, ASKED_HOW)
    const questionEnd = 12 + query.wire.length + 4
    const sent = packet.subarray(0, length)
    let result = this.#judge(await this.#sockets.exchange(sent, questionEnd, timeout), mixed, dnssecOk)
    if (result.kind === 'answer' && (result.scanned.truncated || result.caseChanged)) {
      // Cut, or not in our letter case: over TCP the answer is whole, and nobody can forge it blindly.
      this.#overTcp++
      result = this.#judge(await exchangeTcp(this.to, sent, questionEnd, timeout), undefined, dnssecOk)
    }
    if (result.kind === 'failed') {
      this.#failures[result.reason]++
      // SERVFAIL and REFUSED are answers: the server is there, whatever it thinks of this name.
      if (result.reason === 'servfail' || result.reason === 'refused') this.#inARow = 0
      else if (++this.#inARow >= DOWN_AFTER) this.#nextProbe = performance.now() + PROBE_EVERY_MS
      return result
    }
    this.#inARow = 0
    const sample = performance.now() - started
    this.#latency = this.#latency === undefined ? sample : this.#latency + (sample - this.#latency) * LATENCY_WEIGHT
    return { kind: 'answer', scanned: result.scanned }
  }

  close(): void {
    this.#sockets.close()
  }

  #judge(exchanged: Exchanged, mixed: Uint8Array | undefined, dnssecOk: boolean): Judged {
    if (exchanged.kind === 'timeout') return failed('timeout', 'no answer in time')
    if (exchanged.kind === 'unreachable') return failed('unreachable', exchanged.why)
    const scanned: Scanned | Malformed = scanMessage(exchanged.packet, { dnssecOk, trustAd: false })
    if ('malformed' in scanned) return failed('malformed', scanned.malformed)
    const caseChanged = mixed?.some((byte, i) => scanned.message.bytes[12 + i] !== byte) ?? false
    if (scanned.truncated || caseChanged) return { kind: 'answer', scanned, caseChanged }
    if (scanned.rcode === RCODE.SERVFAIL) return failed('servfail', 'the upstream answered SERVFAIL')
    if (scanned.rcode === RCODE.REFUSED || scanned.rcode === RCODE.NOTIMP || scanned.rcode === RCODE.FORMERR) {
      return failed('refused', `the upstream answered with code ${scanned.rcode}`)
    }
    return { kind: 'answer', scanned, caseChanged }
  }
}

type Judged =
  | { readonly kind: 'answer'; readonly scanned: Scanned; readonly caseChanged: boolean }
  | { readonly kind: 'failed'; readonly reason: FailedTry; readonly why: string }

const failed = (reason: FailedTry, why: string) => ({ kind: 'failed', reason, why }) as const
