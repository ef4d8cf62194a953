// A folder of lists that a test owns, gone when the test is over.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ListSources } from '../../../src/lists/sources.ts'

/** Makes a folder with these files. Use with `using`. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'askfirst-lists-')))
  const path = (name: string): string => join(folder, name)
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(path(name), content)
  for (const [name, content] of Object.entries(files)) write(name, content)
  return { folder, path, write, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Sources with nothing in them but what is given. */
export const sourcesOf = (some: Partial<ListSources>): ListSources => ({
  folder: null,
  files: [],
  block: [],
  allow: [],
  ...some,
})
