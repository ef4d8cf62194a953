// Rebinding protection: a name from outside must not lead into the house, or a web page could talk to what is there.
// Knows no policy and no upstream; stands outside the cache, which keeps what the upstream said.
import { type Address, prefixHas, type Scope, scopeOf } from '../../base/address.ts'
import { isUnder, type Name } from '../../base/name.ts'
import { EDE, type Query, RCODE } from '../../base/question.ts'
import { handedOutBytes, type OwnRecord, type Reply } from '../../base/reply.ts'
import { WELL_KNOWN_NAT64 } from '../../names/nat64.ts'
import { type Stage, whenReplied } from '../stage.ts'

/** What may lead inside all the same. */
export interface RebindingSettings {
  /** Names that may, with all under them. */
  readonly except: readonly Name[]
}

/** Seconds that the refusal may be kept: as long as nobody has said "except", it stays. */
const TTL = 60

/**
 * Refuses an answer from upstream or cache with an address of the house in it: records of any section and hints of
 * service records. `forwarded` are zones with an upstream of their own: they are the house's, and may say so.
 */
export function rebinding({ except }: RebindingSettings, forwarded: readonly Name[]): Stage {
  const trusted = [...except, ...forwarded]
  return function rebinding(query, next) {
    if (trusted.some((name) => isUnder(query.name, name))) return next(query)
    return whenReplied(next(query), (reply) => {
      if (reply.body.kind !== 'wire') return reply
      const inside = reply.body.message.handOuts.find((handOut) => isInside(handedOutBytes(handOut)))
      return inside === undefined ? reply : refusal(query, inside.address)
    })
  }
}

/** The unspecified address counts: many systems take 0.0.0.0 for themselves. */
const INSIDE: ReadonlySet<Scope> = new Set(['private', 'loopback', 'link-local', 'unspecified'])

/** Whether an address lies in the house, also one that only wraps such a one. Mapped IPv4 is IPv4 already. */
export function isInside(bytes: Uint8Array): boolean {
  if (INSIDE.has(scopeOf(bytes))) return true
  if (bytes.length === 4) return false
  const wrapped = wrappedIn(bytes)
  return wrapped !== undefined && isInside(wrapped)
}

/**
 * The IPv4 address in 6to4 (2002::/16, RFC 3056 §2), in what was "IPv4-compatible" (::/96, RFC 4291 §2.5.5.1), and behind
 * the well-known prefix of NAT64 (RFC 6052 §2.1).
 */
function wrappedIn(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] === 0x20 && bytes[1] === 0x02) return bytes.subarray(2, 6)
  if (bytes.subarray(0, 12).every((byte) => byte === 0)) return bytes.subarray(12)
  return prefixHas(WELL_KNOWN_NAT64, bytes) ? bytes.subarray(12) : undefined
}

function refusal({ name }: Query, address: Address): Reply {
  const soa: OwnRecord = { kind: 'SOA', name, ttl: TTL, minimum: TTL }
  return {
    rcode: RCODE.NOERROR,
    body: { kind: 'own', answers: [], authority: [soa], authoritative: false },
    outcome: { kind: 'refused', reason: 'rebinding' },
    error: { code: EDE.BLOCKED, text: `rebinding: this name from outside leads into the house, to ${address}` },
    reusable: 0,
  }
}
