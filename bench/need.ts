// What the benchmark needs that is not in the repository, and which versions are here. Installs nothing.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter } from 'node:path'
import type { Contender } from './contenders.ts'

/** A program of a Debian package. */
export interface Needed {
  readonly package: string
  readonly program: string
  readonly version: readonly string[]
}

/** Beside the servers. */
export const TOOLS: readonly Needed[] = [
  { package: 'dnsperf', program: 'dnsperf', version: ['dnsperf', '-h'] },
  { package: 'gcc', program: 'gcc', version: ['gcc', '--version'] },
  { package: 'util-linux', program: 'taskset', version: ['taskset', '--version'] },
]

/** What is missing of tools and servers. */
export const missing = (contenders: readonly Contender[]): Needed[] =>
  unique([...TOOLS, ...contenders.flatMap(({ from }) => from ?? [])]).filter(({ program }) => !onPath(program))

/** What to do about it, in one line. */
export const installLine = (needed: readonly Needed[]): string =>
  `apt-get install --no-install-recommends ${[...new Set(needed.map(({ package: name }) => name))].sort().join(' ')} libc6-dev`

/** The version that a program prints of itself; the first thing in its output that looks like one. */
export function versionOf({ version: [program, ...args] }: Needed): string {
  const { stdout, stderr } = spawnSync(program as string, args, { encoding: 'utf8' })
  return /\b\d+\.\d+(\.\d+)*/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown'
}

/** System directories too: not everybody has them on the path. */
function onPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => existsSync(`${folder}/${program}`))
}

const unique = (all: readonly Needed[]): Needed[] => [...new Map(all.map((one) => [one.program, one])).values()]
