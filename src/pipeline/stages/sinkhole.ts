// Answers for blocked names. Knows the policy and who gets what of it, not where either came from.
import type { Clock } from '../../base/clock.ts'
import type { Live } from '../../base/live.ts'
import type { Reply } from '../../base/reply.ts'
import type { BlockAnswer } from '../../policy/block-answer.ts'
import type { Policy } from '../../policy/decision.ts'
import type { Profiles } from '../profiles.ts'
import { type Stage, whenReplied } from '../stage.ts'
import { answerFor, blockReply } from './block-reply.ts'

/** Whether blocking is on; off while somebody has paused it. */
export interface Pause {
  readonly active: boolean
}

/** What the stages that block need to know. */
export interface Blocking {
  readonly policy: Live<Policy>
  readonly profiles: Profiles
  /** What the house answers where neither rule, list nor group says otherwise. */
  readonly answer: BlockAnswer
  readonly pause: Pause
  readonly clock: Clock
}

/** Answers blocked names itself; allowed and unlisted ones go on. */
export function sinkhole({ policy, profiles, answer, pause, clock }: Blocking): Stage {
  return function sinkhole(query, next) {
    const profile = profiles.at(query.group)
    if (pause.active || profile.paused) return next(query)
    const { current } = policy
    const client = current.watchesClients ? profiles.clientOf(query) : undefined
    const decision = current.decide(query.wire, 0, profile.audience, query.type, client)
    const own =
      decision.kind === 'block'
        ? blockReply(
            query,
            { decision, policy: current, answer: answerFor(decision, current, profile, answer) },
            next,
            clock,
          )
        : undefined
    const reply = own ?? next(query)
    return decision.personal === true ? whenReplied(reply, once) : reply
  }
}

/** The fast lane must not repeat it: the next client of the same groups may get another answer. */
export const once = (reply: Reply): Reply => ({ ...reply, reusable: 0 })
