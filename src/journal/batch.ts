// The journal's bytes: entries as a resolver thread writes them and as the control thread reads them. Knows no thread.
// Long because both ends of one layout stand in one file: whoever changes the one sees the other.
//
// A batch is one ArrayBuffer that is handed over, not copied. Equal entries of one client are counted up in place, so a
// busy name costs one entry a batch. An entry: total length u16, count u32, milliseconds since the batch's start u32,
// latency in microseconds u32, way u8 (transport in two bits, then the lane), client length u8, client 16, number of the
// template u32 (0: it may be the only time), then the template.
// A template: outcome u8, reason u8, rcode u16, type u16, number u32, second number u32, name length u8, name (wire),
// hand-outs u8, then each as length u8, address, TTL u32.
import { type Address, addressBytes, addressFromBytes } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import { nameFromWire } from '../base/name.ts'
import { type Query, TRANSPORTS, type TransportKind } from '../base/question.ts'
import {
  type FailedReason,
  type HandOut,
  handOutsOf,
  type Outcome,
  type RefusedReason,
  type Reply,
} from '../base/reply.ts'
import { putU16, putU32 } from '../wire/bytes.ts'
import type { Entry } from './entry.ts'

/**
 * A full batch. Flushed before that, by the clock of whoever owns the writer. Larger ones count up more equal entries,
 * but no longer fit the processor's cache: measured, 256 KiB costs least.
 */
export const BATCH_BYTES = 256 * 1024
/** Bytes of batches that may be on their way; beyond it details are dropped and counted. */
export const MAX_OUTSTANDING = 8 * 1024 * 1024

/** Outcome kinds in the order of their numbers in a template, and of `Batch.lost`. */
export const OUTCOMES = ['blocked', 'cached', 'forwarded', 'local', 'special', 'refused', 'failed', 'stale'] as const
const REFUSED: readonly RefusedReason[] = [
  'access',
  'class',
  'opcode',
  'version',
  'transfer',
  'no-recursion',
  'malformed',
  'limit',
  'cookie',
  'rebinding',
]
const FAILED: readonly FailedReason[] = [
  'upstream-timeout',
  'upstream-error',
  'no-upstream',
  'remembered',
  'overload',
  'internal',
]

/** One flush of the journal. */
export interface Batch {
  readonly start: EpochMs
  readonly buffer: ArrayBuffer
  /** Bytes used of `buffer`. */
  readonly length: number
  /** Entries dropped since the last batch, by outcome in the order of `OUTCOMES`: counted, without details. */
  readonly lost: readonly number[]
  /** Queries over a limit since the last batch: counted, so that a flood costs no entries. */
  readonly limited: number
}

/** A client as the writer needs it; each has a number of its own. */
export interface EntryClient {
  readonly bytes: Uint8Array
  readonly number: number
}

/** Memory of somebody who repeats answers: templates in its bytes, where each stands in the journal in its words. */
export interface Kept {
  readonly words: Int32Array
  readonly bytes: Uint8Array
}

/** Words that the writer needs for each template that is repeated; -1 in all of them at first. */
export const STANDING_WORDS = 4
/** The number that whoever reads the journal keeps it under; the batch that it stands in last, where, and for whom. */
const STANDING = { id: 0, batch: 1, at: 2, asker: 3 } as const

const HEAD = 36
const ID = 32
const TRANSPORT = 3
const LANE = 4
const WAY_BITS = 3
const WAYS: Readonly<Record<TransportKind, number>> = { udp: 0, tcp: 1, tls: 2, https: 3 }
/** More addresses than this in one answer are not evidence of anything; the first ones are kept. */
const MAX_HAND_OUTS = 64

/** The part of an entry that does not change while its answer is the same. */
export function templateOf(query: Query, reply: Reply): Uint8Array {
  const handOuts = handOutsOf(reply).slice(0, MAX_HAND_OUTS)
  const addresses = handOuts.map(({ address }) => addressBytes(address) as Uint8Array)
  const { wire } = query
  // Of the right size at once and written byte by byte: a view, or a part of an array, would cost more than all the rest.
  const template = new Uint8Array(16 + wire.length + addresses.reduce((sum, { length }) => sum + 5 + length, 0))
  template[0] = OUTCOMES.indexOf(reply.outcome.kind)
  template[1] = reasonNumber(reply.outcome)
  putU16(template, 2, reply.rcode)
  putU16(template, 4, query.type)
  putU32(template, 6, firstNumber(reply.outcome))
  putU32(template, 10, reply.outcome.kind === 'blocked' ? reply.outcome.line : 0)
  template[14] = wire.length
  template.set(wire, 15)
  let at = 15 + wire.length
  template[at++] = addresses.length
  addresses.forEach((bytes, i) => {
    template[at] = bytes.length
    template.set(bytes, at + 1)
    putU32(template, at + 1 + bytes.length, (handOuts[i] as HandOut).ttl)
    at += 5 + bytes.length
  })
  return template
}

function reasonNumber(outcome: Outcome): number {
  if (outcome.kind === 'refused') return REFUSED.indexOf(outcome.reason)
  return outcome.kind === 'failed' ? FAILED.indexOf(outcome.reason) : 0
}

function firstNumber(outcome: Outcome): number {
  if (outcome.kind === 'blocked') return outcome.list
  return outcome.kind === 'forwarded' ? outcome.upstream : 0
}

/** The resolver's end. Never waits: what does not fit is dropped and counted by outcome. */
export class BatchWriter {
  readonly #send: (batch: Batch) => void
  #buffer = new Uint8Array(BATCH_BYTES)
  #view = new DataView(this.#buffer.buffer)
  #length = 0
  #number = 0
  #ids = 0
  #start: EpochMs = 0
  #outstanding = 0
  #lost: number[] = OUTCOMES.map(() => 0)
  #anyLost = false
  #limited = 0

  constructor(send: (batch: Batch) => void) {
    this.#send = send
  }

  /** Whether there is something to flush. */
  get pending(): boolean {
    return this.#length > 0 || this.#anyLost || this.#limited > 0
  }

  /** Notes one answered query. `now`: epoch ms; `latency`: µs. */
  append(template: Uint8Array, client: EntryClient, now: EpochMs, latency: number, transport: TransportKind): void {
    const at = this.#begin(template.length, template[0] as number, client, now, WAYS[transport], 0)
    if (at < 0) return
    this.#view.setUint32(at + 10, latency)
    this.#buffer.set(template, at + HEAD)
  }

  /**
   * Notes one more answer from the fast lane: `length` bytes of template at `templateAt`, its standing in the words from
   * `standing`. Within a batch, equal ones of one client are counted up.
   */
  repeat(
    { words, bytes }: Kept,
    standing: number,
    templateAt: number,
    length: number,
    client: EntryClient,
    now: EpochMs,
    transport: TransportKind,
  ): void {
    const way = WAYS[transport] | LANE
    const asker = (client.number << WAY_BITS) | way
    if (words[standing + STANDING.batch] === this.#number && words[standing + STANDING.asker] === asker) {
      const count = (words[standing + STANDING.at] as number) + 2
      this.#view.setUint32(count, this.#view.getUint32(count) + 1)
      return
    }
    let id = words[standing + STANDING.id] as number
    if (id < 0) {
      id = this.#ids = (this.#ids + 1) & ID_MASK || 1
      words[standing + STANDING.id] = id
    }
    const at = this.#begin(length, bytes[templateAt] as number, client, now, way, id)
    if (at < 0) return
    this.#view.setUint32(at + 10, 0)
    const buffer = this.#buffer
    for (let i = 0; i < length; i++) buffer[at + HEAD + i] = bytes[templateAt + i] as number
    words[standing + STANDING.batch] = this.#number
    words[standing + STANDING.at] = at
    words[standing + STANDING.asker] = asker
  }

  /** Room for an entry, with its head written but for the latency; -1 where it is lost: too much is on its way. */
  #begin(length: number, outcome: number, client: EntryClient, now: EpochMs, way: number, id: number): number {
    const size = HEAD + length
    if (this.#length + size > BATCH_BYTES) this.flush()
    if (this.#outstanding > MAX_OUTSTANDING) {
      this.#lost[outcome] = (this.#lost[outcome] as number) + 1
      this.#anyLost = true
      return -1
    }
    if (!this.pending) this.#start = now
    const at = this.#length
    const view = this.#view
    view.setUint16(at, size)
    view.setUint32(at + 2, 1)
    view.setUint32(at + 6, Math.max(0, now - this.#start))
    view.setUint8(at + 14, way)
    view.setUint8(at + 15, client.bytes.length)
    this.#buffer.set(client.bytes, at + 16)
    view.setUint32(at + ID, id)
    this.#length = at + size
    return at
  }

  /** Counts a query that was over a limit. */
  limit(now: EpochMs): void {
    if (!this.pending) this.#start = now
    this.#limited++
  }

  /** Sends what there is. */
  flush(): void {
    if (!this.pending) return
    const batch: Batch = {
      start: this.#start,
      buffer: this.#buffer.buffer,
      length: this.#length,
      lost: this.#lost,
      limited: this.#limited,
    }
    this.#limited = 0
    this.#outstanding += this.#length
    this.#send(batch)
    this.#buffer = new Uint8Array(BATCH_BYTES)
    this.#view = new DataView(this.#buffer.buffer)
    this.#length = 0
    this.#number++
    this.#lost = OUTCOMES.map(() => 0)
    this.#anyLost = false
  }

  /** The control thread has read this many bytes. */
  acknowledge(bytes: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - bytes)
  }
}

/** Numbers of templates stay small integers; when they begin anew, nobody remembers the first ones. */
const ID_MASK = 0x3fff_ffff
/** Templates that a reader remembers: those that a busy house repeats within minutes; 0.5 KB each at most. */
const REMEMBERED = 16_384
/** Clients that it remembers. */
const CLIENTS = 1024

/** What a template says. */
type Said = Pick<Entry, 'rcode' | 'type' | 'outcome' | 'name' | 'handOuts'>

/**
 * The control thread's end of one writer. What comes again and again is decoded once: a third of the work of that
 * thread was text made of the same bytes. Batches come from our own writer: their lengths are trusted.
 */
export class BatchReader {
  readonly #said: ({ readonly id: number; readonly said: Said } | undefined)[] = new Array(REMEMBERED).fill(undefined)
  readonly #clients: ({ readonly bytes: Uint8Array; readonly address: Address } | undefined)[] = new Array(
    CLIENTS,
  ).fill(undefined)

  #template(bytes: Uint8Array, view: DataView, at: number): Said {
    const id = view.getUint32(at + ID)
    if (id === 0) return readTemplate(bytes, view, at + HEAD)
    const slot = id % REMEMBERED
    const known = this.#said[slot]
    if (known?.id === id) return known.said
    const said = readTemplate(bytes, view, at + HEAD)
    this.#said[slot] = { id, said }
    return said
  }

  /** The entries of a batch, in order. */
  *read(batch: Batch): Generator<Entry> {
    const bytes = new Uint8Array(batch.buffer)
    const view = new DataView(batch.buffer)
    for (let at = 0; at < batch.length; at += view.getUint16(at)) {
      const way = view.getUint8(at + 14)
      const { rcode, type, outcome, name, handOuts } = this.#template(bytes, view, at)
      yield {
        time: batch.start + view.getUint32(at + 6),
        client: this.#client(bytes, at + 16, view.getUint8(at + 15)),
        transport: TRANSPORTS[way & TRANSPORT] as TransportKind,
        lane: (way & LANE) !== 0,
        count: view.getUint32(at + 2),
        latency: view.getUint32(at + 10),
        rcode,
        type,
        outcome,
        name,
        handOuts,
      }
    }
  }

  #client(bytes: Uint8Array, at: number, length: number): Address {
    const slot = (((bytes[at + length - 2] as number) << 8) | (bytes[at + length - 1] as number)) % CLIENTS
    const known = this.#clients[slot]
    if (known !== undefined && known.bytes.length === length && known.bytes.every((byte, i) => byte === bytes[at + i]))
      return known.address
    const address = addressFromBytes(bytes, at, length)
    this.#clients[slot] = { bytes: bytes.slice(at, at + length), address }
    return address
  }
}

function readTemplate(bytes: Uint8Array, view: DataView, at: number): Said {
  const length = view.getUint8(at + 14)
  return {
    rcode: view.getUint16(at + 2),
    type: view.getUint16(at + 4),
    outcome: readOutcome(view, at),
    name: length === 0 ? '.' : nameFromWire(bytes, at + 15),
    handOuts: readHandOuts(bytes, view, at + 15 + length),
  }
}

function readOutcome(view: DataView, at: number): Outcome {
  const kind = OUTCOMES[view.getUint8(at)] as Outcome['kind']
  const reason = view.getUint8(at + 1)
  const number = view.getUint32(at + 6)
  switch (kind) {
    case 'blocked':
      return { kind, list: number, line: view.getUint32(at + 10) }
    case 'forwarded':
      return { kind, upstream: number }
    case 'refused':
      return { kind, reason: REFUSED[reason] as RefusedReason }
    case 'failed':
      return { kind, reason: FAILED[reason] as FailedReason }
    case 'cached':
    case 'stale':
    case 'local':
    case 'special':
      return { kind }
  }
}

function readHandOuts(bytes: Uint8Array, view: DataView, at: number): Entry['handOuts'] {
  const count = view.getUint8(at++)
  const handOuts = []
  for (let i = 0; i < count; i++) {
    const length = view.getUint8(at)
    handOuts.push({ address: addressFromBytes(bytes, at + 1, length), ttl: view.getUint32(at + 1 + length) })
    at += 5 + length
  }
  return handOuts
}
