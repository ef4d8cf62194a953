// The journal's bytes: entries as a resolver thread writes them and as the control thread reads them. Knows no thread.
// Long because both ends of one layout stand in one file: whoever changes the one sees the other.
//
// A batch is one ArrayBuffer that is handed over, not copied, and handed back when it is read. Equal entries of one client
// are counted up in place, so a busy name costs one entry a batch. What comes again and again is said once and then called
// by its number: answers of the fast lane, clients, and which groups a client is in. The writer knows which numbers the
// reader has, since both keep them in the same places.
//
// An entry, all of it in words of the machine: size in bytes u16, way u8 (transport in two bits, then the lane), length
// of the client's address u8 (0: its number is known); count u32; milliseconds since the batch's start u32; latency in
// microseconds u32; number of the client u32; number of the template u32 (0: it has none, and is said here). Then, where
// they are said: the address in 16 bytes, and the template.
import { type Address, addressFromBytes } from '../base/address.ts'
import type { EpochMs, Moment } from '../base/clock.ts'
import { TRANSPORTS, type TransportKind } from '../base/question.ts'
import type { Entry } from './entry.ts'
import { OUTCOMES, readTemplate, type Said } from './template.ts'

/**
 * A full batch. Flushed before that, by the clock of whoever owns the writer. Larger ones count up more equal entries,
 * but no longer fit the processor's cache: measured, 256 KiB costs least.
 */
export const BATCH_BYTES = 256 * 1024
/** Bytes of batches that may be on their way; beyond it details are dropped and counted. */
export const MAX_OUTSTANDING = 8 * 1024 * 1024

/** One flush of the journal. */
export interface Batch {
  readonly start: EpochMs
  readonly buffer: ArrayBuffer
  /** Bytes used of `buffer`. */
  readonly length: number
  /** Entries dropped since the last batch, by outcome in the order of `OUTCOMES`: counted, without details. */
  readonly lost: readonly number[]
  /** The combinations of groups that have got a number since the last batch, in the order of their numbers. */
  readonly groups: readonly (readonly string[])[]
  /** Queries over a limit since the last batch: counted, so that a flood costs no entries. */
  readonly limited: number
}

/** The combinations of groups from this number on; a number once given keeps its meaning. */
export type GroupsFrom = (number: number) => readonly (readonly string[])[]

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

/** Words for each template that is repeated, -1 in all of them at first: its number with the reader; the batch that it stands in last, where (in words), and for whom. */
const STANDING = { id: 0, batch: 1, at: 2, asker: 3 } as const

/** An entry's head, in words; `size` shares its word with way and address length. */
const AT = { size: 0, count: 1, time: 2, latency: 3, client: 4, id: 5 } as const
const HEAD_WORDS = 6
const HEAD = 4 * HEAD_WORDS
const ADDRESS = 16
const TRANSPORT = 3
const LANE = 4
const WAY_BITS = 3
const WAYS: Readonly<Record<TransportKind, number>> = { udp: 0, tcp: 1, tls: 2, https: 3 }

/** Templates that have numbers: those that a busy house repeats within minutes; 0.5 KB each at most with the reader. */
const TEMPLATES = 16_384
/** Clients that have. */
const CLIENTS = 1024
/** Numbers of templates stay small integers; when they begin anew, nobody remembers the first ones. */
const ID_MASK = 0x3fff_ffff

/** The resolver's end. Never waits: what does not fit is dropped and counted by outcome. */
export class BatchWriter {
  readonly #send: (batch: Batch) => void
  readonly #groupsFrom: GroupsFrom
  #bytes = new Uint8Array(BATCH_BYTES)
  #words = new Uint32Array(this.#bytes.buffer)
  /** In bytes; always whole words. */
  #length = 0
  #number = 0
  #ids = 0
  /** Combinations of groups that the reader knows. */
  #combinations = 0
  #start: EpochMs = 0
  #outstanding = 0
  /** A batch that came back, to be filled again: two take turns unless there is a flood, whose others are let go. */
  #spare: ArrayBuffer | undefined
  #lost: number[] = OUTCOMES.map(() => 0)
  #anyLost = false
  #limited = 0
  /** The numbers that the reader has, in their places. */
  readonly #templates = new Int32Array(TEMPLATES)
  readonly #clients = new Int32Array(CLIENTS).fill(-1)

  constructor(send: (batch: Batch) => void, groupsFrom: GroupsFrom = () => []) {
    this.#send = send
    this.#groupsFrom = groupsFrom
  }

  /** Whether there is something to flush. */
  get pending(): boolean {
    return this.#length > 0 || this.#anyLost || this.#limited > 0
  }

  /** Notes one answered query: the first `length` bytes of `template`. `now`: epoch ms; `latency`: µs. */
  append(
    template: Uint8Array,
    length: number,
    client: EntryClient,
    now: EpochMs,
    latency: number,
    transport: TransportKind,
  ): void {
    const at = this.#begin(template, 0, length, client, now, WAYS[transport], 0)
    if (at >= 0) this.#words[at + AT.latency] = latency
  }

  /**
   * Notes one more answer from the fast lane: `length` bytes of template at `templateAt`, its standing in the four words
   * from `standing`. Within a batch, equal ones of one client are counted up.
   */
  repeat(
    { words, bytes }: Kept,
    standing: number,
    templateAt: number,
    length: number,
    client: EntryClient,
    time: Moment,
    transport: TransportKind,
  ): void {
    const way = WAYS[transport] | LANE
    const asker = (client.number << WAY_BITS) | way
    if (words[standing + STANDING.batch] === this.#number && words[standing + STANDING.asker] === asker) {
      const count = (words[standing + STANDING.at] as number) + AT.count
      this.#words[count] = (this.#words[count] as number) + 1
      return
    }
    let id = words[standing + STANDING.id] as number
    if (id < 0) {
      id = this.#ids = (this.#ids + 1) & ID_MASK || 1
      words[standing + STANDING.id] = id
    }
    const at = this.#begin(bytes, templateAt, length, client, time.now, way, id)
    if (at < 0) return
    words[standing + STANDING.batch] = this.#number
    words[standing + STANDING.at] = at
    words[standing + STANDING.asker] = asker
  }

  /** Writes an entry; returns where, in words, or -1 where it is lost: too much is on its way. */
  #begin(
    from: Uint8Array,
    template: number,
    length: number,
    client: EntryClient,
    now: EpochMs,
    way: number,
    id: number,
  ): number {
    if (this.#length + HEAD + ADDRESS + length > BATCH_BYTES) this.flush()
    if (this.#outstanding > MAX_OUTSTANDING) {
      const outcome = from[template] as number
      this.#lost[outcome] = (this.#lost[outcome] as number) + 1
      this.#anyLost = true
      return -1
    }
    if (!this.pending) this.#start = now
    const [bytes, words, start] = [this.#bytes, this.#words, this.#length]
    let end = start + HEAD
    let addressLength = 0
    const clientPlace = client.number & (CLIENTS - 1)
    if (this.#clients[clientPlace] !== client.number) {
      this.#clients[clientPlace] = client.number
      addressLength = client.bytes.length
      bytes.set(client.bytes, end)
      end += ADDRESS
    }
    const place = id & (TEMPLATES - 1)
    if (id === 0 || this.#templates[place] !== id) {
      if (id !== 0) this.#templates[place] = id
      for (let i = 0; i < length; i++) bytes[end + i] = from[template + i] as number
      end = (end + length + 3) & ~3
    }
    const at = start >> 2
    words[at + AT.size] = (end - start) | (way << 16) | (addressLength << 24)
    words[at + AT.count] = 1
    words[at + AT.time] = Math.max(0, now - this.#start)
    words[at + AT.latency] = 0
    words[at + AT.client] = client.number
    words[at + AT.id] = id
    this.#length = end
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
    const groups = this.#groupsFrom(this.#combinations)
    this.#combinations += groups.length
    const batch: Batch = {
      start: this.#start,
      buffer: this.#bytes.buffer,
      length: this.#length,
      lost: this.#lost,
      groups,
      limited: this.#limited,
    }
    this.#limited = 0
    this.#outstanding += this.#length
    this.#send(batch)
    this.#bytes = new Uint8Array(this.#spare ?? new ArrayBuffer(BATCH_BYTES))
    this.#spare = undefined
    this.#words = new Uint32Array(this.#bytes.buffer)
    this.#length = 0
    this.#number++
    this.#lost = OUTCOMES.map(() => 0)
    this.#anyLost = false
  }

  /** The control thread has read a batch of this length, and hands its buffer back. */
  acknowledge(bytes: number, buffer?: ArrayBuffer): void {
    this.#outstanding = Math.max(0, this.#outstanding - bytes)
    if (buffer?.byteLength === BATCH_BYTES) this.#spare = buffer
  }
}

const NO_GROUPS: readonly string[] = []

/**
 * The control thread's end of one writer; it must see all of its batches. What comes again and again is decoded once: a
 * third of the work of that thread was text made of the same bytes. Lengths are trusted: the writer is ours.
 */
export class BatchReader {
  readonly #templates: (Said | undefined)[] = new Array(TEMPLATES).fill(undefined)
  readonly #clients: Address[] = new Array(CLIENTS).fill('')
  readonly #groups: (readonly string[])[] = []

  /** Hands over the entries of a batch, in order. */
  read(batch: Batch, take: (entry: Entry) => void): void {
    this.#groups.push(...batch.groups)
    const bytes = new Uint8Array(batch.buffer)
    const view = new DataView(batch.buffer)
    const words = new Uint32Array(batch.buffer)
    for (let start = 0; start < batch.length; ) {
      const at = start >> 2
      const first = words[at + AT.size] as number
      const way = (first >> 16) & 0xff
      const clientPlace = (words[at + AT.client] as number) & (CLIENTS - 1)
      let next = start + HEAD
      if (first >>> 24 > 0) {
        this.#clients[clientPlace] = addressFromBytes(bytes, next, first >>> 24)
        next += ADDRESS
      }
      const id = words[at + AT.id] as number
      const place = id & (TEMPLATES - 1)
      const end = start + (first & 0xffff)
      const said = next < end ? readTemplate(bytes, view, next) : (this.#templates[place] as Said)
      if (id !== 0) this.#templates[place] = said
      take({
        time: batch.start + (words[at + AT.time] as number),
        client: this.#clients[clientPlace] as Address,
        transport: TRANSPORTS[way & TRANSPORT] as TransportKind,
        lane: (way & LANE) !== 0,
        count: words[at + AT.count] as number,
        latency: words[at + AT.latency] as number,
        rcode: said.rcode,
        type: said.type,
        outcome: said.outcome,
        name: said.name,
        handOuts: said.handOuts,
        groups: this.#groups[said.group] ?? NO_GROUPS,
      })
      start = end
    }
  }
}
