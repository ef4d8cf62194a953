// What Linux tells of a process in /proc (proc(5)). Its folder there is given, so that it may be one of another machine.
import { readdir, readFile } from 'node:fs/promises'

/** The nice value of each thread, by its number (field 19; the name before it may hold spaces). */
export async function levels(process: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const thread of await readdir(`${process}/task`)) {
    const stat = await readFile(`${process}/task/${thread}/stat`, 'utf8').catch(() => undefined)
    if (stat !== undefined) found.set(thread, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
  }
  return found
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
