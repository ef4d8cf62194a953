// Failures, kept for seconds (RFC 9520): a name that cannot be resolved is not asked for again at once. Knows no upstream.
import { SECOND } from '../../base/clock.ts'
import { EDE } from '../../base/question.ts'
import { Recent } from '../../base/recent.ts'
import type { Reply } from '../../base/reply.ts'
import { keyOf, type Question } from './cache-key.ts'

/** Failures that are remembered: those of the last seconds; 300 bytes each. */
const FAILURES_KEPT = 10_000
/** RFC 9520 §3.2: at least one second; doubled with each failure in a row, up to what is configured. */
const FIRST_HOLD = 1

interface Failure {
  readonly reply: Reply
  readonly until: number
  /** Seconds. */
  readonly hold: number
  /** The outage it belongs to; undefined where the upstreams did answer. */
  readonly outage: number | undefined
}

/** The failures of the last seconds, and whether the upstreams answer at all. Times are `Clock.ticks()`. */
export class Failures {
  readonly #maxHold: number
  readonly #kept = new Recent<string, Failure>(FAILURES_KEPT)
  #outage = 0
  #silent = false

  /** `maxHold`: seconds. */
  constructor(maxHold: number) {
    this.#maxHold = maxHold
  }

  get size(): number {
    return this.#kept.size
  }

  /** Whether the upstreams were silent the last time that something was asked. */
  get silent(): boolean {
    return this.#silent
  }

  /** What is still held against a question: the reply to give, which says that it is a remembered one. */
  of(question: Question, ticks: number): Reply | undefined {
    const failure = this.#kept.size === 0 ? undefined : this.#kept.get(keyOf(question))
    if (failure === undefined || ticks >= failure.until) return undefined
    // The upstreams have spoken since: what failed for want of them may be asked again at once.
    return failure.outage === undefined || failure.outage === this.#outage ? failure.reply : undefined
  }

  /** Notes that a question failed. The many who waited for one answer note it once. */
  note(question: Question, reply: Reply, ticks: number): void {
    const { outcome } = reply
    if (outcome.kind !== 'failed' || outcome.reason === 'overload' || outcome.reason === 'internal') return
    const key = keyOf(question)
    const silent = outcome.reason !== 'upstream-error'
    if (!silent) this.spoke()
    else this.#silent = true
    const before = this.#kept.get(key)
    if (before !== undefined && ticks < before.until && before.outage === (silent ? this.#outage : undefined)) return
    const hold = Math.min(this.#maxHold, before === undefined ? FIRST_HOLD : 2 * before.hold)
    const until = ticks + hold * SECOND
    this.#kept.set(key, { reply: remembered(reply), until, hold, outage: silent ? this.#outage : undefined })
  }

  /** Notes that a question was answered. */
  forget(question: Question): void {
    this.spoke()
    if (this.#kept.size > 0) this.#kept.delete(keyOf(question))
  }

  clear(): void {
    this.#kept.clear()
  }

  /** Notes that an upstream kept somebody waiting too long. */
  fellSilent(): void {
    this.#silent = true
  }

  spoke(): void {
    if (!this.#silent) return
    this.#silent = false
    this.#outage++
  }
}

/** RFC 8914 §4.14: extended error 13, "Cached Error"; the text says what the error was. */
const remembered = (reply: Reply): Reply => ({
  ...reply,
  outcome: { kind: 'failed', reason: 'remembered' },
  error: { code: EDE.CACHED_ERROR, text: `a moment ago: ${reply.error?.text ?? 'no answer'}` },
  reusable: 0,
})
