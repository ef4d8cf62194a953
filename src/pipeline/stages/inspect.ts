// Looks behind aliases: a blocked name must not come in under another one. Knows the policy, not the upstream.
import type { Live } from '../../base/live.ts'
import { wireFromName } from '../../base/name.ts'
import type { Query } from '../../base/question.ts'
import type { Reply } from '../../base/reply.ts'
import type { Policy } from '../../policy/decision.ts'
import { type Stage, whenReplied } from '../stage.ts'
import { type Pause, type SinkholeAnswer, sinkholeReply } from './sinkhole.ts'

/**
 * Blocks an answer whose CNAME, DNAME, SVCB or HTTPS target is blocked. It stands outside the cache: what is cached is
 * what the upstream said, so that each new policy judges it afresh.
 */
export function inspect(policy: Live<Policy>, answer: SinkholeAnswer, pause: Pause): Stage {
  const make = sinkholeReply(answer)
  function judge(query: Query, reply: Reply): Reply {
    if (pause.active || reply.body.kind !== 'wire' || reply.body.message.targets.length === 0) return reply
    const { current } = policy
    // Who allowed the name allowed what it stands for.
    if (current.decide(query.wire, 0).kind === 'allow') return reply
    for (const target of reply.body.message.targets) {
      const wire = wireFromName(target)
      const decision = wire === undefined ? undefined : current.decide(wire, 0)
      if (decision?.kind === 'block') return make(query, decision, current, wire)
    }
    return reply
  }
  return function inspect(query, next) {
    return whenReplied(next(query), (reply) => judge(query, reply))
  }
}
