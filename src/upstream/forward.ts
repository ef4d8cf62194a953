// Forwards a question: which upstream, when the next one as well, and what it means when none answers.

import type { Endpoint } from '../base/address.ts'
import { EDE, type Query, RCODE } from '../base/question.ts'
import { EMPTY_BODY, type Reply } from '../base/reply.ts'
import { type FailedTry, type Try, Upstream, type UpstreamFigures } from './upstream.ts'

/** How often and how long to try. */
export interface Persistence {
  /** Milliseconds for one try. */
  readonly timeout: number
  /** Tries for one question, over all upstreams. */
  readonly attempts: number
}

/** All upstreams as the pipeline's last step sees them. */
export interface Upstreams {
  readonly ask: (query: Query) => Promise<Reply>
  readonly figures: () => readonly UpstreamFigures[]
  /** Ends what is on its way: call it when nothing waits any more. */
  readonly close: () => void
}

/** Opens sockets towards the servers as they are needed. */
export function openUpstreams(servers: readonly Endpoint[], persistence: Persistence): Upstreams {
  const upstreams = servers.map((server) => new Upstream(server))
  return {
    ask: (query) => forward(upstreams, persistence, query),
    figures: () => upstreams.map((upstream) => upstream.figures),
    close: () => {
      for (const upstream of upstreams) upstream.close()
    },
  }
}

/**
 * Asks the upstreams: the first healthy one in the configured order; the next one as well when it fails or takes much
 * longer than it usually does. The first usable answer wins.
 */
function forward(upstreams: readonly Upstream[], { timeout, attempts }: Persistence, query: Query): Promise<Reply> {
  return new Promise((resolve) => {
    const order = willing(upstreams)
    let started = 0
    let running = 0
    let last: FailedTry = 'unreachable'
    let done = false
    const finish = (reply: Reply): void => {
      done = true
      resolve(reply)
    }
    const again = (): void => {
      if (done || started >= attempts) return
      const upstream = order[started % order.length]
      if (upstream === undefined) {
        finish(failure('unreachable', upstreams.length))
        return
      }
      started++
      running++
      const impatient = setTimeout(again, upstream.patience)
      void upstream.ask(query, timeout).then((result) => {
        clearTimeout(impatient)
        running--
        if (done) return
        if (result.kind === 'answer') return finish(success(result, query, upstreams.indexOf(upstream)))
        last = result.reason
        if (started < attempts) again()
        else if (running === 0) finish(failure(last, upstreams.length))
      })
    }
    again()
  })
}

/** Healthy ones first, in the configured order; those that are down only when their next try is due and none is healthy. */
function willing(upstreams: readonly Upstream[]): readonly Upstream[] {
  const now = performance.now()
  const healthy = upstreams.filter((upstream) => upstream.healthy)
  // A server that is down is found to be back by a question that has a healthy one to fall back on.
  const due = upstreams.filter((upstream) => !upstream.healthy && upstream.mayTry(now))
  return healthy.length > 0 ? [...healthy.slice(0, 1), ...due, ...healthy.slice(1)] : due
}

function success({ scanned }: Extract<Try, { kind: 'answer' }>, query: Query, upstream: number): Reply {
  return {
    rcode: scanned.rcode,
    body: { kind: 'wire', message: scanned.message, since: query.received },
    outcome: { kind: 'forwarded', upstream },
    reusable: scanned.message.ttl,
  }
}

/** SERVFAIL with the reason in an extended error (RFC 8914 §4.23, §4.24). */
function failure(reason: FailedTry, upstreams: number): Reply {
  const network = reason === 'unreachable'
  const text = upstreams === 0 ? 'no upstream is configured' : TEXTS[reason]
  return {
    rcode: RCODE.SERVFAIL,
    body: EMPTY_BODY,
    outcome: { kind: 'failed', reason: OUTCOMES[reason] },
    error: { code: network ? EDE.NETWORK_ERROR : EDE.NO_REACHABLE_AUTHORITY, text },
    reusable: 0,
  }
}

const TEXTS: Record<FailedTry, string> = {
  timeout: 'no upstream answered in time',
  unreachable: 'no upstream can be reached',
  malformed: 'the upstreams sent malformed answers',
  refused: 'the upstreams refused',
  servfail: 'the upstreams failed',
}

const OUTCOMES = {
  timeout: 'upstream-timeout',
  unreachable: 'no-upstream',
  malformed: 'upstream-error',
  refused: 'upstream-error',
  servfail: 'upstream-error',
} as const
