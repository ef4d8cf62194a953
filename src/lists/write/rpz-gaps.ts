// What a response policy zone needs besides its rules: in a zone, a name keeps the wildcards above it away from itself and
// from all that is under it, and so does every name between (RFC 4592 §2.2.1). There the wildcard is said again.
import type { Name } from '../../base/name.ts'

/** The data of the records at a name, and of those at its wildcard; undefined for none. */
export interface ZoneData {
  readonly at: (name: Name) => readonly string[] | undefined
  readonly below: (name: Name) => readonly string[] | undefined
}

/** The records that are missing in a zone that has these names, so that each wildcard is for all that lies under it. */
export function* gapRecords(names: Iterable<Name>, { at, below }: ZoneData): Generator<string> {
  const seen = new Set<Name>()
  for (const name of names) {
    const wildcard = nearest(name, below)
    if (wildcard === undefined) continue
    for (let here = name; here !== wildcard.name && !seen.has(here); here = parentOf(here)) {
      seen.add(here)
      if (at(here) === undefined) for (const data of wildcard.data) yield `${here} ${data}`
      if (below(here) === undefined) for (const data of wildcard.data) yield `*.${here} ${data}`
    }
  }
}

/** The wildcard above a name that is nearest to it. */
function nearest(name: Name, below: ZoneData['below']): { name: Name; data: readonly string[] } | undefined {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const above = name.slice(dot + 1)
    const data = below(above)
    if (data !== undefined) return { name: above, data }
  }
  return undefined
}

const parentOf = (name: Name): Name => name.slice(name.indexOf('.') + 1)
