// One program that was started for a test: its lines, its end. Knows nothing of namespaces or of the house.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { TOOL_PATH } from './tools.ts'
import { until } from './until.ts'

/** Where and how a program is started. */
export interface StartOptions {
  readonly cwd?: string
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>
}

/** A started program. */
export interface Running {
  readonly pid: number
  readonly command: string
  /** The three streams are open for `pipe`; `lines` sees what comes out all the same. */
  readonly child: ChildProcessWithoutNullStreams
  /** Every whole line from stdout and stderr so far. Not bounded: made for tests of minutes. */
  readonly lines: readonly string[]
  /** Ends with the exit code, or 128 + 9 and the like when a signal ended it. */
  readonly ended: Promise<number>
  /** The first line that matches, from line number `from` (default 0); rejects after `within` ms or at the end. */
  waitForLine(match: string | RegExp, options?: { readonly within?: number; readonly from?: number }): Promise<string>
  /** Sends the signal, waits up to `within` ms, then sends SIGKILL. Returns the exit code. May be called again. */
  stop(signal?: NodeJS.Signals, within?: number): Promise<number>
}

/**
 * Starts a program which cannot outlive the test: the kernel kills it when the thread that started it ends, so a
 * crashed test run leaves nothing behind. (setpriv, then the program: both are exec, so the pid is the program's.)
 */
export const start = (command: string, args: readonly string[], options: StartOptions = {}): Running => {
  const text = [command, ...args].join(' ')
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, PATH: TOOL_PATH, ...options.env },
    stdio: 'pipe',
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => lines.push(line))
  child.stdin.on('error', () => {}) // EPIPE, when the program has ended before its input did

  let over = false
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      lines.push(String(error))
      over = true
      resolve(127)
    })
    // `close`, not `exit`: the last lines have then been read.
    child.once('close', (code, signal) => {
      over = true
      resolve(code ?? exitCodeOf(signal))
    })
  })

  return {
    pid: child.pid ?? -1,
    command: text,
    child,
    lines,
    ended,
    async waitForLine(match, { within = 5_000, from = 0 } = {}) {
      const what = `the line ${String(match)} from: ${text}`
      const fits = (line: string, index: number) =>
        index >= from && (typeof match === 'string' ? line.includes(match) : line.search(match) !== -1)
      try {
        return await until(
          what,
          () => {
            const found = lines.find(fits)
            if (found === undefined && over) throw new Error(`ended before ${what}`)
            return found
          },
          within,
        )
      } catch (error) {
        throw new Error(`${(error as Error).message}\nits last lines:\n  ${lines.slice(-15).join('\n  ')}`)
      }
    },
    async stop(signal = 'SIGTERM', within = 3_000) {
      if (over) return ended
      child.kill(signal)
      if (!(await isDone(exited, within))) child.kill('SIGKILL')
      // A grandchild may hold the pipes open; it is the owner of the namespace who ends it.
      if (!(await isDone(ended, LAST_LINES_MS))) {
        child.stdout.destroy()
        child.stderr.destroy()
      }
      return ended
    },
  }
}

/** How long `stop` waits for the last lines of a program that has ended, in milliseconds. */
const LAST_LINES_MS = 200

const isDone = async (what: Promise<unknown>, within: number): Promise<boolean> => {
  const timer = new AbortController()
  const tooLate = pause(within, false, { signal: timer.signal }).catch(() => false)
  const done = await Promise.race([what.then(() => true), tooLate])
  timer.abort()
  return done
}

const exitCodeOf = (signal: NodeJS.Signals | null): number =>
  signal === 'SIGKILL' ? 137 : signal === 'SIGTERM' ? 143 : signal === 'SIGINT' ? 130 : 128
