// Groups, pauses and what people gave at run time, in figures. Cold path.
import { timeText } from '../control/schemas.ts'
import type { Stats } from '../control/stats-schema.ts'
import type { GroupFigures } from './group-figures.ts'
import type { HouseholdKeeper } from './household.ts'
import type { OwnRulesKeeper } from './own-rules.ts'
import type { Pausing } from './pausing.ts'

/** What the figures draw on. */
export interface HouseholdParts {
  readonly household: HouseholdKeeper
  readonly groupFigures: GroupFigures
  readonly pausing: Pausing
  readonly own: OwnRulesKeeper
}

/** Each group that is configured, in the order in which they count. */
export function groupStats({ household, groupFigures, pausing }: HouseholdParts): Stats['groups'] {
  const { groups, off } = household.current
  const { others } = pausing
  const { members } = groupFigures
  return groups.map(({ name }) => {
    const hours = household.hoursOf(name)
    const pause = others.find(({ group }) => group === name)
    return {
      name,
      holds: !off.includes(name),
      schedule: hours?.schedule ?? null,
      bonusUntil: hours?.bonus === undefined ? null : timeText(hours.bonus.to),
      pausedUntil: pause === undefined ? null : timeText(pause.until),
      members: members.get(name) ?? 0,
      ...groupFigures.of(name),
    }
  })
}

/** What stands in the file of rules, and what became of changes. */
export function changeStats({ own, pausing, household }: HouseholdParts): Stats['changes'] {
  const rules = (kind: 'block' | 'allow'): number =>
    own.rules.reduce((sum, one) => sum + (one.kind === kind ? one.rules.length : 0), 0)
  const { groups, devices } = pausing.paused
  const bonuses = household.current.groups.filter(({ name }) => household.hoursOf(name)?.bonus !== undefined)
  return {
    blockRules: rules('block'),
    allowRules: rules('allow'),
    names: own.names.size,
    problems: own.problems.length,
    ...own.counts,
    pausedGroups: groups.length,
    pausedDevices: devices.length,
    bonuses: bonuses.length,
  }
}
