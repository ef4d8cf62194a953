// The processes of the benchmark: started, pinned to cores, ended. Ends only what it started itself.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** A command line; the first word is the program. */
export type Command = readonly string[]

/** A process that runs until it is ended. */
export interface Running {
  readonly pid: number
  /** Where its output goes. */
  readonly log: string
  /** Whether it has ended by itself. */
  readonly ended: () => boolean
  /** Asks it to end, waits, and makes it end where asking does not help. */
  readonly end: () => Promise<void>
}

/** Time to end after being asked. */
const END_WITHIN_MS = 10_000

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

/** The command on these cores only, such as '0' or '0,1'; taskset replaces itself, so the process is the command's own. */
export const pinned = (cores: string | undefined, command: Command): Command =>
  cores === undefined ? command : ['taskset', '-c', cores, ...command]

/** Starts a process whose output goes to a file. */
export function start(command: Command, folder: string, log: string): Running {
  const output = openSync(log, 'a')
  const child = launch(command, folder, ['ignore', output, output])
  closeSync(output)
  const exit = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    pid: child.pid as number,
    log,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    end: async () => {
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
      await exit
      clearTimeout(late)
    },
  }
}

/** Runs a process to its end and returns what it wrote on standard output. Rejects where it fails or takes too long. */
export function run(command: Command, folder: string, withinSeconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = launch(command, folder, ['ignore', 'pipe', 'pipe'])
    let out = ''
    let err = ''
    child.stdout?.setEncoding('utf8').on('data', (some: string) => (out += some))
    child.stderr?.setEncoding('utf8').on('data', (some: string) => (err += some))
    const late = setTimeout(() => child.kill('SIGKILL'), withinSeconds * 1000)
    child.once('close', (code, signal) => {
      clearTimeout(late)
      if (code === 0) resolve(out)
      else reject(new Error(`${command.join(' ')} ended with ${code ?? signal}:\n${(err || out).slice(-2000)}`))
    })
  })
}

/** The last lines of a log, to say why something did not start. */
export const endOf = (log: string): string => readFileSync(log, 'utf8').slice(-1500)

function launch([program, ...args]: Command, folder: string, stdio: NonNullable<Parameters<typeof spawn>[2]>['stdio']) {
  const child = spawn(program as string, args, { cwd: folder, stdio: stdio as 'pipe' })
  children.add(child)
  child.once('close', () => children.delete(child))
  child.once('error', (fault) => {
    throw fault
  })
  return child as ChildProcess
}
