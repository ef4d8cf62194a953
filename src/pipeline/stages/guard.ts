// Refuses what a forwarder does not serve. Knows no policy and no client: access is decided before the pipeline.
import type { Name } from '../../base/name.ts'
import { CLASS, EDE, type ExtendedError, type Query, RCODE, TYPE } from '../../base/question.ts'
import { EMPTY_BODY, type RefusedReason, type Reply } from '../../base/reply.ts'
import type { Stage } from '../stage.ts'

/** What this server tells of itself to who asks in class CHAOS; undefined: nothing. */
export interface Identity {
  /** For `version.bind` and `version.server`. */
  readonly version: string | undefined
  /** For `hostname.bind` and `id.server` (RFC 4892). */
  readonly host: string | undefined
}

/** Lets standard questions of class IN through; everything else ends here, each by a named rule. */
export function guard(identity: Identity): Stage {
  const chaos = chaosTexts(identity)
  return function guard(query, next) {
    if (query.class !== CLASS.IN) return chaosReply(query, chaos) ?? refused(RCODE.REFUSED, 'class')
    // Zone transfers are between name servers (RFC 5936, RFC 1995); TSIG, TKEY and OPT are no data types (RFC 6895 §3.1).
    if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) return refused(RCODE.REFUSED, 'transfer')
    if (query.type === TYPE.OPT || query.type === TYPE.TSIG || query.type === TYPE.TKEY) {
      return refused(RCODE.FORMERR, 'malformed')
    }
    // RFC 8482 §4.2: ANY gets a made-up HINFO: answering it in full serves reflection attacks and nobody else.
    if (query.type === TYPE.ANY) return anyReply(query)
    // A query that forbids recursion asks what our cache holds, which is nobody's business (RFC 8906 §3.1.4 accepts REFUSED).
    return query.recursionDesired ? next(query) : refused(RCODE.REFUSED, 'no-recursion')
  }
}

const chaosTexts = ({ version, host }: Identity): ReadonlyMap<Name, string> =>
  new Map(
    [
      ['version.bind', version] as const,
      ['version.server', version] as const,
      ['hostname.bind', host] as const,
      ['id.server', host] as const,
    ].flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  )

/** RFC 4892 §3: a TXT record of class CHAOS with TTL 0; another type of such a name has no data. */
function chaosReply(query: Query, texts: ReadonlyMap<Name, string>): Reply | undefined {
  const text = query.class === CLASS.CH ? texts.get(query.name) : undefined
  if (text === undefined) return undefined
  const record = { kind: 'TXT', name: query.name, ttl: 0, texts: [text], class: CLASS.CH } as const
  const answers = query.type === TYPE.TXT || query.type === TYPE.ANY ? [record] : []
  return {
    rcode: RCODE.NOERROR,
    body: { kind: 'own', answers, authority: [], authoritative: true },
    outcome: { kind: 'special' },
    reusable: 0,
  }
}

/** RFC 8482 §4.2 suggests this CPU string; the TTL is ours. */
const anyReply = (query: Query): Reply => ({
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

/** A refusal by a named rule, with an extended error (RFC 8914) where one says more than the code. */
export function refused(rcode: number, reason: RefusedReason): Reply {
  const error = ERRORS[reason]
  return {
    rcode,
    body: EMPTY_BODY,
    outcome: { kind: 'refused', reason },
    ...(error === undefined ? {} : { error }),
    reusable: 0,
  }
}

/** RFC 8914 §4.19, §4.21, §4.22. */
const ERRORS: Readonly<Partial<Record<RefusedReason, ExtendedError>>> = {
  access: { code: EDE.PROHIBITED, text: 'this address may not ask here' },
  limit: { code: EDE.PROHIBITED, text: 'too many questions from this address' },
  class: { code: EDE.NOT_SUPPORTED, text: 'only class IN is served' },
  transfer: { code: EDE.NOT_SUPPORTED, text: 'no zones are transferred' },
  'no-recursion': { code: EDE.NOT_AUTHORITATIVE, text: 'only questions that want recursion are served' },
}
