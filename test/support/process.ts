// What Linux tells of a process in /proc (proc(5)). Its folder there is given, so that it may be one of another machine.
import { readdir, readFile, readlink } from 'node:fs/promises'

/** How a thread is given its turn. */
export interface Turn {
  readonly name: string
  readonly nice: number
  /** 0 is SCHED_OTHER, 5 is SCHED_IDLE (sched(7)). */
  readonly policy: number
  /** Nanoseconds before somebody else may have his turn; absent where this kernel does not tell. */
  readonly slice?: number
}

/** The turn of each thread, by its number (fields 2, 19 and 41; the name may hold anything). */
export async function turns(process: string): Promise<Map<string, Turn>> {
  const found = new Map<string, Turn>()
  for (const thread of await readdir(`${process}/task`)) {
    const stat = await readFile(`${process}/task/${thread}/stat`, 'utf8').catch(() => undefined)
    if (stat === undefined) continue
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const details = await readFile(`${process}/task/${thread}/sched`, 'utf8').catch(() => '')
    const slice = /^se\.slice\s*:\s*(\d+)$/m.exec(details)?.[1]
    found.set(thread, {
      name,
      nice: Number(rest[16]),
      policy: Number(rest[38]),
      ...(slice === undefined ? {} : { slice: Number(slice) }),
    })
  }
  return found
}

/** Bytes of its own program's file that are in memory (proc_pid_smaps(5)). */
export async function programInMemory(process: string): Promise<number> {
  const file = await readlink(`${process}/exe`)
  const parts = (await readFile(`${process}/smaps`, 'latin1')).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const own = parts.filter((part) => part.split('\n', 1)[0]?.endsWith(` ${file}`))
  return own.reduce((sum, part) => sum + 1024 * Number(/^Rss: +(\d+) kB$/m.exec(part)?.[1]), 0)
}

/** Whether its file or its file's rights made it one that the loader distrusts (getauxval(3), AT_SECURE). */
export async function isDistrusted(process: string): Promise<boolean> {
  const AT_SECURE = 23n
  const words = await readFile(`${process}/auxv`)
  for (let at = 0; at + 16 <= words.length; at += 16)
    if (words.readBigUInt64LE(at) === AT_SECURE) return words.readBigUInt64LE(at + 8) !== 0n
  throw new Error(`no AT_SECURE in ${process}/auxv`)
}

/** Heaps that threads have of their own: 64 MB of addresses each, of which the first part is in use (malloc(3)). */
export async function arenas(process: string): Promise<number> {
  const maps = (await readFile(`${process}/maps`, 'utf8')).split('\n').map((line) => {
    const [, from = '0', to = '0', rights] = line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+)/) ?? []
    return { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`), rights }
  })
  const size = 64n * 1024n ** 2n
  return maps.filter((one, at) => {
    const next = maps[at + 1]
    return one.rights === 'rw-p' && next?.rights === '---p' && one.from % size === 0n && next.to - one.from === size
  }).length
}
