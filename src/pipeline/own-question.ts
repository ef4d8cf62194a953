// Questions of our own, asked as a device of the house asks: for the server's own errands. Knows no socket.

import { type Name, wireFromName } from '../base/name.ts'
import { CLASS, type Query, RCODE, TYPE } from '../base/question.ts'
import { handOutsOf } from '../base/reply.ts'
import type { Next } from './stage.ts'

/** Where a name leads, or why it leads nowhere. */
export interface Resolved {
  readonly addresses: readonly string[]
  /** The house's own lists block it. */
  readonly blocked: boolean
}

/** Asks the pipeline for the addresses of a name. `now`: `Clock.ticks()`. */
export async function resolveName(pipeline: Next, name: Name, now: number): Promise<Resolved> {
  const wire = wireFromName(name)
  if (wire === undefined) return { addresses: [], blocked: false }
  const replies = await Promise.all([TYPE.A, TYPE.AAAA].map((type) => pipeline(ownQuestion(name, wire, type, now))))
  return {
    addresses: replies.flatMap((reply) =>
      reply.rcode === RCODE.NOERROR ? handOutsOf(reply).map(({ address }) => address) : [],
    ),
    blocked: replies.some(({ outcome }) => outcome.kind === 'blocked'),
  }
}

const ownQuestion = (name: Name, wire: Uint8Array, type: number, received: number): Query => ({
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
  client: '127.0.0.1',
  group: 0,
  received,
})
