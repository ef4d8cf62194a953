// Looks behind aliases and at addresses: a blocked name must not come in under another one, nor a blocked machine under
// any. Knows the policy, not the upstream.
import { wireFromName } from '../../base/name.ts'
import type { Query } from '../../base/question.ts'
import { handedOutBytes, type Reply, type WireMessage } from '../../base/reply.ts'
import { type Decision, type Policy, without } from '../../policy/decision.ts'
import { type Next, type Stage, whenReplied } from '../stage.ts'
import { answerFor, blockReply } from './block-reply.ts'
import { type Blocking, once } from './sinkhole.ts'

/**
 * Blocks an answer whose CNAME, DNAME, SVCB or HTTPS target is blocked, or that has an address or a hint in a range that
 * is. It stands outside the cache: what is cached is what the upstream said, so that each new policy judges it afresh.
 */
export function inspect({ policy, profiles, answer, pause, clock }: Blocking): Stage {
  function judge(query: Query, reply: Reply, next: Next): Reply | Promise<Reply> {
    const { current } = policy
    if (pause.active || reply.body.kind !== 'wire' || !isWorthALook(reply.body.message, current)) return reply
    const profile = profiles.at(query.group)
    if (profile.paused) return reply
    const client = current.watchesClients ? profiles.clientOf(query) : undefined
    let personal = false
    const ask = (decision: Decision): Decision => {
      personal ||= decision.personal === true
      return decision
    }
    let { audience } = profile
    const decide = (wire: Uint8Array) => ask(current.decide(wire, 0, audience, query.type, client))
    const end = (own: Reply | Promise<Reply>) => (personal ? whenReplied(own, once) : own)
    // Who allowed the name allowed what it stands for.
    const own = decide(query.wire)
    if (own.kind === 'allow') return end(reply)
    if (own.passed !== undefined) audience = without(audience, own.passed)
    const { message } = reply.body
    for (const target of message.targets) {
      const wire = wireFromName(target)
      const decision = wire === undefined ? undefined : decide(wire)
      if (decision?.kind !== 'block' || wire === undefined) continue
      const blocked = { decision, policy: current, answer: answerFor(decision, current, profile, answer), wire }
      const told = blockReply(query, blocked, next, clock)
      if (told !== undefined) return end(told)
    }
    if (!current.watchesAddresses) return end(reply)
    for (const handOut of message.handOuts) {
      const bytes = handedOutBytes(handOut)
      const decision = ask(current.decideAddress(bytes, audience, query.type, client))
      if (decision.kind !== 'block') continue
      const blocked = { decision, policy: current, answer: answerFor(decision, current, profile, answer) }
      const told = blockReply(query, blocked, next, clock)
      if (told !== undefined) return end(told)
    }
    return end(reply)
  }
  return function inspect(query, next) {
    return whenReplied(next(query), (reply) => judge(query, reply, next))
  }
}

const isWorthALook = ({ targets, handOuts }: WireMessage, { watchesAddresses }: Policy): boolean =>
  targets.length > 0 || (watchesAddresses && handOuts.length > 0)
