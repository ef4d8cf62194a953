// Asks a resolver in memory what it knows of a name, as `explain` does.
import type { Manner } from '../../src/pipeline/profiles.ts'
import type { NameLooked } from '../../src/threads/messages.ts'
import { until } from './house/until.ts'
import type { InMemory } from './in-memory.ts'

/** What is known of it, for who asks from this address, in this manner. */
export async function looked(house: InMemory, name: string, from?: string, manner?: Manner): Promise<NameLooked> {
  const before = house.messages.length
  house.resolver.obey({ kind: 'look', token: 1, name, from, manner })
  const message = await until('what is known of the name', () =>
    house.messages.slice(before).find((one) => one.kind === 'looked'),
  )
  return message.found
}
