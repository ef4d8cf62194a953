// What upstreams said, given while its TTL runs; given stale where no upstream has a newer answer (RFC 8767); failures
// remembered (RFC 9520); popular names fetched before they expire. Knows no upstream; time comes from outside.
import type { After, Clock } from '../../base/clock.ts'
import type { Name } from '../../base/name.ts'
import { EDE, type Query, RCODE } from '../../base/question.ts'
import type { Reply } from '../../base/reply.ts'
import type { AnswerCache, Kept } from '../cache/answer-cache.ts'
import { type Question, questionOf } from '../cache/cache-key.ts'
import { Failures } from '../cache/failures.ts'
import { Prefetch } from '../cache/prefetch.ts'
import { boundTtls } from '../cache/ttl-bounds.ts'
import { type Next, type Stage, whenReplied } from '../stage.ts'

/** How the cache behaves beyond keeping. */
export interface CacheHabits {
  /** For how many seconds after its end an answer may be given, and after how many milliseconds of waiting; undefined: never. */
  readonly stale: { readonly max: number; readonly wait: number } | undefined
  /** Longest time that a failure is held, seconds. */
  readonly failureTtl: number
  readonly prefetch: boolean
}

/** What the stage is made of. */
export interface CacheParts {
  readonly store: AnswerCache
  readonly habits: CacheHabits
  readonly clock: Clock
  readonly after: After
  /** Hears of a fault while something was fetched that nobody waited for. */
  readonly onFault: (fault: unknown) => void
}

/** Figures of the cache. */
export interface CacheFigures {
  readonly entries: number
  readonly bytes: number
  /** Failures that are remembered. */
  readonly failures: number
  /** Answers fetched before they expired. */
  readonly prefetches: number
  /** Answers that were forgotten by wish, and those that came back after a restart. */
  readonly flushed: number
  readonly restored: number
}

/** The stage, with its figures. */
export interface CacheStage {
  readonly stage: Stage
  /** Forgets a name, or a zone with all under it, and every failure; returns how many answers. */
  readonly flush: (name: Name, zone: boolean) => number
  readonly figures: () => CacheFigures
}

/** RFC 8767 §5: the TTL of stale records. */
const STALE_TTL = 30

/** Makes the stage over a store. */
export function cacheStage({ store, habits, clock, after, onFault }: CacheParts): CacheStage {
  const failures = new Failures(habits.failureTtl)
  const prefetch = habits.prefetch ? new Prefetch() : undefined
  const { stale } = habits

  /** Takes what came back: keeps an answer, notes a failure; hands on the answer with its TTLs within the bounds. */
  function take(question: Question, reply: Reply): Reply {
    if (reply.outcome.kind === 'failed') failures.note(question, reply, clock.ticks())
    if (reply.body.kind !== 'wire' || reply.outcome.kind !== 'forwarded') return reply
    failures.forget(question)
    if (reply.rcode !== RCODE.NOERROR && reply.rcode !== RCODE.NXDOMAIN) return reply
    const message = store.keep(question, reply.rcode, reply.body.message)
    return { ...reply, body: { kind: 'wire', message, since: clock.ticks() } }
  }

  const fetch = (query: Query, question: Question, next: Next): Reply | Promise<Reply> =>
    whenReplied(next(query), (reply) => take(question, reply))

  /** Fetches what nobody waits for. */
  function refresh(query: Query, question: Question, next: Next): void {
    const fresh = fetch(query, question, next)
    if (fresh instanceof Promise) fresh.catch(onFault)
  }

  function hit(kept: Kept, left: number, query: Query, question: Question, next: Next): Reply {
    kept.uses++
    const window = prefetch === undefined ? 0 : prefetch.windowOf(kept)
    const isNearEnd = left <= window
    const start = isNearEnd && prefetch?.decide(kept) === true
    store.note(kept)
    if (!isNearEnd) return cached(kept, left - window)
    if (start) refresh(query, question, next)
    // The lane lets go of it while a newer one is on its way.
    return cached(kept, kept.prefetch === 'running' ? 0 : left)
  }

  /** RFC 8767 §5: the old answer where a fresh one cannot be had, or not in time. */
  function expired(kept: Kept, { wait }: { wait: number }, query: Query, question: Question, next: Next) {
    // RFC 8767 §5 "failure recheck timer": not asked again while the last failure is held.
    if (failures.of(question, clock.ticks()) !== undefined) return tooOld(kept)
    const { silent } = failures
    const fresh = fetch(query, question, next)
    if (!(fresh instanceof Promise)) return fresh.outcome.kind === 'failed' ? tooOld(kept) : fresh
    if (silent || wait === 0) {
      fresh.catch(onFault)
      return tooOld(kept)
    }
    return new Promise<Reply>((resolve) => {
      const calledOff = after(wait, () => {
        failures.fellSilent()
        resolve(tooOld(kept))
      })
      fresh.then(
        (reply) => {
          calledOff()
          resolve(reply.outcome.kind === 'failed' ? tooOld(kept) : reply)
        },
        (fault: unknown) => {
          calledOff()
          onFault(fault)
          resolve(tooOld(kept))
        },
      )
    })
  }

  return {
    stage: function cache(query, next) {
      const question = questionOf(query)
      const kept = store.get(question)
      if (kept !== undefined) {
        const left = store.left(kept)
        if (left > 0) return hit(kept, left, query, question, next)
        if (stale !== undefined && left > -stale.max) return expired(kept, stale, query, question, next)
        store.delete(question)
      }
      const failed = failures.of(question, clock.ticks())
      if (failed !== undefined) return failed
      prefetch?.earn()
      return fetch(query, question, next)
    },
    flush: (name, zone) => {
      failures.clear()
      return store.flush(name, zone)
    },
    figures: () => ({
      ...store.size,
      failures: failures.size,
      prefetches: prefetch?.started ?? 0,
      flushed: store.flushed,
      restored: store.restored,
    }),
  }

  function tooOld({ rcode, message }: Kept): Reply {
    const nxdomain = rcode === RCODE.NXDOMAIN
    return {
      rcode,
      body: { kind: 'wire', message: boundTtls(message, STALE_TTL, STALE_TTL), since: clock.ticks() },
      outcome: { kind: 'stale' },
      // RFC 8914 §4.4, §4.20.
      error: {
        code: nxdomain ? EDE.STALE_NXDOMAIN_ANSWER : EDE.STALE_ANSWER,
        text: 'kept past its end: no upstream gave a newer answer',
      },
      reusable: 0,
    }
  }
}

/** `reusable`: seconds for which the fast lane may repeat it. */
const cached = ({ rcode, message, stored }: Kept, reusable: number): Reply => ({
  rcode,
  body: { kind: 'wire', message, since: stored },
  outcome: { kind: 'cached' },
  reusable,
})
