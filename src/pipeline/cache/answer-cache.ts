// The store of what upstreams said: bounded in bytes, ages in seconds. Knows no stage and decides nothing.
import { LRUCache } from 'lru-cache'
import { type Clock, SECOND } from '../../base/clock.ts'
import { type Name, wireFromName } from '../../base/name.ts'
import type { WireMessage } from '../../base/reply.ts'
import { putU32, u32 } from '../../wire/bytes.ts'
import { keyIsUnder, keyOf, latin1 } from './cache-key.ts'

/** Bounds of the cache. */
export interface CacheBounds {
  readonly bytes: number
  /** Seconds. */
  readonly minTtl: number
  readonly maxTtl: number
  readonly maxNegativeTtl: number
}

/** One kept answer. */
export interface Kept {
  readonly rcode: number
  readonly message: WireMessage
  /** `Clock.ticks()` when its TTLs were what the message says; before the start of this program for one that was restored. */
  readonly stored: number
  /** Seconds. */
  readonly ttl: number
  /** Times that the pipeline gave it; what the fast lane gave is not among them. */
  uses: number
  /** Whether it is being fetched anew before its end, will not be, or that is not decided yet. */
  prefetch: 'open' | 'running' | 'never'
}

/** Bytes that an entry costs beside its message: key, objects, slots; measured at 100,000 entries on Node 26. */
const ENTRY_OVERHEAD = 700

/** The store. Entries stay until they are pushed out, expired or not: the stage decides what their age means. */
export class AnswerCache {
  readonly #kept: LRUCache<string, Kept>
  readonly #bounds: CacheBounds
  readonly #clock: Clock

  constructor(bounds: CacheBounds, clock: Clock) {
    this.#bounds = bounds
    this.#clock = clock
    this.#kept = new LRUCache({
      maxSize: bounds.bytes,
      sizeCalculation: ({ message }, key) =>
        message.bytes.length +
        key.length +
        ENTRY_OVERHEAD +
        8 * message.ttlOffsets.length +
        96 * message.handOuts.length,
    })
  }

  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#kept.size, bytes: this.#kept.calculatedSize }
  }

  /** What is kept for a key, however old it is. Counts as a use of its place. */
  get(key: string): Kept | undefined {
    return this.#kept.get(key)
  }

  /** Whether something is kept for a key; no use of its place. */
  has(key: string): boolean {
    return this.#kept.has(key)
  }

  /** Whole seconds that an entry may still be given; zero or less once it has expired. */
  left({ stored, ttl }: Kept): number {
    return ttl - Math.floor((this.#clock.ticks() - stored) / SECOND)
  }

  /**
   * Keeps an answer as of now, its TTLs brought within the bounds; returns its message with them. An answer with TTL 0
   * is not kept, and no minimum raises it (RFC 2308 §5: so is a negative one without an SOA).
   */
  keep(key: string, rcode: number, message: WireMessage): WireMessage {
    const { minTtl, maxTtl, maxNegativeTtl } = this.#bounds
    const most = message.negative ? Math.min(maxNegativeTtl, maxTtl) : maxTtl
    const ttl = message.ttl === 0 ? 0 : Math.min(Math.max(message.ttl, minTtl), most)
    const within = boundTtls(message, ttl === 0 ? 0 : minTtl, most)
    if (ttl > 0) this.put(key, rcode, within, this.#clock.ticks(), ttl)
    // What was known before is not better than what nobody may keep.
    else this.#kept.delete(key)
    return within
  }

  /** Puts an entry in as it is; `stored` may lie before the start of this program. A message that outgrows the whole cache is not kept. */
  put(key: string, rcode: number, message: WireMessage, stored: number, ttl: number): void {
    this.#kept.set(key, { rcode, message, stored, ttl, uses: 0, prefetch: 'open' })
  }

  /** Forgets one entry. */
  delete(key: string): void {
    this.#kept.delete(key)
  }

  /** The entries for a name and a type, whatever bits they were asked with. Does not count as a use. */
  peek(name: Name, type: number): readonly (Pick<Kept, 'rcode' | 'message' | 'stored'> & { readonly left: number })[] {
    const wire = wireFromName(name)
    if (wire === undefined) return []
    return [0, 1, 2, 3].flatMap((bits) => {
      const kept = this.#kept.peek(keyOf(wire, type, bits))
      return kept === undefined
        ? []
        : [{ rcode: kept.rcode, message: kept.message, stored: kept.stored, left: this.left(kept) }]
    })
  }

  /** The entries used last, newest first, at most so many. */
  recent(most: number): [string, Kept][] {
    return [...this.#kept.entries().take(most)]
  }

  /**
   * Forgets a name, or a zone with all under it; returns how many entries. Looks at every key: 0.1 µs each, so some 5 ms
   * with the default size, during which nothing is answered.
   */
  flush(name: Name, zone: boolean): number {
    const wire = wireFromName(name)
    if (wire === undefined) return 0
    const text = latin1(wire)
    const gone = [...this.#kept.keys()].filter((key) => keyIsUnder(key, text, zone))
    for (const key of gone) this.#kept.delete(key)
    return gone.length
  }
}

/** The message with every TTL within the bounds; the same object where they all are. */
export function boundTtls(message: WireMessage, min: number, max: number): WireMessage {
  const outside = (ttl: number): boolean => ttl < min || ttl > max
  if (!message.ttlOffsets.some((at) => outside(u32(message.bytes, at)))) return message
  const bytes = message.bytes.slice()
  for (const at of message.ttlOffsets) putU32(bytes, at, Math.min(Math.max(u32(bytes, at), min), max))
  return { ...message, bytes }
}
