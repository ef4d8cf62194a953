// The real program as a process, from its command line, for tests that see it as people do.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Running } from './house/running.ts'

/** The command line that starts the program from its sources with the Node that runs the tests. */
export const askfirstCommand = (...args: string[]): [string, string[]] => [
  process.execPath,
  [new URL('../../src/cli.ts', import.meta.url).pathname, ...args],
]

/** A folder with a configuration, a list folder and a state folder of its own. */
export interface Home {
  readonly folder: string
  readonly config: string
  readonly lists: string
}

/** Makes one. `config` is written as JSON, which is YAML too; `lists` maps file names to their text. */
export async function makeHome(folder: string, config: object, lists: Record<string, string> = {}): Promise<Home> {
  const home = { folder, config: join(folder, 'askfirst.yaml'), lists: join(folder, 'blocklists') }
  await mkdir(home.lists, { recursive: true })
  for (const [name, text] of Object.entries(lists)) await writeFile(join(home.lists, name), text)
  // The world outside of the tests lives under .test, which is special and would stay inside (RFC 6761 §6.2).
  const special = { forward: ['test'] }
  const whole = { lists: { folder: home.lists }, state: join(folder, 'state'), special, ...config }
  await writeFile(home.config, `${JSON.stringify(whole, null, 2)}\n`)
  return home
}

/** Resolves when the program has said that it is ready. */
export const ready = (program: Running): Promise<string> => program.waitForLine('"msg":"started"', { within: 20_000 })
