// What identifies lists: where they stand, how they are read, and what is in them. Knows nothing of what is made of them.
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import type { FoundList } from './sources.ts'

/** Digests of the files of lists, by their paths. */
export type Contents = Map<string, Buffer>

/**
 * The key of these lists; files that have no digest in `contents` are read for it. `undefined` where one cannot be read now;
 * it will then be told by whoever compiles. Measured: 24 MB of lists take 20 ms.
 */
export async function keyOf(lists: readonly FoundList[], contents: Contents = new Map()): Promise<Buffer | undefined> {
  const all = createHash('sha256').update(process.version)
  for (const list of lists) {
    all.update(JSON.stringify(list))
    if (list.path === undefined) continue
    const content = contents.get(list.path) ?? (await contentOf(list.path).catch(() => undefined))
    if (content === undefined) return undefined
    all.update(content)
  }
  return all.digest()
}

/** What a digest is made by. */
export const contentHash = () => createHash('sha256')

async function contentOf(path: string): Promise<Buffer | undefined> {
  // Looked at before it is opened: to open a named pipe would wait for its writer.
  if (!(await stat(path)).isFile()) return undefined
  await using handle = await open(path)
  const hash = contentHash()
  const buffer = Buffer.allocUnsafeSlow(1024 ** 2)
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
    if (bytesRead === 0) return hash.digest()
    hash.update(buffer.subarray(0, bytesRead))
  }
}
