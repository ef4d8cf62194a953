// A network namespace in which a test runs programs. Knows nothing of the house's plan, addresses or servers.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { type Running, type StartOptions, start } from './running.ts'
import { TOOL_PATH } from './tools.ts'
import { until } from './until.ts'

/** Where `ip netns exec` looks for files that it lays over those of /etc, one folder a namespace. */
const ETC_NETNS = '/etc/netns'

/** Longest time that `run` gives a program, in milliseconds, when the test says nothing else. */
const RUN_LIMIT_MS = 15_000

/** What a program that ran to its end left behind. */
export interface Ran {
  /** Exit code; 124 when the time limit ended it (as timeout(1) does), 128 for any other signal. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** How a program is run to its end. */
export interface RunOptions extends StartOptions {
  /** Time limit in milliseconds. */
  readonly timeout?: number
  /** Written to its stdin, which is then closed. */
  readonly input?: string
}

/** A network namespace. */
export interface Place {
  /** Name of the network namespace, for `ip netns exec`. */
  readonly namespace: string
  /** Path of the resolv.conf that programs in this namespace see as /etc/resolv.conf. */
  readonly resolvConf: string
  /** Runs a program to its end; never rejects on an exit code. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<Ran>
  /** The same, but rejects with the program's stderr when its exit code is not 0. Returns its stdout. */
  must(command: string, args?: readonly string[], options?: RunOptions): Promise<string>
  /** Starts a program that stays; the house stops it when it closes. */
  spawn(command: string, args?: readonly string[], options?: StartOptions): Running
  /** Stops what runs inside, also what a program left behind, and takes the namespace away. May be called again. */
  remove(): Promise<void>
}

/** Makes the namespace, with loopback up and with its own resolv.conf. */
export const makePlace = async (namespace: string, nameservers: readonly string[]): Promise<Place> => {
  const etc = `${ETC_NETNS}/${namespace}`
  const resolvConf = `${etc}/resolv.conf`
  mkdirSync(etc, { recursive: true })
  writeFileSync(resolvConf, nameservers.map((address) => `nameserver ${address}\n`).join(''))
  // Otherwise nss-resolve or mdns of the host could answer past the wire.
  if (existsSync('/etc/nsswitch.conf'))
    writeFileSync(`${etc}/nsswitch.conf`, 'passwd: files\ngroup: files\nhosts: files dns\n')

  const started: Running[] = []
  const inside = (command: string, args: readonly string[]) => ['netns', 'exec', namespace, command, ...args]
  const place: Place = {
    namespace,
    resolvConf,
    run: (command, args = [], options) => run('ip', inside(command, args), options),
    async must(command, args = [], options) {
      const ran = await place.run(command, args, options)
      if (ran.code !== 0)
        throw new Error(`${namespace}: ${command} ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`)
      return ran.stdout
    },
    spawn(command, args = [], options) {
      const running = start('ip', inside(command, args), options)
      started.push(running)
      return running
    },
    async remove() {
      await Promise.all(started.map((running) => running.stop()))
      await removeNamespace(namespace)
    },
  }
  try {
    await mustRun('ip', ['netns', 'add', namespace])
    await mustRun('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
  } catch (error) {
    await place.remove()
    throw error
  }
  return place
}

/** Takes a namespace away with everything that still runs in it; silent when there is none of that name. */
export const removeNamespace = async (namespace: string): Promise<void> => {
  const inside = async () =>
    (await run('ip', ['netns', 'pids', namespace])).stdout.split('\n').filter(Boolean).map(Number)
  for (const pid of await inside()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself in the meantime.
    }
  }
  try {
    await until(`the programs in ${namespace} to end`, async () => (await inside()).length === 0)
  } finally {
    await run('ip', ['netns', 'del', namespace])
    rmSync(`${ETC_NETNS}/${namespace}`, { recursive: true, force: true })
    try {
      rmdirSync(ETC_NETNS)
    } catch {
      // Another house is in it, or was quicker.
    }
  }
}

/** Runs a program on the host to its end; never rejects on an exit code. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      {
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        env: { ...process.env, PATH: TOOL_PATH, ...options.env },
        timeout: options.timeout ?? RUN_LIMIT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr })
        if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr })
        if (error.killed) return resolve({ code: 124, stdout, stderr })
        resolve({ code: error.code === undefined ? 128 : 127, stdout, stderr: `${stderr}${error.message}` })
      },
    )
    child.stdin?.on('error', () => {}) // EPIPE, when the program has ended before its input did
    child.stdin?.end(options.input ?? '')
  })

/** The same, but rejects with the program's stderr when its exit code is not 0. Returns its stdout. */
export const mustRun = async (command: string, args: readonly string[], options?: RunOptions): Promise<string> => {
  const ran = await run(command, args, options)
  if (ran.code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`)
  return ran.stdout
}
