// Which thread comes first where two want the same processor. Knows the system's scheduler, not what the threads do.
import { setPriority } from 'node:os'

/** Nice levels of Linux (sched(7)). A third of the weight of answers, enough to follow a full load on one core; and a tenth. */
const [SECOND, LAST] = [5, 10]

/** Lets this thread, and those that it starts from here on, come second: answers do not wait for figures or evidence. */
export const comeSecond = (): void => come(SECOND)

/** The same behind both: a new policy may wait longest. */
export const comeLast = (): void => come(LAST)

/** Linux counts a thread as a process here; elsewhere it would hold for all threads, so nothing is done. */
function come(level: number): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(level)
  } catch {
    // A sandbox forbids the call: all are equal then, as they were.
  }
}

/** Lets who waits for this processor have it: what stands at the end of a turn of long work that comes second. */
export function standBack(): void {
  Atomics.wait(NOBODY, 0, 0, MOMENT_MS)
}

const NOBODY = new Int32Array(new SharedArrayBuffer(4))
/** The shortest time that a thread can sleep: with the system's own slack some 70 µs. */
const MOMENT_MS = 0.001
