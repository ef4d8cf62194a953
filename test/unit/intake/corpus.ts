// Where the tests find firewall lines: excerpts in the tree, and the large collection beside it, where there is one.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const TREE = fileURLToPath(new URL('../../data/firewall/', import.meta.url))
const COLLECTION = fileURLToPath(new URL('../../../../shared/data/', import.meta.url))

/** Whether the large collection is there; tests that need it are skipped without it. */
export const hasCollection = existsSync(`${COLLECTION}firewall`)

/** Files of the collection, as paths inside it, sorted. */
export const collected = (pattern: string): string[] =>
  globSync(pattern, { cwd: COLLECTION })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()

/** The non-empty lines of a file of the collection, unpacked where it is packed. */
export const collectedLines = (path: string): string[] => linesOf(`${COLLECTION}${path}`)

/** The records of a JSON Lines file in the tree. */
export const records = <T>(name: string): T[] => linesOf(`${TREE}${name}`).map((line) => JSON.parse(line) as T)

const linesOf = (path: string): string[] =>
  (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
