// Names with a meaning of their own, which must never leave the house. Knows no upstream and no policy.
import type { Live } from '../../base/live.ts'
import { lastLabelHash, type Name, parentOf, wireFromName } from '../../base/name.ts'
import { EDE, type Query, RCODE, TYPE } from '../../base/question.ts'
import type { OwnRecord, Reply } from '../../base/reply.ts'
import type { HouseZone } from '../../names/house-zone.ts'
import { isForParent, SPECIAL_ZONES, type SpecialZone } from '../../names/special-zones.ts'
import type { Stage } from '../stage.ts'
import { isForwarded } from './local.ts'

/** Seconds that answers for special names may be kept: they never change. */
const SPECIAL_TTL = 3600
/** Seconds for canaries: who has changed his mind should not wait for long. */
const CANARY_TTL = 300

/** What the special names depend on. */
export interface SpecialSettings {
  /** Names by which applications ask whether they may pass us by; each, and all under it, is "no such name". */
  readonly canaries: readonly Name[]
  /** Zones that go outside all the same: by configuration, or because they have an upstream of their own. */
  readonly forwarded: readonly Name[]
}

/** Answers special names, unless the house has a record for them or forwards their zone; all else goes on. */
export function special(names: Live<HouseZone>, { canaries, forwarded }: SpecialSettings): Stage {
  const zones = new Map<Name, SpecialZone | 'canary'>(SPECIAL_ZONES.map((zone) => [zone.zone, zone]))
  for (const name of canaries) zones.set(name, 'canary')
  // One look at the last label keeps the common case cheap.
  const lastLabels = new Set([...zones.keys()].flatMap((zone) => wireFromName(zone) ?? []).map(lastLabelHash))
  return function special(query, next) {
    if (!lastLabels.has(lastLabelHash(query.wire))) return next(query)
    for (let name: Name | undefined = query.name; name !== undefined; name = parentOf(name)) {
      const zone = zones.get(name)
      if (zone === undefined) continue
      if (isForwarded(forwarded, query.name, name) || isForParent(query.name, query.type, name)) return next(query)
      if (names.current.find(query.name).kind !== 'outside') return next(query)
      return zone === 'canary' ? canaryReply(name) : reply(query, zone)
    }
    return next(query)
  }
}

function reply(query: Query, { zone, answer, because }: SpecialZone): Reply {
  const { name, type } = query
  const ttl = SPECIAL_TTL
  const soa: OwnRecord = { kind: 'SOA', name: zone, ttl, minimum: ttl }
  // RFC 6303 §3: each zone has an SOA at its apex.
  const answers = name === zone && type === TYPE.SOA ? [soa] : recordsOf(query, answer)
  const missing = answers.length === 0 && answer === 'empty' && name !== zone
  return {
    rcode: missing ? RCODE.NXDOMAIN : RCODE.NOERROR,
    body: { kind: 'own', answers, authority: answers.length > 0 ? [] : [soa], authoritative: true },
    outcome: { kind: 'special' },
    ...(missing ? { error: { code: EDE.OTHER, text: `${zone} is answered here and never outside: ${because}` } } : {}),
    reusable: ttl,
  }
}

function recordsOf({ name, type }: Query, answer: SpecialZone['answer']): readonly OwnRecord[] {
  const ttl = SPECIAL_TTL
  if (answer === 'loopback-name') return type === TYPE.PTR ? [{ kind: 'PTR', name, ttl, target: 'localhost' }] : []
  if (answer !== 'loopback') return []
  if (type === TYPE.A) return [{ kind: 'A', name, ttl, address: '127.0.0.1' }]
  return type === TYPE.AAAA ? [{ kind: 'AAAA', name, ttl, address: '::1' }] : []
}

function canaryReply(canary: Name): Reply {
  const ttl = CANARY_TTL
  return {
    rcode: RCODE.NXDOMAIN,
    body: {
      kind: 'own',
      answers: [],
      authority: [{ kind: 'SOA', name: canary, ttl, minimum: ttl }],
      authoritative: false,
    },
    outcome: { kind: 'special' },
    error: { code: EDE.OTHER, text: 'a canary name: this network asks applications to use its own resolver' },
    reusable: ttl,
  }
}
