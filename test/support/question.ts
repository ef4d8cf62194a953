// Questions as the pipeline hands them to the upstreams, for tests that have no pipeline.
import type { Query } from '../../src/base/question.ts'
import type { Reply } from '../../src/base/reply.ts'
import { readQuery } from '../../src/wire/read-query.ts'
import { type AskOptions, queryPacket } from './packets.ts'

/** A question for a name. */
export function question(name: string, options: AskOptions = {}): Query {
  const packet = queryPacket(name, options)
  const read = readQuery(packet, 0, packet.length, { client: '127.0.0.1', transport: 'udp', group: 0, received: 0 })
  if (read.kind !== 'query') throw new Error('the test asks nonsense')
  return read.query
}

/** The addresses that a reply hands out. */
export const addressesIn = (reply: Reply): string[] =>
  reply.body.kind === 'wire' ? reply.body.message.handOuts.map(({ address }) => address) : []
