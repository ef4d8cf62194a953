// How much memory the process keeps: what V8 may let pile up, and what goes back to the system once a start is over.
// Knows the runtime and the system, not what the threads do.
import { readFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { MINUTE, SECOND } from '../base/clock.ts'
import { LINUX, openLibc, type Pointer } from './libc.ts'

/**
 * V8 lets what has died pile up until a thread's memory has doubled or more; here it may grow by this share, per cent, and
 * in smaller steps. Measured with a million forged senders: 32 MB more than before them, without it 240;
 * a question that is forwarded costs nothing more with it, since what lives for a moment has room.
 */
const HEAP_GROWS_BY = 20

/**
 * Half of the room for what lives for a moment in threads to come, MB; V8 takes it only while much is forwarded. With less,
 * what waits for an upstream is taken for old, and a forwarded question costs a tenth more.
 */
const YOUNG_MB = 4

/** To be said before the first thread starts. The control thread's own room was fixed before: `--max-semi-space-size=2`. */
export function keepHeapsSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWS_BY}`)
  setFlagsFromString('--optimize-for-size')
  // It would collect in whichever thread has been quiet for half a minute, thoroughly: 17 ms in which nobody is answered.
  setFlagsFromString('--no-memory-reducer')
  setFlagsFromString(`--max-semi-space-size=${YOUNG_MB}`)
}

/** A start is over by then; what it needed comes from its file again if it should be needed again. */
const FIRST = 10 * SECOND
/** A new list or a new device brings pages back that are needed once. A round takes 2 ms of the control thread. */
const EVERY = 5 * MINUTE

/** Gives memory back from now and then; nothing on a system where that cannot be said. */
export async function giveBackMemory(): Promise<void> {
  const libc = await openLibc()
  if (libc === undefined) return
  const round = async (): Promise<void> => {
    libc.mallocTrim?.(0)
    for (const [start, size] of await untouchedProgram()) libc.madvise(start, size, LINUX.MADV_DONTNEED)
  }
  setTimeout(() => void round(), FIRST).unref()
  setInterval(() => void round(), EVERY).unref()
}

/**
 * The parts of Node's own program that are in memory as they are in its file: the system can take them away and bring them
 * back at any time. Most of its 57 MB are needed once. Empty where the system does not say.
 */
async function untouchedProgram(): Promise<readonly (readonly [start: Pointer, size: number])[]> {
  const text = await readFile('/proc/self/smaps', 'latin1').catch(() => '')
  const parts: [Pointer, number][] = []
  for (const [, from = '', to = '', details = ''] of text.matchAll(PROGRAM)) {
    if (!UNTOUCHED.test(details)) continue
    const start = Number.parseInt(from, 16)
    parts.push([start, Number.parseInt(to, 16) - start])
  }
  return parts
}

/** Mappings of this program's file that nobody can write to, each with its details (proc_pid_smaps(5)). */
const PROGRAM = new RegExp(
  `^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \\S+ \\S+ \\d+ +${RegExp.escape(process.execPath)}\n((?:[A-Z].*\n)+)`,
  'gm',
)
/** What was written to before it was locked, such as addresses that the loader fills in, is not in the file. */
const UNTOUCHED = /^Anonymous: +0 kB$/m
