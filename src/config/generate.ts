// Writes what is made from the schema: the default file, its JSON schema and the table of the docs.
// Run by `npm run generate`; a convention test holds the files and the schema together.
import { readFileSync, writeFileSync } from 'node:fs'
import { jsonSchema } from './json-schema.ts'
import { referenceTable, referenceYaml } from './reference.ts'

/** The repository, whose files these are. */
const ROOT = new URL('../../', import.meta.url)

const DOCS = 'docs/configuration.md'
const BEGIN = '<!-- made by "npm run generate" from src/config/schema.ts: begin -->'
const END = '<!-- made by "npm run generate": end -->'

/** Every generated file: its path from the root of the repository, and the whole text that it must have. */
export function generated(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: 'config/askfirst.yaml', text: referenceYaml() },
    { path: 'config/askfirst.schema.json', text: `${JSON.stringify(jsonSchema(), null, 2)}\n` },
    { path: DOCS, text: withTable(readFileSync(new URL(DOCS, ROOT), 'utf8')) },
  ]
}

/** The page with a fresh table between its two marks; throws where the marks are missing. */
function withTable(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${DOCS} has lost the marks of its table`)
  return `${page.slice(0, begin)}${BEGIN}\n\n${referenceTable()}\n\n${page.slice(end)}`
}

if (import.meta.main) for (const { path, text } of generated()) writeFileSync(new URL(path, ROOT), text)
