// Decides when files that change have come to rest. Knows marks and times, no files and no clock.

/** How long to wait, in milliseconds. */
export interface SettleTimes {
  /** Files must have been the same for this long: who copies a list writes it in several steps. */
  readonly quiet: number
  /** After this long without rest the change is told all the same: a file that always grows must not hide others. */
  readonly patience: number
}

/** What to do after a look at the files: nothing, look again in so many milliseconds, or tell of the change. */
export type Settled =
  | { readonly kind: 'same' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'tell' }

const SAME: Settled = Object.freeze({ kind: 'same' })
const TELL: Settled = Object.freeze({ kind: 'tell' })

/** Starts from the files as they are. The result takes their mark and the time of each further look. */
export function settling(first: string, { quiet, patience }: SettleTimes): (mark: string, now: number) => Settled {
  let told = first
  let seen = first
  let seenAt = 0
  let restlessSince = 0
  return (mark, now) => {
    if (mark !== seen) {
      if (seen === told) restlessSince = now
      seen = mark
      seenAt = now
    }
    if (mark === told) return SAME
    const left = Math.min(seenAt + quiet, restlessSince + patience) - now
    if (left > 0) return { kind: 'wait', ms: left }
    told = mark
    return TELL
  }
}
