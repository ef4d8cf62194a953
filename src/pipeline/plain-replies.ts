// Replies to what never enters the pipeline, or does not come out of it whole. Knows no stage.
import { RCODE, type TransportKind } from '../base/question.ts'
import { EMPTY_BODY, type Reply } from '../base/reply.ts'
import type { Limits } from './limits.ts'
import { refused } from './stages/guard.ts'

/**
 * What a query over a limit gets; undefined for silence. TC in every second reply asks an honest device to come over
 * TCP, and serves nobody who forges addresses: such a reply is no longer than the question. What is not UDP is answered.
 */
export function overLimit(how: Limits['over'], nth: number, transport: TransportKind): Reply | undefined {
  if (transport !== 'udp' || how === 'refuse') return refused(RCODE.REFUSED, 'limit')
  return how === 'truncate' && nth % 2 === 1 ? COME_OVER_TCP : undefined
}

/** The named rule behind a response code that a query was rejected with before it was one. */
export const REJECTS: Record<number, 'opcode' | 'version' | 'malformed'> = {
  [RCODE.NOTIMP]: 'opcode',
  [RCODE.BADVERS]: 'version',
}

/** RFC 7873 §5.4: who asked for nothing but a cookie gets nothing else. */
export const COOKIE_ONLY: Reply = { rcode: RCODE.NOERROR, body: EMPTY_BODY, outcome: { kind: 'special' }, reusable: 0 }

/** An empty reply with TC set: over TCP, an address is proven. */
export const COME_OVER_TCP: Reply = {
  rcode: RCODE.NOERROR,
  body: EMPTY_BODY,
  outcome: { kind: 'refused', reason: 'cookie' },
  reusable: 0,
}

/** What a fault of our own looks like from outside. */
export const INTERNAL: Reply = {
  rcode: RCODE.SERVFAIL,
  body: EMPTY_BODY,
  outcome: { kind: 'failed', reason: 'internal' },
  reusable: 0,
}
