// What upstreams said, kept while its TTL runs. Knows no upstream; time and memory are bounded by parameters.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../base/clock.ts'
import { SECOND } from '../../base/clock.ts'
import { type Name, wireFromName } from '../../base/name.ts'
import { type Query, RCODE, wantsDnssec } from '../../base/question.ts'
import type { Reply, WireMessage } from '../../base/reply.ts'
import { putU32, u32 } from '../../wire/bytes.ts'
import { type Stage, whenReplied } from '../stage.ts'

/** Bounds of the cache. */
export interface CacheBounds {
  readonly bytes: number
  /** Seconds. */
  readonly minTtl: number
  readonly maxTtl: number
  readonly maxNegativeTtl: number
}

/** Figures of the cache. */
export interface CacheFigures {
  readonly entries: number
  readonly bytes: number
}

interface Kept {
  readonly rcode: number
  readonly message: WireMessage
  readonly stored: number
  /** Seconds. */
  readonly ttl: number
}

/** Bytes that an entry costs beside its message: key, objects, slots; measured at 100,000 entries on Node 26. */
const ENTRY_OVERHEAD = 700

/** The store behind the stage. */
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

  /** The stage: answers from the store, stores what comes back. */
  readonly stage: Stage = (query, next) => {
    const key = cacheKey(query)
    const kept = this.#kept.get(key)
    if (kept !== undefined) {
      const age = Math.floor((this.#clock.ticks() - kept.stored) / SECOND)
      if (age < kept.ttl) return hit(kept, kept.ttl - age)
      this.#kept.delete(key)
    }
    return whenReplied(next(query), (reply) => this.#store(key, reply))
  }

  /** The live entries for a name and a type, whatever DNSSEC bits they were asked with. Does not count as a use. */
  peek(name: Name, type: number): readonly { rcode: number; message: WireMessage; left: number }[] {
    const wire = wireFromName(name)
    if (wire === undefined) return []
    return [0, 1, 2, 3].flatMap((bits) => {
      const kept = this.#kept.peek(keyOf(wire, type, bits))
      const left = kept === undefined ? 0 : kept.ttl - Math.floor((this.#clock.ticks() - kept.stored) / SECOND)
      return kept === undefined || left <= 0 ? [] : [{ rcode: kept.rcode, message: kept.message, left }]
    })
  }

  get figures(): CacheFigures {
    return { entries: this.#kept.size, bytes: this.#kept.calculatedSize }
  }

  /** Drops everything, for a change of upstreams. */
  clear(): void {
    this.#kept.clear()
  }

  /** Keeps a usable answer; hands it on with its TTLs within the bounds. */
  #store(key: string, reply: Reply): Reply {
    if (reply.body.kind !== 'wire' || reply.outcome.kind !== 'forwarded') return reply
    if (reply.rcode !== RCODE.NOERROR && reply.rcode !== RCODE.NXDOMAIN) return reply
    const { message } = reply.body
    const { minTtl, maxTtl, maxNegativeTtl } = this.#bounds
    const most = message.negative ? Math.min(maxNegativeTtl, maxTtl) : maxTtl
    // RFC 2308 §5: a negative answer without an SOA must not be cached; `ttl` is 0 then, and no minimum raises it.
    const ttl = message.ttl === 0 ? 0 : Math.min(Math.max(message.ttl, minTtl), most)
    const within = boundTtls(message, ttl === 0 ? 0 : minTtl, most)
    // A message that outgrows the whole cache is served, not kept.
    const stored = this.#clock.ticks()
    if (ttl > 0) this.#kept.set(key, { rcode: reply.rcode, message: within, stored, ttl })
    return { ...reply, body: { kind: 'wire', message: within, since: stored } }
  }
}

const hit = ({ rcode, message, stored }: Kept, left: number): Reply => ({
  rcode,
  body: { kind: 'wire', message, since: stored },
  outcome: { kind: 'cached' },
  reusable: left,
})

/** What makes two questions the same: name, type, and the two bits that change what an upstream answers. */
export const cacheKey = (query: Query): string =>
  keyOf(query.wire, query.type, (wantsDnssec(query) ? 1 : 0) | (query.checkingDisabled ? 2 : 0))

const keyOf = ({ buffer, byteOffset, length }: Uint8Array, type: number, bits: number): string =>
  `${Buffer.from(buffer, byteOffset, length).toString('latin1')}${String.fromCharCode(type, bits)}`

/** The message with every TTL within the bounds; the same object where they all are. */
function boundTtls(message: WireMessage, min: number, max: number): WireMessage {
  const outside = (ttl: number): boolean => ttl < min || ttl > max
  if (!message.ttlOffsets.some((at) => outside(u32(message.bytes, at)))) return message
  const bytes = message.bytes.slice()
  for (const at of message.ttlOffsets) putU32(bytes, at, Math.min(Math.max(u32(bytes, at), min), max))
  return { ...message, bytes }
}
