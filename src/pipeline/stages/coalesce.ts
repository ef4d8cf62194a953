// One flight per question: who asks what is already being asked waits for the same answer. Knows no upstream.
import { RCODE } from '../../base/question.ts'
import { EMPTY_BODY, type Reply } from '../../base/reply.ts'
import { keyOf, questionOf } from '../cache/cache-key.ts'
import type { Stage } from '../stage.ts'

/** Questions that may be on their way at once; beyond it they fail at once, so that memory stays bounded. */
export const MAX_FLIGHTS = 10_000

/** Joins equal questions. `maxFlights` bounds how many different ones are on their way. */
export function coalesce(maxFlights = MAX_FLIGHTS): Stage {
  const flights = new Map<string, Promise<Reply>>()
  return function coalesce(query, next) {
    const key = keyOf(questionOf(query))
    const flying = flights.get(key)
    if (flying !== undefined) return flying
    if (flights.size >= maxFlights) return OVERLOAD
    const reply = next(query)
    if (!(reply instanceof Promise)) return reply
    flights.set(key, reply)
    return reply.finally(() => flights.delete(key))
  }
}

const OVERLOAD: Reply = {
  rcode: RCODE.SERVFAIL,
  body: EMPTY_BODY,
  outcome: { kind: 'failed', reason: 'overload' },
  reusable: 0,
}
