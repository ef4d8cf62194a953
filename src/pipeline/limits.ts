// How much one asker may ask: by address, and by the network around it. Fixed tables whatever is spoofed; who floods is
// named once. Knows no packet and no transport.
import { type Address, inPrefixes, type Prefix, prefixText } from '../base/address.ts'
import { type Clock, type EpochMs, MINUTE, SECOND } from '../base/clock.ts'
import { TwoGenerations } from './two-generations.ts'

/** What is too much. A number of 0 means no such limit. */
export interface LimitBounds {
  /** Queries a second from one address; twice as many at once after a silence. */
  readonly queries: number
  /** The same from one /24 or /56. */
  readonly perPrefix: number
  /** Different names a second that one address may ask for and the fast lane does not know. */
  readonly names: number
  /** Queries of one address that may wait for an upstream. */
  readonly inFlight: number
  /** What UDP gets beyond a limit: TC and silence in turn, silence, or REFUSED. Other transports get REFUSED. */
  readonly over: 'truncate' | 'drop' | 'refuse'
  readonly exempt: readonly Prefix[]
}

/** Which limit. */
export type LimitKind = 'queries' | 'prefix' | 'names' | 'in-flight'

/** One who asked too much. */
export interface Flood {
  /** An address, or a prefix in CIDR notation. */
  readonly who: string
  readonly kind: LimitKind
  /** Queries over the limit. */
  readonly limited: number
  readonly since: EpochMs
  readonly last: EpochMs
}

/**
 * Tokens of one address or prefix. Mutable and of one shape: the fast lane looks at it for every query. Tokens are whole and
 * below 2^31: with a fraction, each change would make a number in memory.
 */
export class Bucket {
  tokens: number
  /** `Clock.ticks()` of the last refill. */
  filled: number
  constructor(tokens: number, filled: number) {
    this.tokens = tokens
    this.filled = filled
  }
}

/** The bucket of a prefix. Addresses that came after `overSince` pay for its being empty. */
class PrefixBucket extends Bucket {
  readonly text: string
  overSince = Number.POSITIVE_INFINITY
  overLast = Number.NEGATIVE_INFINITY
  constructor(tokens: number, filled: number, text: string) {
    super(tokens, filled)
    this.text = text
  }
}

/** What one address has left. */
export class Budget extends Bucket {
  readonly prefix: PrefixBucket
  readonly since: number
  inFlight = 0
  /** Queries over a limit, for the turn of "TC and silence". */
  over = 0
  /** Different names of the running second: how many, and a bit for each hash; made only for who asks a lot. */
  second = 0
  slow = 0
  distinct = 0
  seen: Uint32Array | undefined
  constructor(tokens: number, filled: number, prefix: PrefixBucket) {
    super(tokens, filled)
    this.prefix = prefix
    this.since = filled
  }
}

/** RFC 6177 and common practice: what one network, and one subscriber, has. Bits. */
const PREFIX_BITS = { 4: 24, 16: 56 } as const
/** Prefixes in each of two generations. */
const PREFIXES_KEPT = 4096
/** Floods that are named at one time. */
const FLOODS_SHOWN = 32
/** A flood that paused this long is a new one when it goes on. */
export const FLOOD_PAUSE = 10 * MINUTE
/** A prefix is over its limit until it was not for so long; an address is new for so long. */
const CALM = 10 * SECOND
/** Slow queries in a second from which on names are told apart. */
const NAMES_FROM = 16
/** Bits for the hashes of names: of 2,000 names one in four shares its bit and goes uncounted. */
const NAME_BITS = 4096

/** In the bucket of whom nothing limits; it is filled again without asking. */
const ENDLESS = 2 ** 30
const UNBOUNDED = { queries: 0, perPrefix: 0 } as const

/** The limits. One for each resolver thread and set of bounds. */
export class Limits {
  readonly #bounds: LimitBounds
  readonly #clock: Clock
  readonly #onFlood: (flood: Flood) => void
  readonly #prefixes = new TwoGenerations<string, PrefixBucket>(PREFIXES_KEPT)
  readonly #floods = new Map<string, { -readonly [key in keyof Flood]: Flood[key] }>()
  readonly #free: Budget

  /** `onFlood` hears of each flood once, when it begins. */
  constructor(bounds: LimitBounds, clock: Clock, onFlood: (flood: Flood) => void) {
    this.#bounds = bounds
    this.#clock = clock
    this.#onFlood = onFlood
    this.#free = new Budget(ENDLESS, 0, new PrefixBucket(ENDLESS, 0, ''))
  }

  /** The budget for a new address. All who are exempt share one without end. */
  budgetOf(bytes: Uint8Array): Budget {
    const { queries, exempt } = this.#bounds
    if (inPrefixes(exempt, bytes)) return this.#free
    return new Budget(tokensOf(queries), this.#clock.ticks(), this.#prefixOf(bytes))
  }

  get floods(): readonly Flood[] {
    return [...this.#floods.values()].map((flood) => ({ ...flood })).sort((a, b) => b.last - a.last)
  }

  get over(): LimitBounds['over'] {
    return this.#bounds.over
  }

  /** Charges one query. Says which limit forbids it; undefined where none does, which is then charged. */
  charge(budget: Budget, ticks: number): 'queries' | 'prefix' | undefined {
    const { prefix } = budget
    const { queries, perPrefix } = budget === this.#free ? UNBOUNDED : this.#bounds
    if (budget.tokens < 1 && !refill(budget, queries, ticks)) return 'queries'
    if (prefix.tokens < 1 && !refill(prefix, perPrefix, ticks)) {
      if (ticks - prefix.overLast > CALM) prefix.overSince = ticks - CALM
      prefix.overLast = ticks
      // Whoever was here a while before feels nothing of the flood: forged senders are always new.
      if (budget.since >= prefix.overSince) return 'prefix'
    } else prefix.tokens--
    budget.tokens--
    return undefined
  }

  /** Whether this name, by its hash, is one too many for this second. For queries that the lane did not know. */
  isNameTooMany(budget: Budget, hash: number, ticks: number): boolean {
    const { names } = this.#bounds
    if (names === 0 || budget === this.#free) return false
    const second = Math.floor(ticks / SECOND)
    if (budget.second !== second) {
      budget.second = second
      budget.slow = 0
      budget.distinct = 0
      budget.seen?.fill(0)
    }
    if (++budget.slow < NAMES_FROM) return false
    budget.seen ??= new Uint32Array(NAME_BITS / 32)
    const bit = hash >>> (32 - Math.log2(NAME_BITS))
    const word = budget.seen[bit >> 5] as number
    if ((word >>> (bit & 31)) & 1) return false
    if (budget.distinct >= names) return true
    budget.seen[bit >> 5] = word | (1 << (bit & 31))
    budget.distinct++
    return false
  }

  /** Whether too many of its queries wait already. */
  isWaitingTooMuch(budget: Budget): boolean {
    const { inFlight } = this.#bounds
    return inFlight > 0 && budget.inFlight >= inFlight && budget !== this.#free
  }

  /** Notes a query over a limit; who floods is named once. */
  note(kind: LimitKind, address: Address, budget: Budget): void {
    const who = kind === 'prefix' ? budget.prefix.text : address
    const key = `${kind} ${who}`
    const now = this.#clock.now()
    const known = this.#floods.get(key)
    budget.over++
    if (known !== undefined && now - known.last < FLOOD_PAUSE) {
      known.limited++
      known.last = now
      return
    }
    if (known === undefined && this.#floods.size >= FLOODS_SHOWN) this.#forgetOldest()
    const flood = { who, kind, limited: 1, since: now, last: now }
    this.#floods.set(key, flood)
    this.#onFlood({ ...flood })
  }

  #forgetOldest(): void {
    const [oldest] = [...this.#floods].sort(([, a], [, b]) => a.last - b.last)
    if (oldest !== undefined) this.#floods.delete(oldest[0])
  }

  #prefixOf(bytes: Uint8Array): PrefixBucket {
    const bits = bytes.length === 4 ? PREFIX_BITS[4] : PREFIX_BITS[16]
    const cut = new Uint8Array(bytes.length)
    cut.set(bytes.subarray(0, bits / 8))
    const text = prefixText({ bytes: cut, bits })
    return this.#prefixes.get(text, () => new PrefixBucket(tokensOf(this.#bounds.perPrefix), this.#clock.ticks(), text))
  }
}

/** For those who are limited elsewhere, or not at all. */
export const NO_LIMITS = new Limits(
  { queries: 0, perPrefix: 0, names: 0, inFlight: 0, over: 'drop', exempt: [] },
  { now: () => 0, ticks: () => 0 },
  () => {},
)

/** A full bucket: one second's worth. */
const tokensOf = (rate: number): number => (rate === 0 ? ENDLESS : rate)

/** Fills an empty bucket with what has come together since the last time; false where that is nothing. */
function refill(bucket: Bucket, rate: number, ticks: number): boolean {
  const came = rate === 0 ? ENDLESS : Math.floor(((ticks - bucket.filled) * rate) / SECOND)
  if (came < 1) return false
  bucket.tokens = Math.min(tokensOf(rate), came)
  // What is no whole token yet is still to come; what a full bucket has no room for never comes.
  bucket.filled = came < rate ? bucket.filled + (came * SECOND) / rate : ticks
  return true
}
