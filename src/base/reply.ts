// What is answered, and why. A reply says nothing of the client's packet: ID, letter case and size come at encoding.
import { type Address, addressBytes, addressFromBytes, isMappedIpv4 } from './address.ts'
import type { Name } from './name.ts'
import type { ExtendedError } from './question.ts'

/** One record of an answer that we make ourselves. */
export type OwnRecord =
  | { readonly kind: 'A'; readonly name: Name; readonly ttl: number; readonly address: Address }
  | { readonly kind: 'AAAA'; readonly name: Name; readonly ttl: number; readonly address: Address }
  | { readonly kind: 'CNAME' | 'PTR' | 'NS'; readonly name: Name; readonly ttl: number; readonly target: Name }
  | {
      readonly kind: 'TXT'
      readonly name: Name
      readonly ttl: number
      readonly texts: readonly string[]
      readonly class?: number
    }
  | { readonly kind: 'SOA'; readonly name: Name; readonly ttl: number; readonly minimum: number }
  | { readonly kind: 'HINFO'; readonly name: Name; readonly ttl: number; readonly cpu: string; readonly os: string }
  | {
      readonly kind: 'MX'
      readonly name: Name
      readonly ttl: number
      readonly preference: number
      readonly exchange: Name
    }
  | {
      readonly kind: 'SRV'
      readonly name: Name
      readonly ttl: number
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: Name
    }
  | {
      readonly kind: 'CAA'
      readonly name: Name
      readonly ttl: number
      /** 128 is "critical" (RFC 8659 §4.1). */
      readonly flags: number
      readonly tag: string
      readonly value: string
    }
  /** A record of any type that somebody else made; its data is whole, without compressed names. */
  | {
      readonly kind: 'RAW'
      readonly name: Name
      readonly ttl: number
      readonly type: number
      readonly data: Uint8Array
    }

/** An address that an answer hands out: evidence that its asker may connect there. */
export interface HandOut {
  readonly address: Address
  /** Seconds, as in the record. */
  readonly ttl: number
}

/** An address in a message; its text is made only where somebody reads it. */
export class MessageAddress implements HandOut {
  /** The message, and where in it the 4 or 16 bytes stand. */
  readonly bytes: Uint8Array
  readonly at: number
  readonly size: number
  readonly ttl: number

  constructor(bytes: Uint8Array, at: number, size: number, ttl: number) {
    const isMapped = size === 16 && isMappedIpv4(bytes, at)
    this.bytes = bytes
    this.at = isMapped ? at + 12 : at
    this.size = isMapped ? 4 : size
    this.ttl = ttl
  }

  get address(): Address {
    return addressFromBytes(this.bytes, this.at, this.size)
  }
}

/** The 4 or 16 bytes of an address that was handed out. */
export const handedOutBytes = (handOut: HandOut): Uint8Array =>
  handOut instanceof MessageAddress
    ? handOut.bytes.subarray(handOut.at, handOut.at + handOut.size)
    : (addressBytes(handOut.address) as Uint8Array)

/** A message as an upstream sent it, checked and scanned once; its OPT record is cut out. */
export interface WireMessage {
  /**
   * Header, question, answer, authority, additional; never an OPT record. Never changed after it was made.
   * The header's AD bit is set where an upstream that we trust in this says that the answer is authentic.
   */
  readonly bytes: Uint8Array
  /** Where the TTL fields stand. */
  readonly ttlOffsets: readonly number[]
  /** Smallest TTL of all records, or what RFC 2308 §5 says for a negative answer. Seconds. */
  readonly ttl: number
  /** No such name, or no record of the asked type behind any alias. */
  readonly negative: boolean
  /** Offset of the first byte after the question section. */
  readonly questionEnd: number
  /** Names that CNAME, DNAME, SVCB and HTTPS records point at. */
  readonly targets: readonly Name[]
  readonly handOuts: readonly HandOut[]
  /** What the upstream had to say about its answer (RFC 8914). */
  readonly error?: ExtendedError | undefined
}

/** The content of a reply: records that we make, or an upstream's message with its age. */
export type Body =
  | {
      readonly kind: 'own'
      readonly answers: readonly OwnRecord[]
      readonly authority: readonly OwnRecord[]
      /** Authoritative answer bit: the name is ours. */
      readonly authoritative: boolean
    }
  | {
      readonly kind: 'wire'
      readonly message: WireMessage
      /** `Clock.ticks()` when the TTLs were what the message says; they are given less the time since. */
      readonly since: number
    }

/** Why a query got what it got. Every query ends in exactly one of these (invariant I2). */
export type Outcome =
  | { readonly kind: 'blocked'; readonly list: number; readonly line: number }
  | { readonly kind: 'cached' }
  /** From the cache, past its end, because no upstream had a newer answer (RFC 8767). */
  | { readonly kind: 'stale' }
  | { readonly kind: 'forwarded'; readonly upstream: number }
  | { readonly kind: 'local' }
  | { readonly kind: 'special' }
  | { readonly kind: 'refused'; readonly reason: RefusedReason }
  | { readonly kind: 'failed'; readonly reason: FailedReason }

/** Which named rule refused. */
export type RefusedReason =
  | 'access'
  | 'class'
  | 'opcode'
  | 'version'
  | 'transfer'
  | 'no-recursion'
  | 'malformed'
  /** Cookies are required, and this was none of ours. */
  | 'cookie'
  | 'limit'
  /** A name from outside that leads into the house. */
  | 'rebinding'

/** Why there is no answer although the query was in order. */
export type FailedReason =
  | 'upstream-timeout'
  | 'upstream-error'
  | 'no-upstream'
  /** It failed a moment ago and was not tried again (RFC 9520). */
  | 'remembered'
  | 'overload'
  | 'internal'

/** A finished reply. */
export interface Reply {
  /** The full 12-bit response code (RFC 6891 §6.1.3). */
  readonly rcode: number
  readonly body: Body
  readonly outcome: Outcome
  readonly error?: ExtendedError
  /** Nothing is sent: the query ends without a reply, and is journalled all the same. Over UDP only. */
  readonly silent?: true
  /** Marked as cut off, so that it is asked again over TCP. */
  readonly cut?: true
  /** Seconds for which the fast lane may repeat this reply; 0 for never. */
  readonly reusable: number
}

/** Addresses that this reply hands out. Our own sinkhole answers never do (invariant I9). */
export function handOutsOf(reply: Reply): readonly HandOut[] {
  if (reply.outcome.kind === 'blocked') return []
  if (reply.body.kind === 'wire') return reply.body.message.handOuts
  return reply.body.answers.flatMap((record) =>
    record.kind === 'A' || record.kind === 'AAAA' ? [{ address: record.address, ttl: record.ttl }] : [],
  )
}

/** An answer without records: NODATA, NXDOMAIN, REFUSED, SERVFAIL and so on. */
export const EMPTY_BODY: Body = Object.freeze({ kind: 'own', answers: [], authority: [], authoritative: false })
