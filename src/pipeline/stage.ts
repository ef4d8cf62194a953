// The one shape of a step of the pipeline. Knows nothing of sockets or threads.
import type { Query } from '../base/question.ts'
import type { Reply } from '../base/reply.ts'

/** What comes after a stage. At once where it can be, so that a hit never waits for the event loop. */
export type Next = (query: Query) => Reply | Promise<Reply>

/** One step: answers, or asks the next, or changes what the next one said. */
export type Stage = (query: Query, next: Next) => Reply | Promise<Reply>

/** Folds stages around the terminal; the first one is outermost. */
export const compose = (stages: readonly Stage[], last: Next): Next =>
  stages.reduceRight<Next>((next, stage) => (query) => stage(query, next), last)

/** Applies `change` to a reply that is there, or when it comes. */
export const whenReplied = (
  reply: Reply | Promise<Reply>,
  change: (reply: Reply) => Reply | Promise<Reply>,
): Reply | Promise<Reply> => (reply instanceof Promise ? reply.then(change) : change(reply))
