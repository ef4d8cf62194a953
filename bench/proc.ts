// What Linux says of a process: its time on the processor and its memory. Reads /proc, nothing else.
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second in /proc/<pid>/stat: USER_HZ, 100 on every Linux architecture that Node runs on (proc(5)). */
const TICKS = 100

/**
 * Processor time of a process and its children, with all their threads, in seconds: user and system. In steps of 10 ms, so
 * one run must use some seconds. What the kernel does for a packet on loopback counts for whoever called it: taking a
 * query in is paid by the client that sends it, handing the answer out by the server.
 */
export function processorTime(pid: number): number {
  const own = statTimes(pid)
  return own + childrenOf(pid).reduce((sum, child) => sum + processorTime(child), 0)
}

/** Resident memory of a process and its children in bytes: now, and the most so far. */
export function memory(pid: number): { readonly now: number; readonly most: number } {
  const status = text(`/proc/${pid}/status`)
  const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  let now = kilobytes('VmRSS') * 1024
  let most = kilobytes('VmHWM') * 1024
  for (const child of childrenOf(pid)) {
    const its = memory(child)
    now += its.now
    most += its.most
  }
  return { now, most }
}

/** Fields 14 to 17: time of the process, and of children that have ended. The command in field 2 may hold anything. */
function statTimes(pid: number): number {
  const stat = text(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / TICKS
}

/** None of a child that has just ended: a server starts such ones as it begins. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return []
  return readdirSync(tasks).flatMap((thread) =>
    text(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  )
}

/** Empty where the thread or child has just ended. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
