// Refuses what a forwarder does not serve. Knows no policy and no client: access is decided before the pipeline.
import { CLASS, EDE, type Query, RCODE, TYPE } from '../../base/question.ts'
import { EMPTY_BODY, type RefusedReason, type Reply } from '../../base/reply.ts'
import type { Next } from '../stage.ts'

/** Lets standard questions of class IN through; everything else ends here, each by a named rule. */
export function guard(query: Query, next: Next): Reply | Promise<Reply> {
  if (query.class !== CLASS.IN) return refused(RCODE.REFUSED, 'class')
  // Zone transfers are between name servers (RFC 5936, RFC 1995); TSIG, TKEY and OPT are no data types (RFC 6895 §3.1).
  if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return refused(RCODE.REFUSED, 'transfer')
  if (query.type === TYPE.OPT || query.type === TYPE.TSIG || query.type === TYPE.TKEY) {
    return refused(RCODE.FORMERR, 'malformed')
  }
  // RFC 8482 §4.2: ANY gets a made-up HINFO: answering it in full serves reflection attacks and nobody else.
  if (query.type === TYPE.ANY) return ANY_REPLY(query)
  // A query that forbids recursion asks what our cache holds, which is nobody's business (RFC 8906 §3.1.4 accepts REFUSED).
  return query.recursionDesired ? next(query) : refused(RCODE.REFUSED, 'no-recursion')
}

/** RFC 8482 §4.2 suggests this CPU string; the TTL is ours. */
const ANY_REPLY = (query: Query): Reply => ({
  rcode: RCODE.NOERROR,
  body: {
    kind: 'own',
    answers: [{ kind: 'HINFO', name: query.name, ttl: 3600, cpu: 'RFC8482', os: '' }],
    authority: [],
    authoritative: false,
  },
  outcome: { kind: 'special' },
  reusable: 3600,
})

/** A refusal by a named rule. `limit` and `access` carry EDE 18 "Prohibited" (RFC 8914 §4.19). */
export const refused = (rcode: number, reason: RefusedReason): Reply => ({
  rcode,
  body: EMPTY_BODY,
  outcome: { kind: 'refused', reason },
  ...(reason === 'access' ? { error: { code: EDE.PROHIBITED, text: 'this address may not ask here' } } : {}),
  reusable: 0,
})
