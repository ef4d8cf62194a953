// What stands below /opt/askfirst once somebody has installed it: the bundle, made now, and what it needs beside it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const REPOSITORY = new URL('../..', import.meta.url).pathname

/** Builds dist/ into the folder. Returns what to mount where, for `startMachine`. */
export async function installed(folder: string): Promise<Readonly<Record<string, string>>> {
  const dist = join(folder, 'dist')
  const rolldown = join(REPOSITORY, 'node_modules/rolldown/bin/cli.mjs')
  const options = ['--config', 'rolldown.config.ts', '--dir', dist]
  await promisify(execFile)(process.execPath, [rolldown, ...options], { cwd: REPOSITORY })
  const beside = ['node_modules', 'package.json', 'config', 'blocklists', 'README.md']
  return {
    '/opt/askfirst/dist': dist,
    ...Object.fromEntries(beside.map((name) => [`/opt/askfirst/${name}`, join(REPOSITORY, name)])),
  }
}
