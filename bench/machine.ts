// What machine this is, for the report.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

/** The machine in a few lines, by what they are about. */
export function machine(): Record<string, string> {
  const all = cpus()
  return {
    processor: `${all[0]?.model ?? 'unknown'}, ${all.length} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${osName()}, Linux ${release()}`,
    virtual: /\bhypervisor\b/.test(read('/proc/cpuinfo')) ? 'yes' : 'no',
    node: process.version,
    realtime: mayComeFirst() ? 'yes' : 'no',
  }
}

/** Whether what is started from here may ask to come before everything else on its core, as `sender.c` does. */
function mayComeFirst(): boolean {
  try {
    execFileSync('chrt', ['--fifo', '1', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Load average of the last minute. */
export const loadAverage = (): number => loadavg()[0] as number

/** Which commit is checked out; `undefined` without git. */
export function commit(folder: string): string | undefined {
  try {
    return execFileSync('git', ['-C', folder, 'rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()
  } catch {
    return undefined
  }
}

const osName = (): string => /^PRETTY_NAME="(.*)"$/m.exec(read('/etc/os-release'))?.[1] ?? 'Linux'

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The same value without what is this machine's alone: paths of the run, of the repository and of Node. */
export function withoutPaths<T>(value: T, run: string, repository: string): T {
  const text = JSON.stringify(value)
    .replaceAll(process.execPath, 'node')
    .replaceAll(run, '<folder>')
    .replaceAll(repository, '')
  return JSON.parse(text) as T
}
