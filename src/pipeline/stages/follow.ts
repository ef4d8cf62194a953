// Follows an alias of ours to whoever knows its target, and puts the alias before what comes. Knows no names.
import { type Clock, SECOND } from '../../base/clock.ts'
import { type Name, wireFromName } from '../../base/name.ts'
import { EDE, type Query, RCODE } from '../../base/question.ts'
import { EMPTY_BODY, type OwnRecord, type Reply } from '../../base/reply.ts'
import { assemble } from '../../wire/assemble.ts'
import { readRecords } from '../../wire/read-records.ts'
import { type Next, whenReplied } from '../stage.ts'

/**
 * Asks for `target`, as if the client had. The reply's outcome stays as it is: it tells who answered, or who blocked.
 * TTLs count down from now on, so the fast lane may repeat it.
 */
export function follow(
  query: Query,
  chain: readonly OwnRecord[],
  target: Name,
  ask: Next,
  clock: Clock,
): Reply | Promise<Reply> {
  const wire = wireFromName(target)
  if (wire === undefined) return UNREADABLE
  return whenReplied(ask({ ...query, name: target, wire }), (reply) => behind(query, chain, reply, clock.ticks()))
}

function behind(query: Query, chain: readonly OwnRecord[], reply: Reply, ticks: number): Reply {
  const { body } = reply
  if (body.kind === 'own') {
    return {
      ...reply,
      body: { ...body, answers: [...chain, ...body.answers], authoritative: false },
      reusable: Math.min(reply.reusable, ...chain.map(({ ttl }) => ttl)),
    }
  }
  const records = readRecords(body.message)
  const age = Math.max(0, Math.floor((ticks - body.since) / SECOND))
  const aged = (record: OwnRecord): OwnRecord => ({ ...record, ttl: Math.max(0, record.ttl - age) })
  const message =
    records === undefined
      ? undefined
      : assemble(query, reply.rcode, [...chain, ...records.answers.map(aged)], records.authority.map(aged))
  if (message === undefined) return UNREADABLE
  return { ...reply, body: { kind: 'wire', message, since: ticks }, reusable: Math.min(reply.reusable, message.ttl) }
}

const UNREADABLE: Reply = {
  rcode: RCODE.SERVFAIL,
  body: EMPTY_BODY,
  outcome: { kind: 'failed', reason: 'upstream-error' },
  error: { code: EDE.OTHER, text: 'the answer for the name behind the alias cannot be put together' },
  reusable: 0,
}
