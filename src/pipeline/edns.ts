// What the OPT record of a reply says to one client: cookie, idle time-out, server name, subnet, padding. Knows the query
// and the settings; the bytes of the rest are others' affair.
import type { Clock } from '../base/clock.ts'
import { isEncrypted, type Query, wantsDnssec } from '../base/question.ts'
import { putU16 } from '../wire/bytes.ts'
import { OPTION, option } from '../wire/edns-options.ts'
import { NO_OPTIONS, type ReplyOptions } from '../wire/write-reply.ts'
import { type SubnetHabit, subnetEcho } from './client-subnet.ts'
import type { Client } from './clients.ts'
import type { Cookies, CookieVerdict } from './cookies.ts'

/** How EDNS options of clients are taken. */
export interface EdnsHabits {
  readonly cookies: 'ignore' | 'answer' | 'require'
  readonly clientSubnet: SubnetHabit
  /** Name of this server for those who ask with NSID. */
  readonly nsid: string | undefined
  /** How long a connection may be idle, ms. */
  readonly idle: number
}

/** Replies that carried each option of ours, and queries with DO and CD, also those that the lane answered; only ever grow. */
export type OptionCounts = Record<
  'cookie' | 'keepalive' | 'nsid' | 'clientSubnet' | 'padding' | 'dnssecOk' | 'checkingDisabled',
  number
>

export const noOptionCounts = (): OptionCounts => ({
  cookie: 0,
  keepalive: 0,
  nsid: 0,
  clientSubnet: 0,
  padding: 0,
  dnssecOk: 0,
  checkingDisabled: 0,
})

/** RFC 8467 §4.1: replies are padded to a multiple of this. */
const PADDED_TO = 468
/** RFC 7828 §3.1: units of 100 ms. */
const KEEPALIVE_UNIT = 100

/** Says what replies carry. */
export class EdnsReplies {
  readonly #habits: EdnsHabits
  readonly #cookies: Cookies
  readonly #clock: Clock
  readonly #nsid: Uint8Array
  readonly #counts: OptionCounts

  constructor(habits: EdnsHabits, cookies: Cookies, clock: Clock, counts = noOptionCounts()) {
    this.#habits = habits
    this.#cookies = cookies
    this.#clock = clock
    this.#counts = counts
    this.#nsid = new TextEncoder().encode(habits.nsid ?? '')
  }

  /** Whether UDP is for those only who have shown that their address is theirs. */
  get cookiesRequired(): boolean {
    return this.#habits.cookies === 'require'
  }

  /** What the query's cookie proves. */
  judge(query: Query, client: Client): CookieVerdict {
    if (this.#habits.cookies === 'ignore') return 'absent'
    return this.#cookies.judge(query.edns?.options?.cookie, client.bytes, this.#clock.now())
  }

  /** The options for the reply to a query; `NO_OPTIONS` itself where the query had none of those that we know. */
  replyTo(query: Query, client: Client): ReplyOptions {
    if (wantsDnssec(query)) this.#counts.dnssecOk++
    if (query.checkingDisabled) this.#counts.checkingDisabled++
    const asked = query.edns?.options
    if (asked === undefined) return NO_OPTIONS
    const { transport } = query
    const parts: Uint8Array[] = []
    const counts = this.#counts
    if (asked.cookie !== undefined && this.#habits.cookies !== 'ignore') {
      counts.cookie++
      parts.push(option(OPTION.COOKIE, this.#cookies.make(asked.cookie, client.bytes, this.#clock.now())))
    }
    // RFC 7828 §3.2.1: over UDP it is ignored; HTTP has its own way to say so.
    if (asked.keepalive && (transport === 'tcp' || transport === 'tls')) {
      const timeout = new Uint8Array(2)
      putU16(timeout, 0, Math.min(0xffff, Math.floor(this.#habits.idle / KEEPALIVE_UNIT)))
      counts.keepalive++
      parts.push(option(OPTION.KEEPALIVE, timeout))
    }
    if (asked.nsid && this.#nsid.length > 0) {
      counts.nsid++
      parts.push(option(OPTION.NSID, this.#nsid))
    }
    const echo = subnetEcho(query, this.#habits.clientSubnet)
    if (echo !== undefined) {
      counts.clientSubnet++
      parts.push(option(OPTION.SUBNET, echo))
    }
    const padded = asked.padded && isEncrypted(transport)
    if (padded) counts.padding++
    return { bytes: Buffer.concat(parts), padTo: padded ? PADDED_TO : 0 }
  }
}
