// A server while it is measured: started in a folder of its own, checked, weighed, ended. Knows no particular server.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { ask, askUntil, isBlocked, isForwarded, TYPES, type Type } from './ask.ts'
import type { Contender, Place } from './contenders.ts'
import type { Names } from './names.ts'
import { memory, processorTime } from './proc.ts'
import { endOf, pinned, type Running, start } from './processes.ts'

/** A running server. */
export interface Server {
  readonly contender: Contender
  readonly place: Place
  /** Milliseconds from its start to its first right answer. */
  readonly ready: number
  /** What was run. */
  readonly command: string
  readonly log: string
  /** Processor time so far, in seconds. */
  readonly time: () => number
  /** Resident memory, in bytes. */
  readonly memory: () => { readonly now: number; readonly most: number }
  readonly end: () => Promise<void>
}

/** How a server is to be started. */
export interface StartOptions {
  /** The benchmark's folder; the server gets one of its own below. */
  readonly folder: string
  readonly upstream: number
  readonly list: string
  /** A name of the list, or one that is forwarded where the list is empty: the first right answer is to this. */
  readonly probe: { readonly name: string; readonly blocked: boolean }
  readonly cores: string | undefined
  /** Starts it where it ran before, with what it left there. */
  readonly again?: Place
  /** Ms between questions until it answers: what the time to its first answer is exact to. */
  readonly every?: number
}

/** A million names take the slowest server 20 s or so. */
const READY_WITHIN_MS = 180_000
/** Names of each kind that a server is asked for before it is measured. */
const CHECKED = 100

let started = 0

/** Starts a server and waits for its first right answer. Rejects with the end of its log where there is none. */
export async function startServer(contender: Contender, options: StartOptions): Promise<Server> {
  const { folder, upstream, list, probe, cores, again, every = 10 } = options
  const place = again ?? (await newPlace(contender, folder, upstream, list))
  const command = pinned(cores, await contender.prepare(place))
  const log = join(place.folder, 'output.log')
  const running = start(command, place.folder, log)
  const wanted = contender.fixed ? () => true : probe.blocked ? isBlocked : isForwarded
  try {
    const right = (seen: Parameters<typeof isBlocked>[0]): boolean => wanted(seen, 'A')
    const ready = await askUntil(place.port, probe.name, right, READY_WITHIN_MS, every, running.ended)
    return { contender, place, ready, command: command.join(' '), log, ...measures(running) }
  } catch (fault) {
    await running.end()
    throw new Error(`${contender.id} does not serve: ${(fault as Error).message}\n${endOf(log)}`)
  }
}

const measures = ({ pid, end }: Running): Pick<Server, 'time' | 'memory' | 'end'> => ({
  time: () => processorTime(pid),
  memory: () => memory(pid),
  end,
})

/** Whether it gives the right answers: who answers wrongly may well be fast. Rejects with the first wrong one. */
export async function check({ contender, place }: Server, { popular, blocked }: Names): Promise<void> {
  if (contender.fixed) return
  for (const type of Object.keys(TYPES) as Type[]) {
    for (const [names, right] of [
      [popular, isForwarded],
      ...(type === 'HTTPS' && contender.leaksHttps ? [] : [[blocked, isBlocked] as const]),
    ] as const) {
      for (const name of evenly(names, CHECKED)) {
        const seen = await ask(place.port, name, type, 5000)
        if (seen !== undefined && right(seen, type)) continue
        throw new Error(`${contender.id} answers ${name} ${type} wrongly: ${JSON.stringify(seen ?? 'nothing')}`)
      }
    }
  }
}

/** So many of them, from all over. */
export const evenly = <T>(all: readonly T[], count: number): T[] =>
  Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor((i * all.length) / count)] as T)

async function newPlace({ id }: Contender, folder: string, upstream: number, list: string): Promise<Place> {
  const own = join(folder, `${id}-${++started}`)
  mkdirSync(own)
  const [port, ...spare] = await freePorts(4)
  return { folder: own, port: port as number, upstream, list, spare }
}

/**
 * Ports that nobody has, over UDP or TCP, as the system gives them out. One that only nobody listens on will not do: a TCP
 * connection that has ended keeps its own for a minute, and after a measurement with thousands of them every third is such.
 */
async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, holdPort))
  for (const { release } of held) await release()
  return held.map(({ port }) => port)
}

async function holdPort(): Promise<{ readonly port: number; readonly release: () => Promise<unknown> }> {
  const [tcp, udp] = [createServer(), createSocket('udp4')]
  await once(tcp.listen(0, '127.0.0.1'), 'listening')
  const { port } = tcp.address() as AddressInfo
  const release = () => Promise.all([once(tcp.close(), 'close'), once(udp.close(), 'close')])
  udp.bind(port, '127.0.0.1')
  const isFree = await once(udp, 'listening').then(
    () => true,
    () => false,
  )
  if (isFree) return { port, release }
  await release()
  return holdPort()
}
