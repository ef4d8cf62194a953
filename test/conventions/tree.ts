// The files of the repository, for the tests that read them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Whether a file or folder is in the repository; paths are relative to its root. */
export const exists = (path: string): boolean => existsSync(`${ROOT}${path}`)

/** The text of a file. */
export const textOf = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8')

/** Every file under a folder whose name ends so, sorted; none where there is no such folder. */
export function filesUnder(folder: string, ending: string): string[] {
  if (!exists(folder)) return []
  return readdirSync(`${ROOT}${folder}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length).replaceAll('//', '/'))
    .sort()
}
