// The store of what upstreams said: bounded in bytes, ages in seconds. Knows no stage and decides nothing.
import { type Clock, SECOND } from '../../base/clock.ts'
import { type Name, wireFromName } from '../../base/name.ts'
import type { WireMessage } from '../../base/reply.ts'
import { u16 } from '../../wire/bytes.ts'
import { HEADER, questionNameLength } from '../../wire/read-query.ts'
import { scanMessage } from '../../wire/scan-message.ts'
import { MessageTable, messageAt, RECORD } from '../message-table.ts'
import { hashOf } from '../question-bytes.ts'
import { asideOf, BITS, isUnderWire, type Question, readAside } from './cache-key.ts'
import { errorBytes, readError } from './kept-error.ts'
import { boundTtls } from './ttl-bounds.ts'

/** Bounds of the cache. */
export interface CacheBounds {
  readonly bytes: number
  /** Seconds. */
  readonly minTtl: number
  readonly maxTtl: number
  readonly maxNegativeTtl: number
}

/** One kept answer, as it was when it was looked up. */
export interface Kept {
  /** Where it stands, until something else is kept. */
  readonly place: number
  readonly rcode: number
  readonly message: WireMessage
  /** `Clock.ticks()` when its TTLs were what the message says; before the start of this program for one that was restored. */
  readonly stored: number
  /** Seconds. */
  readonly ttl: number
  /** Times that the pipeline gave it; what the fast lane gave is not among them. */
  uses: number
  /** Whether it is being fetched anew before its end, will not be, or that is not decided yet. */
  prefetch: Prefetching
}

type Prefetching = 'open' | 'running' | 'never'

/** One kept answer with the question that it is for. */
export interface Remembered {
  readonly question: Question
  readonly message: Uint8Array
  readonly stored: number
  /** Seconds. */
  readonly ttl: number
}

/** Where the notes of a record have uses and prefetching; -1 there is the beginning. */
const USES = RECORD.notes
const PREFETCH = RECORD.notes + 1
const PREFETCHING: readonly Prefetching[] = ['open', 'running', 'never']
/** A variant: two bits, then the number of a subnet; subnets that have numbers. */
const SUBNETS = 2 ** 20

/** The store. Entries stay until they are pushed out, expired or not: the stage decides what their age means. */
export class AnswerCache {
  readonly #table: MessageTable
  readonly #bounds: CacheBounds
  readonly #clock: Clock
  /** Entries that were put back after a restart, and forgotten by wish. */
  restored = 0
  flushed = 0
  /** Numbers of subnets and routes (see `asideOf`), and what the numbers mean; 0 is neither. */
  readonly #asides = new Map<string, number>()

  constructor(bounds: CacheBounds, clock: Clock) {
    this.#bounds = bounds
    this.#clock = clock
    this.#table = new MessageTable(bounds.bytes)
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#table.size, bytes: this.#table.used }
  }

  /** What is kept for a question, however old it is. Counts as a use of its place. */
  get(question: Question): Kept | undefined {
    const { wire, type } = question
    const variant = this.#variantOf(question)
    const place = this.#table.find(hashOf(wire, type, variant), wire, 0, wire.length, type, variant)
    return place === 0 ? undefined : this.#read(place)
  }

  /** Whether something at least as new is kept for a question; no use of its place. */
  hasSince(question: Question, stored: number): boolean {
    const place = this.#look(question)
    return place !== 0 && this.#timesOf(place).stored >= stored
  }

  /** Writes back how often an answer was given and whether it is fetched: right after `get`, before anything is kept. */
  note({ place, uses, prefetch }: Kept): void {
    this.#table.words[place + USES] = uses
    this.#table.words[place + PREFETCH] = PREFETCHING.indexOf(prefetch)
  }

  /** Whole seconds that an entry may still be given; zero or less once it has expired. */
  left({ stored, ttl }: Pick<Kept, 'stored' | 'ttl'>): number {
    return ttl - Math.floor((this.#clock.ticks() - stored) / SECOND)
  }

  /**
   * Keeps an answer as of now, its TTLs brought within the bounds; returns its message with them. An answer with TTL 0
   * is not kept, and no minimum raises it (RFC 2308 §5: so is a negative one without an SOA).
   */
  keep(question: Question, rcode: number, message: WireMessage): WireMessage {
    const { minTtl, maxTtl, maxNegativeTtl } = this.#bounds
    const most = message.negative ? Math.min(maxNegativeTtl, maxTtl) : maxTtl
    const ttl = message.ttl === 0 ? 0 : Math.min(Math.max(message.ttl, minTtl), most)
    const within = boundTtls(message, ttl === 0 ? 0 : minTtl, most)
    // What was known before is not better than what nobody may keep.
    if (ttl === 0 || !this.put(question, rcode, within, this.#clock.ticks(), ttl)) this.delete(question)
    return within
  }

  /**
   * Puts an entry in as it is; `stored` may lie before the start of this program. Returns false for a message that is
   * too large a part of the whole cache.
   */
  put(question: Question, rcode: number, message: WireMessage, stored: number, ttl: number): boolean {
    const { wire, type } = question
    const variant = this.#variantOf(question)
    const extra = errorBytes(message.error)
    return this.#table.set(
      {
        hash: hashOf(wire, type, variant),
        variant,
        message: message.bytes,
        ttlOffsets: message.ttlOffsets,
        born: stored,
        expires: stored + ttl * SECOND,
        stamp: rcode,
        extra,
        extraSize: extra.length,
      },
      wire.length,
    )
  }

  /** Forgets one entry. */
  delete(question: Question): void {
    const place = this.#look(question)
    if (place !== 0) this.#table.remove(place)
  }

  /** The entries for a name and a type, whatever bits they were asked with. Does not count as a use. */
  peek(name: Name, type: number, route = 0): readonly (Kept & { readonly left: number })[] {
    const wire = wireFromName(name)
    if (wire === undefined) return []
    return [0, 1, 2, 3].flatMap((bits) => {
      const place = this.#look({ wire, type, bits, subnet: undefined, route })
      if (place === 0) return []
      const kept = this.#read(place)
      return [{ ...kept, left: this.left(kept) }]
    })
  }

  /** The entries, those that came last first, at most so many. */
  *recent(most: number): Generator<Remembered> {
    const asides = new Map([...this.#asides].map(([text, number]) => [number, readAside(text)]))
    // Copied at once: records move while whoever reads this lets others have their turn.
    const all = this.#table.places().reverse().slice(0, most)
    const entries = all.map((place) => ({ message: this.#messageOf(place), ...this.#timesOf(place), place }))
    const variants = all.map((place) => this.#table.words[place + RECORD.variant] as number)
    for (const [i, { message, stored, ttl }] of entries.entries()) {
      const variant = variants[i] as number
      const length = questionNameLength(message, HEADER, message.length)
      const wire = message.subarray(HEADER, HEADER + length)
      const type = u16(message, HEADER + length)
      const aside = asides.get(variant >>> 2) ?? { subnet: undefined, route: 0 }
      yield { question: { wire, type, bits: variant & BITS, ...aside }, message, stored, ttl }
    }
  }

  /**
   * Forgets a name, or a zone with all under it; returns how many entries. Looks at every entry: 0.1 µs each, so some
   * 10 ms with the default size, during which nothing is answered.
   */
  flush(name: Name, zone: boolean): number {
    const wire = wireFromName(name)
    if (wire === undefined) return 0
    const table = this.#table
    const gone = table.places().filter((place) => isUnderWire(table.bytes, messageAt(place) + HEADER, wire, zone))
    for (const place of gone) table.remove(place)
    this.flushed += gone.length
    return gone.length
  }

  #look(question: Question): number {
    const { wire, type } = question
    const variant = this.#variantOf(question)
    return this.#table.look(hashOf(wire, type, variant), wire, 0, wire.length, type, variant)
  }

  #variantOf({ bits, subnet, route }: Question): number {
    if (subnet === undefined && route === 0) return bits
    const text = asideOf({ subnet, route })
    let number = this.#asides.get(text)
    if (number === undefined) {
      if (this.#asides.size >= SUBNETS) this.#forgetAsides()
      number = this.#asides.size + 1
      this.#asides.set(text, number)
    }
    return bits | (number << 2)
  }

  /** More subnets than any network has: what is kept for them goes with their numbers. */
  #forgetAsides(): void {
    const { words } = this.#table
    for (const place of this.#table.places())
      if ((words[place + RECORD.variant] as number) > BITS) this.#table.remove(place)
    this.#asides.clear()
  }

  #messageOf(place: number): Uint8Array {
    const { bytes, words } = this.#table
    return bytes.slice(messageAt(place), messageAt(place) + (words[place + RECORD.message] as number))
  }

  #timesOf(place: number): Pick<Kept, 'stored' | 'ttl'> {
    const { times } = this.#table
    const stored = times[(place + RECORD.born) / 2] as number
    return { stored, ttl: Math.round(((times[(place + RECORD.expires) / 2] as number) - stored) / SECOND) }
  }

  /** The entry at a place. Its message was checked when it came: what the scan notes of it is noted again. */
  #read(place: number): Kept {
    const { words, bytes } = this.#table
    const scanned = scanMessage(this.#messageOf(place), AS_KEPT)
    if ('malformed' in scanned) throw new Error(`a kept answer is malformed: ${scanned.malformed}`)
    const error = readError(bytes, this.#table.extraAt(place), words[place + RECORD.extra] as number)
    return {
      place,
      rcode: words[place + RECORD.stamp] as number,
      message: error === undefined ? scanned.message : { ...scanned.message, error },
      ...this.#timesOf(place),
      uses: Math.max(0, words[place + USES] as number),
      prefetch: PREFETCHING[Math.max(0, words[place + PREFETCH] as number)] as Prefetching,
    }
  }
}

/** Everything that is in a kept message counts: what did not has been cut out. */
const AS_KEPT = { dnssecOk: true, trustAd: true, keep: true } as const
