// Where the house itself has a name: which record and file say so, or why it is special. Cold path.
import { type Name, wireFromName } from '../base/name.ts'
import { type Query, RCODE, TYPE } from '../base/question.ts'
import { EMPTY_BODY, type Reply } from '../base/reply.ts'
import type { Explanation } from '../control/explain-schema.ts'
import { special } from '../pipeline/stages/special.ts'
import type { NameSettings } from '../threads/messages.ts'
import type { HouseNames } from './house-names.ts'

/** Stands for "no special name". */
const PASSED: Reply = { rcode: RCODE.NOERROR, body: EMPTY_BODY, outcome: { kind: 'special' }, reusable: 0 }

/** Where the name stands: records of the configuration, lines of hosts files, leases, rewrites; or why it is special. */
export function originsOf(names: HouseNames, settings: NameSettings, name: Name): Explanation['local'] {
  const found = names.zone.find(name)
  if (found.kind === 'outside') {
    const query = { name, wire: wireFromName(name), type: TYPE.A } as Query
    const reply = special({ current: names.zone }, settings)(query, () => PASSED) as Reply
    if (reply === PASSED) return []
    return [{ source: 'special', path: null, line: null, text: reply.error?.text ?? 'docs/names.md' }]
  }
  if (found.kind === 'rewrite') {
    return [{ source: 'rewrite', path: null, line: null, text: `rewrites: ${found.owner}` }]
  }
  return names
    .originsOf(name)
    .map(({ source, path, line, text }) => ({ source, path: path ?? null, line: line ?? null, text }))
}
