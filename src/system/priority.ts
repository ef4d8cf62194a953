// Which thread comes first where two want the same processor. Knows the system's scheduler, not what the threads do.
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { LINUX, openLibc } from './libc.ts'

/** Nice levels of Linux (sched(7)). A third of the weight of answers, enough to follow a full load on one core; and a tenth. */
const [SECOND, LAST] = [5, 10]

/**
 * Lets this thread have its turn as soon as it wants it, for a short time: what answers needs a few microseconds now, and
 * others need not finish their slice before. Linux knows that from 6.12 on; before, and elsewhere, it does nothing.
 */
export async function comeSoon(): Promise<void> {
  const libc = await openLibc()
  if (libc === undefined) return
  const attributes = new DataView(new ArrayBuffer(ATTR.size))
  attributes.setUint32(ATTR.sizeAt, ATTR.size, true)
  // It takes all at once: what is not to change must be said, too. Whoever gave the process a policy knows why.
  attributes.setUint32(ATTR.flagsAt, LINUX.SCHED_FLAG_KEEP_POLICY, true)
  attributes.setInt32(ATTR.niceAt, getPriority(), true)
  attributes.setBigUint64(ATTR.runtimeAt, SLICE, true)
  libc.sched_setattr(0, new Uint8Array(attributes.buffer))
}

/** The first version of `struct sched_attr` (sched_setattr(2)). */
const ATTR = { size: 48, sizeAt: 0, flagsAt: 8, niceAt: 16, runtimeAt: 24 } as const
/** Nanoseconds: the shortest that Linux gives. */
const SLICE = 100_000n

/**
 * Lets this thread, and those that it starts from here on, come second: answers do not wait for figures or evidence. The
 * helpers that all threads share come last.
 */
export function comeSecond(): void {
  come(SECOND)
  for (const helper of helpers()) come(LAST, helper)
}

/**
 * Lets this thread take what all others leave: a new policy may wait longest. Resolves with the thread's number for
 * `hurry`; `undefined` where nice levels must do, since a thread of those still keeps answers waiting for its slice of time.
 */
export async function comeLast(): Promise<number | undefined> {
  come(LAST)
  const libc = await openLibc()
  const taken = libc?.sched_setscheduler(0, LINUX.SCHED_IDLE, NO_PRIORITY) === 0
  return taken ? libc.gettid?.() : undefined
}

/** Where nothing was left for so long, it takes a tenth. The system may forbid that: then it goes on waiting. */
export async function hurry(thread: number): Promise<void> {
  const libc = await openLibc()
  libc?.sched_setscheduler(thread, LINUX.SCHED_OTHER, NO_PRIORITY)
}

const NO_PRIORITY = new Uint32Array(1)

/** Linux counts a thread as a process here; elsewhere it would hold for all threads, so nothing is done. 0 is this thread. */
function come(level: number, thread = 0): void {
  if (process.platform !== 'linux') return
  try {
    // Who started the program with less has his reasons.
    setPriority(thread, Math.max(level, getPriority(thread)))
  } catch {
    // A sandbox forbids the call, or the thread has ended: all are equal then, as they were.
  }
}

/** Threads that read files, collect what is dead and compile code: with equal rights they keep answers waiting. */
function helpers(): readonly number[] {
  try {
    const threads = readdirSync(TASKS)
    return threads.filter((thread) => HELPER.test(readFileSync(`${TASKS}/${thread}/comm`, 'latin1'))).map(Number)
  } catch {
    return []
  }
}

const TASKS = '/proc/self/task'
/** As libuv and Node name them. */
const HELPER = /^(?:libuv-worker|node-V8Worker)$/m

/** Lets who waits for this processor have it: what stands at the end of a turn of long work that comes second. */
export function standBack(): void {
  Atomics.wait(NOBODY, 0, 0, MOMENT_MS)
}

const NOBODY = new Int32Array(new SharedArrayBuffer(4))
/** The shortest time that a thread can sleep: with the system's own slack some 70 µs. */
const MOMENT_MS = 0.001
