// Names with a meaning of their own, which must never leave the house. Knows no upstream and no policy.
import { isUnder, type Name } from '../../base/name.ts'
import { type Query, RCODE, TYPE } from '../../base/question.ts'
import type { OwnRecord, Reply } from '../../base/reply.ts'
import type { Stage } from '../stage.ts'

/** Seconds that answers for special names may be kept: they never change. */
const SPECIAL_TTL = 3600

/** A zone that is answered here, and how. */
interface SpecialZone {
  readonly zone: Name
  readonly answer: 'loopback' | 'nxdomain' | 'loopback-name'
  /** Why it must not be forwarded. */
  readonly because: string
}

/** The zones, with the RFC that says so. */
export const SPECIAL_ZONES: readonly SpecialZone[] = [
  { zone: 'localhost', answer: 'loopback', because: 'RFC 6761 §6.3' },
  { zone: 'invalid', answer: 'nxdomain', because: 'RFC 6761 §6.4' },
  { zone: 'onion', answer: 'nxdomain', because: 'RFC 7686 §2' },
  { zone: 'alt', answer: 'nxdomain', because: 'RFC 9476 §3' },
  { zone: 'local', answer: 'nxdomain', because: 'RFC 6762 §22.1: multicast DNS only' },
  { zone: '1.0.0.127.in-addr.arpa', answer: 'loopback-name', because: 'RFC 6303 §4.2' },
  { zone: `1.${'0.'.repeat(31)}ip6.arpa`, answer: 'loopback-name', because: 'RFC 6303 §4.3' },
]

/** Answers special names; all else goes on. */
export function special(): Stage {
  // One look at the last label keeps the common case cheap.
  const byLastLabel = Map.groupBy(SPECIAL_ZONES, ({ zone }) => lastLabel(zone))
  return function special(query, next) {
    const zones = byLastLabel.get(lastLabel(query.name))
    const found = zones?.find(({ zone }) => isUnder(query.name, zone))
    return found === undefined ? next(query) : reply(query, found)
  }
}

const lastLabel = (name: Name): string => name.slice(name.lastIndexOf('.') + 1)

function reply(query: Query, { zone, answer }: SpecialZone): Reply {
  const answers = answer === 'nxdomain' ? [] : own(query, answer)
  return {
    rcode: answer === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR,
    body: {
      kind: 'own',
      answers,
      authority: answers.length > 0 ? [] : [{ kind: 'SOA', name: zone, ttl: SPECIAL_TTL, minimum: SPECIAL_TTL }],
      authoritative: true,
    },
    outcome: { kind: 'special' },
    reusable: SPECIAL_TTL,
  }
}

function own({ name, type }: Query, answer: 'loopback' | 'loopback-name'): readonly OwnRecord[] {
  const ttl = SPECIAL_TTL
  if (answer === 'loopback-name') return type === TYPE.PTR ? [{ kind: 'PTR', name, ttl, target: 'localhost' }] : []
  if (type === TYPE.A) return [{ kind: 'A', name, ttl, address: '127.0.0.1' }]
  return type === TYPE.AAAA ? [{ kind: 'AAAA', name, ttl, address: '::1' }] : []
}
