// Questions of our own, asked as a device of the house asks: for the server's own errands. Knows no socket.

import { type Name, wireFromName } from '../base/name.ts'
import { CLASS, type Query, RCODE, TYPE } from '../base/question.ts'
import { handOutsOf, type Reply } from '../base/reply.ts'
import type { Next } from './stage.ts'

/** Where a name leads, or why it leads nowhere. */
export interface Resolved {
  readonly addresses: readonly string[]
  /** The house's own lists block it. */
  readonly blocked: boolean
}

/** Who asks: this machine, where nobody else is meant. */
export type Asker = Pick<Query, 'client' | 'group' | 'clientId'>

const OURSELVES: Asker = { client: '127.0.0.1', group: 0 }

/** Asks the pipeline for the addresses of a name; never rejects. `now`: `Clock.ticks()`. */
export async function resolveName(pipeline: Next, name: Name, now: number): Promise<Resolved> {
  const wire = wireFromName(name)
  if (wire === undefined) return { addresses: [], blocked: false }
  const ask = async (type: number): Promise<Reply | undefined> => {
    try {
      return await pipeline(ownQuestion(name, wire, type, now))
    } catch {
      return undefined
    }
  }
  const replies = (await Promise.all([ask(TYPE.A), ask(TYPE.AAAA)])).filter((reply) => reply !== undefined)
  return {
    addresses: replies.flatMap((reply) =>
      reply.rcode === RCODE.NOERROR ? handOutsOf(reply).map(({ address }) => address) : [],
    ),
    blocked: replies.some(({ outcome }) => outcome.kind === 'blocked'),
  }
}

/** A question as a device asks it over UDP. `received`: `Clock.ticks()`. */
export const ownQuestion = (
  name: Name,
  wire: Uint8Array,
  type: number,
  received: number,
  asker = OURSELVES,
): Query => ({
  id: 0,
  opcode: 0,
  name,
  wire,
  type,
  class: CLASS.IN,
  recursionDesired: true,
  checkingDisabled: false,
  authenticData: false,
  edns: undefined,
  transport: 'udp',
  ...asker,
  received,
})
