// Shows how far loading is: on a terminal as one line that changes, elsewhere as a log line now and then.
import type { Clock } from '../base/clock.ts'
import { SECOND } from '../base/clock.ts'
import { safeText } from '../base/text.ts'
import type { LoadProgress } from '../lists/load-progress.ts'
import type { Log } from '../log.ts'

/** Where it is shown. */
export interface Screen {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

/** At most so often in the log, ms. */
const LOG_EVERY = 5 * SECOND
/** Back to the start of the line, and nothing on it (ECMA-48). */
const CLEAN = '\r\u001b[K'

/** Shows loading; to be told when it is over. */
export function showLoading(screen: Screen, log: Log, clock: Clock) {
  let shown = false
  let logged = Number.NEGATIVE_INFINITY
  return {
    progress({ list, number, of, bytes }: LoadProgress): void {
      const mebibytes = Math.round(bytes / 1024 ** 2)
      if (screen.isTTY === true) {
        shown = true
        screen.write(`${CLEAN}loading lists: ${number} of ${of}, ${mebibytes} MiB, ${safeText(list, 40)}`)
        return
      }
      const now = clock.ticks()
      if (now - logged < LOG_EVERY) return
      logged = now
      log.info({ list: safeText(list, 128), number, of, bytes }, 'lists are being loaded')
    },
    over(): void {
      if (shown) screen.write(CLEAN)
      shown = false
    },
  }
}
