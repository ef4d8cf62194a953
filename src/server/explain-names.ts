// What the house itself would answer for a name, and which record and file say so. Cold path.

import { parseAddress } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import { isUnder, type Name, wireFromName } from '../base/name.ts'
import { type Query, RCODE, rcodeName, TYPE } from '../base/question.ts'
import { EMPTY_BODY, type Reply } from '../base/reply.ts'
import type { Explanation } from '../control/explain-schema.ts'
import { embed } from '../names/nat64.ts'
import { local } from '../pipeline/stages/local.ts'
import { isInside } from '../pipeline/stages/rebinding.ts'
import { special } from '../pipeline/stages/special.ts'
import type { Looked, NameSettings } from '../threads/messages.ts'
import type { HouseNames } from './house-names.ts'

/** Stands for "not this stage". */
const PASSED: Reply = { rcode: RCODE.NOERROR, body: EMPTY_BODY, outcome: { kind: 'special' }, reusable: 0 }
/** No age counts here. */
const STANDING: Clock = { now: () => 0, ticks: () => 0 }

/** The answer to `query` where it is a special name or one of the house; undefined where it goes on. */
export function houseAnswer(
  names: HouseNames,
  settings: NameSettings,
  query: Query,
): { readonly source: 'special' | 'local'; readonly reply: Reply } | undefined {
  const house = { current: names.zone }
  const specials = special(house, settings)
  const own = specials(query, () => PASSED) as Reply
  if (own !== PASSED) return { source: 'special', reply: own }
  const stage = local({ names: house, forwarded: settings.forwarded, special: specials, clock: STANDING })
  const reply = stage(query, () => PASSED) as Reply
  return reply === PASSED ? undefined : { source: 'local', reply }
}

/** Where the name stands: records of the configuration, lines of hosts files, leases, rewrites; or why it is special. */
export function originsOf(names: HouseNames, settings: NameSettings, name: Name): Explanation['local'] {
  const found = names.zone.find(name)
  if (found.kind === 'outside') {
    const query = { name, wire: wireFromName(name), type: TYPE.A } as Query
    const answer = houseAnswer(names, settings, query)
    if (answer?.source !== 'special') return []
    return [{ source: 'special', path: null, line: null, text: answer.reply.error?.text ?? 'docs/names.md' }]
  }
  if (found.kind === 'rewrite') {
    return [{ source: 'rewrite', path: null, line: null, text: `rewrites: ${found.owner}` }]
  }
  return names
    .originsOf(name)
    .map(({ source, path, line, text }) => ({ source, path: path ?? null, line: line ?? null, text }))
}

type Would = Explanation['wouldAnswer']['A']

/** What rebinding protection and DNS64 make of what the cache holds, where they are on and change it. */
export function asServed(
  { rebinding, dns64, forwarded }: NameSettings,
  name: Name,
  type: number,
  cached: readonly Looked[],
): Would | undefined {
  const of = (typeText: string) => cached.find((one) => one.type === typeText && one.ttl > 0)
  const kept = of(type === TYPE.A ? 'A' : 'AAAA')
  const addresses = (one: Looked | undefined) => one?.records.flatMap((text) => parseAddress(text) ?? []) ?? []
  const trusted = rebinding === undefined || [...rebinding.except, ...forwarded].some((zone) => isUnder(name, zone))
  if (!trusted && type !== TYPE.HTTPS && addresses(kept).some(isInside)) {
    return { source: 'refused', rcode: rcodeName(RCODE.NOERROR), ttl: null, records: [] }
  }
  if (dns64 === undefined || type !== TYPE.AAAA || dns64.exceptNames.some((zone) => isUnder(name, zone)))
    return undefined
  const four = of('A')
  const made = addresses(four).flatMap((address) => embed(dns64.prefix, address) ?? [])
  const hasOwn = kept === undefined || addresses(kept).some((address) => address.includes(':'))
  if (four === undefined || hasOwn || made.length === 0) return undefined
  return { source: 'dns64', rcode: four.rcode, ttl: Math.min(four.ttl, kept.ttl), records: made }
}
