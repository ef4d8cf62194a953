// Load on a server: dnsperf, and our own sender where dnsperf cannot. Runs them, reads what they say, and takes the
// server's processor time before and after.
import { join } from 'node:path'
import { type Command, endOf, pinned, run } from './processes.ts'
import type { Server } from './server.ts'

/** What loads servers, and where it runs. */
export interface Loader {
  readonly folder: string
  /** The program that `bench/sender.c` was compiled to. */
  readonly sender: string
  readonly cores: string | undefined
}

/** What a run of load came to. */
export interface Load {
  readonly command: string
  readonly seconds: number
  readonly sent: number
  readonly answered: number
  readonly lost: number
  /** Answers with another code than NOERROR and NXDOMAIN, or to another question. */
  readonly failed: number
  /** Answers a second. */
  readonly rate: number
  /** The server's processor time for each answer, in microseconds. */
  readonly cost: number
  /** The server's processor time for each second of the run: 1 is one core all the time. */
  readonly busy: number
  /** Microseconds. dnsperf 2.10 knows the mean and the worst only. */
  readonly latency: { readonly p50?: number; readonly p99?: number; readonly mean?: number; readonly worst: number }
}

/** How long a run may take beyond what it was told. */
const GRACE_SECONDS = 30

export interface DnsperfOptions {
  readonly queries: string
  readonly seconds: number
  /** Queries a second; as many as the server answers where left out. */
  readonly rate?: number
  /** Most queries on their way; dnsperf's default is 100. */
  readonly outstanding?: number
  /** Read the file once and no more. */
  readonly once?: boolean
}

/** Runs dnsperf against a server. */
export async function dnsperf(loader: Loader, server: Server, options: DnsperfOptions): Promise<Load> {
  const { queries, seconds, rate, outstanding = 100, once = false } = options
  const command = pinned(loader.cores, [
    ...['dnsperf', '-s', '127.0.0.1', '-p', String(server.place.port), '-d', queries],
    // Room for answers that come in a burst: with the system's default, what dnsperf drops would count as lost by the server.
    ...['-l', String(seconds), '-q', String(outstanding), '-b', '4096'],
    ...(rate === undefined ? [] : ['-Q', String(rate)]),
    ...(once ? ['-n', '1'] : []),
  ])
  return load(server, command, loader.folder, seconds, readDnsperf)
}

export interface SenderOptions {
  readonly queries: string
  readonly seconds: number
  /** Most queries on their way. */
  readonly window: number
  /** Queries a second; as many as the window lets through where left out. */
  readonly rate?: number
  /** Source addresses. */
  readonly clients?: number
  /** Lines of the file to skip. */
  readonly skip?: number
  /** The server may use the sender's core, too: then it takes its turn there like everybody else. */
  readonly sharesCore?: boolean
}

/** Runs our own sender against a server. */
export async function send(loader: Loader, server: Server, options: SenderOptions): Promise<Load> {
  const { queries, seconds, window, rate = 0, clients = 1, skip = 0, sharesCore = false } = options
  const numbers = [seconds, window, rate, clients, skip].map(String)
  const core = sharesCore ? 'shared' : 'own'
  const command = pinned(loader.cores, [loader.sender, String(server.place.port), queries, ...numbers, core])
  return load(server, command, loader.folder, seconds, readSender)
}

type Counts = Omit<Load, 'command' | 'cost' | 'busy' | 'rate'>

async function load(server: Server, command: Command, folder: string, seconds: number, read: (text: string) => Counts) {
  const before = server.time()
  const text = await run(command, folder, seconds + GRACE_SECONDS)
  const time = server.time() - before
  const counts = read(text)
  const { answered } = counts
  if (answered === 0)
    throw new Error(`${server.contender.id} answered nothing: ${command.join(' ')}\n${endOf(server.log)}`)
  return {
    ...counts,
    command: command.join(' '),
    rate: answered / counts.seconds,
    cost: (time * 1e6) / answered,
    busy: time / counts.seconds,
  }
}

/** Reads the statistics that dnsperf prints at its end. Throws where there are none. */
export function readDnsperf(text: string): Counts {
  const figure = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1]
    if (found === undefined) throw new Error(`dnsperf did not say ${pattern.source}:\n${text.slice(-1000)}`)
    return Number(found)
  }
  const answered = figure(/Queries completed:\s+(\d+)/)
  const codes = /Response codes:\s+(.*)/.exec(text)?.[1] ?? ''
  const good = [...codes.matchAll(/\b(?:NOERROR|NXDOMAIN) (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  return {
    seconds: figure(/Run time \(s\):\s+([\d.]+)/),
    sent: figure(/Queries sent:\s+(\d+)/),
    answered,
    lost: figure(/Queries lost:\s+(\d+)/),
    failed: answered - good,
    latency: {
      mean: figure(/Average Latency \(s\):\s+([\d.]+)/) * 1e6,
      worst: figure(/Average Latency \(s\):.*max ([\d.]+)/) * 1e6,
    },
  }
}

/** Reads the JSON that `sender.c` prints. */
export function readSender(text: string): Counts {
  const { sent, answered, lost, failed, wrong, seconds, p50, p99, worst } = JSON.parse(text) as Record<string, number>
  const number = (value: number | undefined): number => {
    if (typeof value !== 'number') throw new Error(`the sender said ${text}`)
    return value
  }
  return {
    seconds: number(seconds),
    sent: number(sent),
    answered: number(answered),
    lost: number(lost),
    failed: number(failed) + number(wrong),
    latency: { p50: number(p50), p99: number(p99), worst: number(worst) },
  }
}

/** Compiles a C program of this folder and returns where it is. */
export async function compile(name: string, folder: string): Promise<string> {
  const program = join(folder, name)
  await run(['gcc', '-O2', '-o', program, new URL(`./${name}.c`, import.meta.url).pathname], folder, 60)
  return program
}
