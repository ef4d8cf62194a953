// Makes search engines answer strictly: the addresses of another name of theirs, behind an alias. Knows which engines each
// profile wants, not who that is.
import type { Clock } from '../../base/clock.ts'
import type { Name } from '../../base/name.ts'
import { EDE, RCODE, TYPE } from '../../base/question.ts'
import type { Reply } from '../../base/reply.ts'
import { safeTarget } from '../../policy/safe-search.ts'
import type { Profiles } from '../profiles.ts'
import { type Stage, whenReplied } from '../stage.ts'
import { follow } from './follow.ts'

/** Seconds that the alias may be kept: hours of a group come and go. */
const ALIAS_TTL = 300

/**
 * Answers with an alias where the device's groups say so. Service records have none: their hints would lead round it.
 * Nothing of it is DNSSEC's; extended error 4 says so (RFC 8914 §4.5).
 */
export function safeSearch(profiles: Profiles, clock: Clock): Stage {
  return function safeSearch(query, next) {
    const { safeSearch: engines, paused } = profiles.at(query.group)
    if (engines.length === 0 || paused) return next(query)
    const target = safeTarget(query.name, engines)
    if (target === undefined) return next(query)
    const { type, name } = query
    if (type === TYPE.HTTPS || type === TYPE.SVCB) return NODATA(name)
    if (type !== TYPE.A && type !== TYPE.AAAA && type !== TYPE.CNAME) return next(query)
    const alias = { kind: 'CNAME', name, ttl: ALIAS_TTL, target } as const
    return whenReplied(follow(query, [alias], target, next, clock), forged)
  }
}

const forged = (reply: Reply): Reply => ({
  ...reply,
  error: reply.error ?? { code: EDE.FORGED_ANSWER, text: 'safe search' },
})

const NODATA = (name: Name): Reply => ({
  rcode: RCODE.NOERROR,
  body: {
    kind: 'own',
    answers: [],
    authority: [{ kind: 'SOA', name, ttl: ALIAS_TTL, minimum: ALIAS_TTL }],
    authoritative: false,
  },
  outcome: { kind: 'local' },
  error: { code: EDE.FORGED_ANSWER, text: 'safe search' },
  reusable: ALIAS_TTL,
})
