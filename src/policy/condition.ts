// Whether the conditions of a rule hold for a question. Knows no table and no list.
import { type Prefix, prefixHas } from '../base/address.ts'
import { isUnder, nameFromWire } from '../base/name.ts'
import type { ClientPattern, ConditionalRule, Selection } from './rule.ts'

/** Who asks, as a rule may name him. Names in lower case: of the device, its MAC, what the client calls itself. */
export interface RuleClient {
  readonly address: Uint8Array
  readonly names: readonly string[]
}

/** Whether the rule is for questions of this type. */
export const isForType = ({ types }: ConditionalRule, type: number): boolean => chosen(types, (one) => one === type)

/** Whether it says anything of who asks; its answer is for one client then. */
export const namesClients = ({ clients }: ConditionalRule): boolean => clients.only.length + clients.not.length > 0

/** Whether the rule is for this client; without one, not for certain ones. */
export const isForClient = ({ clients }: ConditionalRule, client: RuleClient | undefined): boolean =>
  client === undefined ? clients.only.length === 0 : chosen(clients, (pattern) => is(pattern, client))

/** Whether the name in wire form lies in what the rule leaves out. */
export function isExcepted({ except }: ConditionalRule, wire: Uint8Array, offset: number): boolean {
  if (except.length === 0) return false
  const name = nameFromWire(wire, offset)
  return except.some((zone) => isUnder(name, zone))
}

const chosen = <T>({ only, not }: Selection<T>, fits: (one: T) => boolean): boolean =>
  (only.length === 0 || only.some(fits)) && !not.some(fits)

const is = (pattern: ClientPattern, { address, names }: RuleClient): boolean =>
  pattern.kind === 'range' ? prefixHas(pattern.prefix as Prefix, address) : names.includes(pattern.name)
