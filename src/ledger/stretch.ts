// One unbroken time during which one name explained one address for one device. Knows no device and no address.
import type { EpochMs } from '../base/clock.ts'
import type { Name } from '../base/name.ts'

/**
 * From the first answer until the last answer's (or use's) validity ran out, without a gap in between: whoever
 * connects inside was told by somebody at most one window ago. An answer after a gap begins a new stretch.
 */
export interface Stretch {
  /** The name asked; undefined where more names gave the address than are kept, and this stands for the forgotten. */
  readonly name: Name | undefined
  /** When it was answered, ascending; the first and the last two are always kept, some in between may be forgotten. */
  times: readonly EpochMs[]
  /** When it stops to explain: the latest answer or use, and the longer of its TTL and the window after that. */
  until: EpochMs
}

/** When it began. */
export const begun = (stretch: Stretch): EpochMs => stretch.times[0] as EpochMs

/** The latest answer of it. */
export const latest = (stretch: Stretch): EpochMs => stretch.times.at(-1) as EpochMs

/** Whether times from `from` to `until` touch the stretch, so that both are one. */
export const touches = (stretch: Stretch, from: EpochMs, until: EpochMs): boolean =>
  from <= stretch.until && until >= begun(stretch)

/**
 * The latest known answer at or before `time`; undefined where all are later. Where answers in between were
 * forgotten this may be an earlier one, never a later one.
 */
export function answeredBefore(stretch: Stretch, time: EpochMs): EpochMs | undefined {
  for (let i = stretch.times.length - 1; i >= 0; i--) {
    const answered = stretch.times[i] as EpochMs
    if (answered <= time) return answered
  }
  return undefined
}

/**
 * The times with one more in its place, at most `limit` of them (at least 4). A new array each time: one that grows
 * in place would keep room for sixteen more.
 */
export function withTime(times: readonly EpochMs[], at: EpochMs, limit: number): readonly EpochMs[] {
  let place = times.length
  while (place > 0 && (times[place - 1] as EpochMs) > at) place--
  if (place > 0 && times[place - 1] === at) return times
  const more = times.toSpliced(place, 0, at)
  return more.length > limit ? thinned(more) : more
}

/** Every second answer between the first and the last two is forgotten: the picture gets coarser, not shorter. */
const thinned = (times: readonly EpochMs[]): readonly EpochMs[] =>
  times.filter((_, index) => index % 2 === 0 || index >= times.length - 2)
