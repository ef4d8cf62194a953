// One flight per question: who asks what is already being asked waits for the same answer. Knows no upstream.
import { Buckets, type Linked } from '../../base/buckets.ts'
import { RCODE } from '../../base/question.ts'
import { EMPTY_BODY, type Reply } from '../../base/reply.ts'
import { asideOf, type Question, questionOf } from '../cache/cache-key.ts'
import { hashOf } from '../question-bytes.ts'
import type { Stage } from '../stage.ts'

/** Questions that may be on their way at once; beyond it they fail at once, so that memory stays bounded. */
export const MAX_FLIGHTS = 10_000
/** Ten to each when as many are on their way as may be. */
const PLACES = 1024

/** A question on its way. */
interface Flight extends Linked<Flight> {
  readonly question: Question
  readonly reply: Promise<Reply>
}

/**
 * Joins equal questions. `maxFlights` bounds how many different ones are on their way; `seed` is any number that strangers
 * cannot guess. Found by a number: a text that is a key goes into the engine's table of texts, and names that come once
 * would fill it.
 */
export function coalesce(maxFlights = MAX_FLIGHTS, seed = 0): Stage {
  const flights = new Buckets<Flight>(PLACES)
  return function coalesce(query, next) {
    const question = questionOf(query)
    const hash = hashOf(question.wire, question.type, question.bits, seed)
    for (let flight = flights.find(hash); flight !== undefined; flight = flights.find(hash, flight)) {
      if (isSame(flight.question, question)) return flight.reply
    }
    if (flights.size >= maxFlights) return OVERLOAD
    const reply = next(query)
    if (!(reply instanceof Promise)) return reply
    const flight: Flight = { hash, question, reply, next: undefined }
    flights.add(flight)
    return reply.finally(() => flights.remove(flight))
  }
}

function isSame(a: Question, b: Question): boolean {
  if (a.type !== b.type || a.bits !== b.bits || a.wire.length !== b.wire.length) return false
  for (let i = 0; i < a.wire.length; i++) if (a.wire[i] !== b.wire[i]) return false
  return a.route === b.route && (a.subnet === b.subnet || asideOf(a) === asideOf(b))
}

const OVERLOAD: Reply = {
  rcode: RCODE.SERVFAIL,
  body: EMPTY_BODY,
  outcome: { kind: 'failed', reason: 'overload' },
  reusable: 0,
}
