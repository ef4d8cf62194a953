// Says to whose upstreams a question goes: those of the first group of its asker that has some, or the house's. Knows no
// upstream.
import type { Profiles } from '../profiles.ts'
import type { Stage } from '../stage.ts'

/** The stage, for the groups with upstreams of their own, in the order in which routes are numbered; none without them. */
export function route(profiles: Profiles, groups: readonly string[]): Stage | undefined {
  if (groups.length === 0) return undefined
  return function route(query, next) {
    const of = routeOf(profiles, groups, query.group)
    return next(of === 0 ? query : { ...query, route: of })
  }
}

/** The route of a profile; 0 for the house. */
export const routeOf = (profiles: Profiles, groups: readonly string[], profile: number): number => {
  const { upstreams } = profiles.at(profile)
  return upstreams === undefined ? 0 : groups.indexOf(upstreams) + 1
}
