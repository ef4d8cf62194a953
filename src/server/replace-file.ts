// Writes a file anew as a whole: who reads it sees the old text or the new one, never half of either. Knows no content.
import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Any of the bits that let somebody write. */
const WRITABLE = 0o222

/**
 * Replaces the text of a file, or makes it. Who may read and write it stays as it was, and a link stays a link to it.
 * `isStill` is asked at the last moment whether the file is what it was; false: nothing was done.
 * Rejects as the file system does, and for a file that nobody may write (`EACCES`), also where the rights of the folder
 * or of root would let us.
 */
export async function replaceFile(path: string, text: string, isStill: () => boolean): Promise<boolean> {
  const target = await realpath(path).catch(() => path)
  const before = await stat(target).catch(() => undefined)
  if (before !== undefined && (before.mode & WRITABLE) === 0) {
    throw Object.assign(new Error('it is read-only'), { code: 'EACCES' })
  }
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await using file = await open(temporary, 'wx', 0o644)
    if (before !== undefined) {
      await file.chmod(before.mode & 0o7777)
      // Only root may give a file away; without that it is ours from now on, as the folder's rights allow.
      await file.chown(before.uid, before.gid).catch(() => undefined)
    }
    await file.writeFile(text)
    await file.sync()
    if (!isStill()) {
      await rm(temporary, { force: true })
      return false
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  // The new name is on disk when its folder is; a file system that cannot do that keeps the order itself.
  await using folder = await open(dirname(target), 'r')
  await folder.sync().catch(() => undefined)
  return true
}
