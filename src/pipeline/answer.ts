// From packet to packet: the lane first, then the pipeline; one answer and one journal entry for each query. Knows no
// socket: transports hand in bytes and send what comes out.
import { type Clock, Moment } from '../base/clock.ts'
import { type Query, RCODE, type TransportKind } from '../base/question.ts'
import type { Reply } from '../base/reply.ts'
import type { BatchWriter } from '../journal/batch.ts'
import { TEMPLATE_MAX, writeTemplate } from '../journal/template.ts'
import { type ReadQuery, readQuery } from '../wire/read-query.ts'
import { MESSAGE_MAX, NO_OPTIONS, replyLimit, writeReply } from '../wire/write-reply.ts'
import type { Client } from './clients.ts'
import type { EdnsReplies } from './edns.ts'
import type { FastLane } from './fast-lane.ts'
import type { LimitKind, Limits } from './limits.ts'
import { COME_OVER_TCP, COOKIE_ONLY, INTERNAL, overLimit, REJECTS } from './plain-replies.ts'
import { hashOf } from './question-bytes.ts'
import type { Next } from './stage.ts'
import { refused } from './stages/guard.ts'

/** What the composition root hands in. */
export interface AnswererParts {
  readonly pipeline: Next
  readonly lane: FastLane
  readonly journal: BatchWriter
  readonly clock: Clock
  readonly edns: EdnsReplies
  readonly limits: Limits
  /** Questions that have left the pipeline, for whoever waits for them or for nobody. */
  readonly outside: { readonly asked: number }
  /** Largest UDP reply, and what our OPT records say. */
  readonly udpSize: number
  /** Hears of faults of our own: the pipeline itself never throws (invariant I3). */
  readonly onFault: (fault: unknown) => void
}

/** Answers packets. */
export class Answerer {
  #parts: AnswererParts
  /** What is being written: a reply, and what the journal says of it. */
  readonly #scratch = new Uint8Array(MESSAGE_MAX + 1024)
  readonly #template = new Uint8Array(TEMPLATE_MAX)
  readonly #moment = new Moment()
  #dropped = 0

  constructor(parts: AnswererParts) {
    this.#parts = parts
  }

  /** Goes on with new parts; queries on their way end with the old ones. */
  use(parts: AnswererParts): void {
    this.#parts = parts
  }

  /** Packets that were no query at all: shorter than a header, or responses. They get no answer and no entry. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Answers at once, from the lane, into `out` from `outAt`. Returns the reply's length; 0: use `answer`.
   * `time` is taken once a batch.
   */
  quick(
    bytes: Uint8Array,
    at: number,
    length: number,
    client: Client,
    transport: TransportKind,
    out: Uint8Array,
    outAt: number,
    time: Moment,
  ): number {
    const { budget } = client
    // Out of tokens: `answer` looks closer.
    if (!client.allowed || budget.tokens < 1 || budget.prefix.tokens < 1) return 0
    const parts = this.#parts
    const { lane, journal } = parts
    try {
      const size = lane.answer(bytes, at, length, client.group, transport === 'udp', out, outAt, time)
      if (size === 0) return 0
      lane.note(journal, client, time, transport)
      budget.tokens--
      budget.prefix.tokens--
      return size
    } catch (fault) {
      dropLane(parts, fault)
      return 0
    }
  }

  /** Answers from the lane, else by the pipeline: for transports that have their messages one by one. As `answer`. */
  answerOne(packet: Uint8Array, client: Client, transport: TransportKind, send: (reply: Uint8Array) => void): void {
    const time = this.#moment.take(this.#parts.clock)
    const size = this.quick(packet, 0, packet.length, client, transport, this.#scratch, 0, time)
    if (size > 0) send(this.#scratch.subarray(0, size))
    else this.answer(packet, client, transport, send)
  }

  /**
   * Answers by the pipeline. `packet` must stay as it is until `send` is called, which happens once or never: for what is
   * no query, and for a reply that is `silent`. What `send` gets is true during that call only. Returns whether something
   * goes on: the reply is still to come, or what nobody waits for.
   */
  answer(packet: Uint8Array, client: Client, transport: TransportKind, send: (reply: Uint8Array) => void): boolean {
    const parts = this.#parts
    const { generation } = parts.lane
    const { asked } = parts.outside
    const received = parts.clock.ticks()
    const read = readQuery(packet, 0, packet.length, {
      client: client.address,
      transport,
      group: client.group,
      clientId: client.id,
      received,
    })
    if (read.kind === 'drop') {
      this.#dropped++
      return false
    }
    const finish = (reply: Reply): void => {
      try {
        const bytes = this.#finish(parts, read.query, reply, packet, client, generation)
        if (reply.silent !== true) send(bytes)
      } catch (fault) {
        // Nobody is above us but the event loop: this query goes without an answer, the others must not.
        parts.onFault(fault)
      }
    }
    const limit = this.#limitOf(parts, read, client)
    if (limit !== undefined) {
      const { limits, journal, clock } = parts
      limits.note(limit, client.address, client.budget)
      journal.limit(clock.now())
      const reply = overLimit(limits.over, client.budget.over, transport)
      if (reply !== undefined) send(this.#write(parts, read.query, reply, packet, client).bytes)
      return false
    }
    const reply = this.#reply(read, client)
    if (reply instanceof Promise) {
      client.budget.inFlight++
      void reply.then((late) => {
        client.budget.inFlight--
        finish(late)
      })
      return true
    }
    finish(reply)
    return parts.outside.asked !== asked
  }

  /** The limit that this query is over, if any. Strangers are refused, whatever they ask: they have no budget to keep. */
  #limitOf(
    { limits, edns }: AnswererParts,
    { query }: Exclude<ReadQuery, { kind: 'drop' }>,
    client: Client,
  ): LimitKind | undefined {
    const { budget } = client
    const over = limits.charge(budget, query.received)
    // Who has shown that the address is his own is not one of many forged ones.
    const proven = over === 'prefix' && (query.transport !== 'udp' || edns.judge(query, client) === 'valid')
    if (over !== undefined && !proven) return over
    if (limits.isWaitingTooMuch(budget)) return 'in-flight'
    return limits.isNameTooMany(budget, hashOf(query.wire, 0, 0), query.received) ? 'names' : undefined
  }

  #reply(read: Exclude<ReadQuery, { kind: 'drop' }>, client: Client): Reply | Promise<Reply> {
    if (!client.allowed) return refused(RCODE.REFUSED, 'access')
    if (read.kind === 'reject') {
      return read.rcode === RCODE.NOERROR ? COOKIE_ONLY : refused(read.rcode, REJECTS[read.rcode] ?? 'malformed')
    }
    if (this.#parts.edns.cookiesRequired && read.query.transport === 'udp') {
      const { query } = read
      // RFC 7873 §5.2.3: who sent a client cookie gets ours; who sent none is asked to come over TCP.
      if (this.#parts.edns.judge(query, client) !== 'valid') {
        return query.edns?.options?.cookie === undefined ? COME_OVER_TCP : refused(RCODE.BADCOOKIE, 'cookie')
      }
    }
    try {
      const reply = this.#parts.pipeline(read.query)
      return reply instanceof Promise ? reply.catch((fault: unknown) => this.#fault(fault)) : reply
    } catch (fault) {
      return this.#fault(fault)
    }
  }

  #fault(fault: unknown): Reply {
    this.#parts.onFault(fault)
    return INTERNAL
  }

  #finish(
    parts: AnswererParts,
    query: Query,
    reply: Reply,
    packet: Uint8Array,
    client: Client,
    generation: number,
  ): Uint8Array {
    const { lane, journal, clock } = parts
    const { bytes, written, own, ticks } = this.#write(parts, query, reply, packet, client)
    const template = this.#template
    const templateSize = writeTemplate(template, query, reply)
    const latency = Math.max(0, Math.round((ticks - query.received) * 1000))
    journal.append(template, templateSize, client, clock.now(), latency, query.transport)
    // What was said to this client alone is not repeated to others.
    if (own !== NO_OPTIONS) return bytes
    try {
      lane.remember(query, reply, bytes, written, template, templateSize, generation)
    } catch (fault) {
      dropLane(parts, fault)
    }
    return bytes
  }

  #write({ clock, udpSize, edns }: AnswererParts, query: Query, reply: Reply, packet: Uint8Array, client: Client) {
    const ticks = clock.ticks()
    const own = edns.replyTo(query, client)
    // No room for anything but the question: TC is set.
    const limit = reply === COME_OVER_TCP ? 0 : replyLimit(query, udpSize)
    const written = writeReply(query, reply, packet, this.#scratch, limit, udpSize, ticks, own)
    return { bytes: this.#scratch.subarray(0, written.length), written, own, ticks }
  }
}

/** A fault in the lane is told, and costs what the lane remembers: the pipeline answers without it. */
function dropLane({ lane, onFault }: AnswererParts, fault: unknown): void {
  lane.clear()
  onFault(fault)
}
