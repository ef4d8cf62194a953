// Who is in which group. Knows a device by what the network says of it, and no rule.
import { type Mac, type Prefix, prefixHas } from '../base/address.ts'
import type { BlockAnswer } from './block-answer.ts'
import { DEFAULT_GROUP } from './decision.ts'
import { nameMatches } from './name-pattern.ts'

/** One condition of membership. */
export type Member =
  | { readonly kind: 'mac'; readonly mac: Mac }
  | { readonly kind: 'range'; readonly prefix: Prefix }
  /** The device's name, lower case; `*` stands for any text. */
  | { readonly kind: 'name'; readonly pattern: string }
  /** What a client calls itself, by TLS server name or DoH path; `*` stands for any text. */
  | { readonly kind: 'id'; readonly pattern: string }
  /** What it asks over: plain DNS, TLS or HTTPS. */
  | { readonly kind: 'door'; readonly door: string }
  /** The address of ours that it asks at, as `endpointText` has it; one that ends with a colon is for every port. */
  | { readonly kind: 'listener'; readonly at: string }

/** One group. What it leaves open, the next group of a device says, and the house at last. */
export interface Group {
  readonly name: string
  readonly members: readonly Member[]
  /** The rules for everybody are for its members too. */
  readonly withDefault: boolean
  /** Only what an allow rule names is answered. */
  readonly only: boolean
  readonly answer: BlockAnswer | undefined
  /** Search engines that answer strictly, by their key in safe-search.ts. */
  readonly safeSearch: readonly string[]
  /** It has upstreams of its own. */
  readonly upstreams: boolean
}

/** Who asks. `name` and `id` in lower case. */
export interface Who {
  readonly address: Uint8Array
  readonly door: string
  /** As `endpointText` has it; empty where that plays no part. */
  readonly listener: string
  readonly id: string | undefined
  readonly mac: Mac | undefined
  readonly name: string | undefined
}

/**
 * The groups of a device, by name, in the order of `groups`; `default` stands last, and is left out where one of the
 * others wants nothing of it.
 */
export function groupsOf(groups: readonly Group[], who: Who): readonly string[] {
  const own = groups.filter(({ name, members }) => name !== DEFAULT_GROUP && members.some((member) => is(member, who)))
  const names = own.map(({ name }) => name)
  return own.some(({ withDefault }) => !withDefault) ? names : [...names, DEFAULT_GROUP]
}

function is(member: Member, { address, door, listener, id, mac, name }: Who): boolean {
  switch (member.kind) {
    case 'mac':
      return member.mac === mac
    case 'range':
      return prefixHas(member.prefix, address)
    case 'name':
      return name !== undefined && nameMatches(member.pattern, name)
    case 'id':
      return id !== undefined && nameMatches(member.pattern, id)
    case 'door':
      return member.door === door
    case 'listener':
      return isListener(member.at, listener)
  }
}

/** Whether the listener is the one that a member names: with a port, or, ending with a colon, at every port. */
export const isListener = (named: string, listener: string): boolean =>
  named.endsWith(':') ? listener.startsWith(named) : named === listener
