// What the house itself would answer for a name, and which record and file say so. Cold path.
import type { Clock } from '../base/clock.ts'
import type { Name } from '../base/name.ts'
import { type Query, RCODE } from '../base/question.ts'
import { EMPTY_BODY, type Reply } from '../base/reply.ts'
import type { Explanation } from '../control/explain-schema.ts'
import { local } from '../pipeline/stages/local.ts'
import { special } from '../pipeline/stages/special.ts'
import type { NameSettings } from '../threads/messages.ts'
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

/** Where the name stands: records of the configuration, lines of hosts files, leases, rewrites. */
export function originsOf(names: HouseNames, name: Name): Explanation['local'] {
  const found = names.zone.find(name)
  if (found.kind === 'rewrite') {
    return [{ source: 'rewrite', path: null, line: null, text: `rewrites: ${found.owner}` }]
  }
  return names
    .originsOf(name)
    .map(({ source, path, line, text }) => ({ source, path: path ?? null, line: line ?? null, text }))
}
