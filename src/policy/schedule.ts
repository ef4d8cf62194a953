// When something holds, week by week, on the clock of a time zone. Time is a parameter; the rules of the zone are Intl's.
import { DAY, type EpochMs } from '../base/clock.ts'

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** A piece of the week. Minutes of the day on the wall clock; `to` not above `from` means the next day. */
export interface Span {
  readonly days: readonly Weekday[]
  readonly from: number
  readonly to: number
}

/** Days that are not as their weekday says, both included, `YYYY-MM-DD`. */
export interface ScheduleException {
  readonly from: string
  readonly to: string
  /** `on`: the whole day, and what begins on it goes on behind it; `off`: nothing begins on that day. */
  readonly set: 'on' | 'off'
}

/** A week with exceptions. */
export interface Schedule {
  readonly name: string
  /** IANA name. */
  readonly zone: string
  readonly spans: readonly Span[]
  readonly exceptions: readonly ScheduleException[]
}

/**
 * Whether the schedule is on at a moment. A span belongs to the day on which it begins: an exception for the 24th is for
 * the night that begins on the 24th. It goes by the wall clock: where the clock jumps over a span there is none, and where
 * an hour comes twice both are in it.
 */
export function isOn(schedule: Schedule, at: EpochMs): boolean {
  const { date, weekday, minute } = wallClock(schedule.zone, at)
  const before = dayBefore(date)
  const [today, yesterday] = [exceptionOn(schedule, date), exceptionOn(schedule, before)]
  if (today === 'on') return true
  const dayBeforeWeekday = WEEKDAYS[(WEEKDAYS.indexOf(weekday) + 6) % 7] as Weekday
  return schedule.spans.some(({ days, from, to }) => {
    const overMidnight = to <= from
    const began = today !== 'off' && days.includes(weekday) && minute >= from && (overMidnight || minute < to)
    return began || (overMidnight && yesterday !== 'off' && days.includes(dayBeforeWeekday) && minute < to)
  })
}

/** The first minute from `at` on, within eight days, at which the schedule goes on; undefined where there is none. */
export function nextStart(schedule: Schedule, at: EpochMs): EpochMs | undefined {
  const first = Math.ceil(at / MINUTE_MS) * MINUTE_MS
  let before = isOn(schedule, at)
  for (let moment = first; moment < at + 8 * DAY; moment += MINUTE_MS) {
    const on = isOn(schedule, moment)
    if (on && !before) return moment
    before = on
  }
  return undefined
}

const MINUTE_MS = 60_000

/** What the clock on the wall says. */
interface WallClock {
  readonly date: string
  readonly weekday: Weekday
  readonly minute: number
}

const clocks = new Map<string, Intl.DateTimeFormat>()

function wallClock(zone: string, at: EpochMs): WallClock {
  let clock = clocks.get(zone)
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    })
    clocks.set(zone, clock)
  }
  const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]))
  return {
    date: `${parts['year']}-${parts['month']}-${parts['day']}`,
    weekday: (parts['weekday'] as string).toLowerCase() as Weekday,
    minute: 60 * Number(parts['hour']) + Number(parts['minute']),
  }
}

const dayBefore = (date: string): string => new Date(Date.parse(`${date}T00:00:00Z`) - DAY).toISOString().slice(0, 10)

const exceptionOn = ({ exceptions }: Schedule, date: string): 'on' | 'off' | undefined =>
  exceptions.find(({ from, to }) => from <= date && date <= to)?.set
