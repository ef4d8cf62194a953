// Which programs from Debian a test wants besides those of the house, and what to do where one is missing.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { TOOL_PATH } from './house/tools.ts'

/**
 * For `describe.skipIf(!havePrograms({ kdig: 'knot-dnsutils' }))`: program, or file by its whole path, to package. Says
 * on stderr what to install where one is missing; with CI=true it throws: a test that is skipped in CI tests nothing.
 */
export function havePrograms(packages: Readonly<Record<string, string>>): boolean {
  const missing = Object.keys(packages).filter((program) => !isThere(program))
  if (missing.length === 0) return true
  const names = [...new Set(missing.map((program) => packages[program]))].sort()
  const text = `missing: ${missing.join(', ')}\n  apt-get install --no-install-recommends ${names.join(' ')}`
  if (process.env['CI'] === 'true') throw new Error(text)
  console.warn(text)
  return false
}

const isThere = (program: string): boolean =>
  (program.startsWith('/') ? [program] : TOOL_PATH.split(delimiter).map((folder) => join(folder, program))).some(
    (path) => {
      try {
        accessSync(path, program.startsWith('/') ? constants.R_OK : constants.X_OK)
        return true
      } catch {
        return false
      }
    },
  )
