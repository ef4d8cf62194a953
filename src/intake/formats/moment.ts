// What every format is given beside a line, and what it may answer instead of a report. Knows no format.
import type { EpochMs } from '../../base/clock.ts'

/** The instant and the source that go into a report. */
export interface Moment {
  readonly time: EpochMs
  /** As `Report.precision`. */
  readonly precision: number
  /** As `Report.source`. */
  readonly source: string
}

/** A packet line of a format that no report can be made of, and why, for people. */
export interface Reject {
  readonly reject: string
}
