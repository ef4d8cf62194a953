// What a question would be answered now, without asking anybody outside: the pipeline's own stages, in their own order, over
// what the cache holds. For people; knows no thread.
import { type Clock, SECOND } from '../base/clock.ts'
import { type Query, RCODE } from '../base/question.ts'
import { type Body, EMPTY_BODY, type Reply } from '../base/reply.ts'
import { answerTexts } from '../wire/answer-text.ts'
import { recordText } from '../wire/record-text.ts'
import type { AnswerCache } from './cache/answer-cache.ts'
import { order, type Stages } from './order.ts'
import type { Stage } from './stage.ts'
import { whenReplied } from './stage.ts'

/** Who had the last word on an answer: a stage of the pipeline, or the upstream, which was not asked. */
export type AnswerSource = Exclude<keyof Stages, 'coalesce' | 'clientSubnet' | 'route'>

/** An answer as it would be given. */
export interface Rehearsed {
  readonly source: AnswerSource
  readonly rcode: number
  /** Seconds; undefined where nothing is known that could be kept. */
  readonly ttl: number | undefined
  /** The data of each record, in order: an alias first, then what stands behind it. */
  readonly records: readonly string[]
  /** What is said with it (RFC 8914). */
  readonly error: string | undefined
  /** Over UDP nothing is sent at all. */
  readonly silent: boolean
  /** Only the upstream knows the rest. */
  readonly open: boolean
}

/** Makes a pipeline for rehearsals of the stages of the real one. `dns64` is one of its own: its figures are not ours. */
export function rehearsals(stages: Stages, store: AnswerCache, clock: Clock): (query: Query) => Promise<Rehearsed> {
  let source: AnswerSource = 'upstream'

  /** The same stage; where it says something else than what came from behind it, it has the word. */
  function noted(name: AnswerSource, stage: Stage): Stage
  function noted(name: AnswerSource, stage: Stage | undefined): Stage | undefined
  function noted(name: AnswerSource, stage: Stage | undefined): Stage | undefined {
    if (stage === undefined) return undefined
    return (query, next) => {
      let inner: Body | undefined
      const reply = stage(query, (further) =>
        whenReplied(next(further), (said) => {
          inner = said.body
          return said
        }),
      )
      return whenReplied(reply, (said) => {
        if (said.body !== inner) source = name
        return said
      })
    }
  }

  const kept: Stage = (query, next) => {
    const found = store.peek(query.name, query.type, query.route).find(({ left }) => left > 0)
    if (found === undefined) return next(query)
    const { rcode, message, stored } = found
    return { rcode, body: { kind: 'wire', message, since: stored }, outcome: { kind: 'cached' }, reusable: 0 }
  }

  const pipeline = order({
    guard: noted('guard', stages.guard),
    discovery: noted('discovery', stages.discovery),
    special: noted('special', stages.special),
    local: noted('local', stages.local),
    sinkhole: noted('sinkhole', stages.sinkhole),
    safeSearch: noted('safeSearch', stages.safeSearch),
    dns64: noted('dns64', stages.dns64),
    inspect: noted('inspect', stages.inspect),
    clientSubnet: undefined,
    route: stages.route,
    rebinding: noted('rebinding', stages.rebinding),
    cache: noted('cache', kept),
    coalesce: (query, next) => next(query),
    upstream: () => {
      source = 'upstream'
      return UNKNOWN
    },
  })
  return (query) => {
    // Nothing in it waits, so two rehearsals never mix.
    const reply = pipeline(query)
    if (reply instanceof Promise) return reply.then((said) => asRehearsed(source, said, clock))
    return asRehearsed(source, reply, clock)
  }
}

/** Stands for an answer that only the upstream has. */
const UNKNOWN: Reply = {
  rcode: RCODE.NOERROR,
  body: EMPTY_BODY,
  outcome: { kind: 'forwarded', upstream: 0 },
  reusable: 0,
}

async function asRehearsed(
  source: AnswerSource,
  { rcode, body, error, silent, outcome }: Reply,
  clock: Clock,
): Promise<Rehearsed> {
  const common = {
    source,
    rcode,
    error: error?.text,
    silent: silent === true,
    open: outcome.kind === 'forwarded',
  }
  if (body.kind === 'own') {
    const ttls = (body.answers.length > 0 ? body.answers : body.authority).map(({ ttl }) => ttl)
    const ttl = ttls.length === 0 ? undefined : Math.min(...ttls)
    return { ...common, ttl, records: body.answers.map(recordText) }
  }
  const age = Math.max(0, Math.floor((clock.ticks() - body.since) / SECOND))
  return { ...common, ttl: Math.max(0, body.message.ttl - age), records: await answerTexts(body.message.bytes) }
}
