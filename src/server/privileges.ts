// Gives up root once every port is open. Knows users and files, not what they are for.
import { constants } from 'node:fs'
import { access, lchown, lstat, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import { safeText } from '../base/text.ts'
import type { Log } from '../log.ts'

/** A user of this machine. */
interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** The groups that he is a member of besides. */
  readonly groups: readonly number[]
}

/** How deep the state folder is. */
const DEPTH_MAX = 3

/**
 * Before the state folder is used: looks the user up, and makes the folder his where it is not there yet. Undefined
 * where there is nothing to give up. Throws a `Failure` where there is no such user.
 */
export async function userToBecome(name: string | null, state: string, log: Log): Promise<User | undefined> {
  if (process.getuid?.() !== 0) {
    if (name !== null) log.info({ user: name }, 'not started as root: "user" has no effect')
    return undefined
  }
  if (name === null) {
    log.info({}, 'running as root; with the key "user" askfirst gives that up once its ports are open')
    return undefined
  }
  const user = await userNamed(name)
  if (user === undefined) {
    throw failure(
      `there is no user "${safeText(name)}"`,
      `Make one: useradd --system --no-create-home ${safeText(name)}`,
    )
  }
  if (user.uid === 0) throw failure(`the user "${safeText(name)}" is root`, 'Name one that is not.')
  const made = await mkdir(state, { recursive: true, mode: 0o700 }).catch(() => undefined)
  if (made !== undefined) await lchown(state, user.uid, user.gid)
  return user
}

/**
 * Becomes the user, for good: with his groups, for every thread of the process. What was written into the state folder
 * as root is made his first. Throws a `Failure` where that does not work, or where he cannot write to that folder.
 */
export async function become(user: User, state: string, log: Log): Promise<void> {
  if ((await lstat(state)).uid === user.uid) await handOver(state, user, DEPTH_MAX)
  try {
    process.setgroups?.([user.gid, ...user.groups])
    process.setgid?.(user.gid)
    process.setuid?.(user.uid)
  } catch (fault) {
    throw failure(
      `cannot become "${user.name}": ${safeText((fault as Error).message)}`,
      'Start as root, or as that user.',
    )
  }
  if (canReturn()) throw failure(`root could be taken back after becoming "${user.name}"`, 'Please report this.')
  await access(state, constants.R_OK | constants.W_OK).catch(() => {
    throw failure(
      `the user "${user.name}" may not write to ${safeText(state)}`,
      `Give it to him: chown -R ${user.name}: ${safeText(state)}`,
    )
  })
  log.info({ user: user.name, uid: user.uid, gid: user.gid }, 'root is given up')
}

/** Only what root owns, and never through a link: the folder may be somebody else's, too. */
async function handOver(folder: string, user: User, depth: number): Promise<void> {
  if (depth === 0) return
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if ((await lstat(path)).uid === 0) await lchown(path, user.uid, user.gid)
    if (entry.isDirectory()) await handOver(path, user, depth - 1)
  }
}

function canReturn(): boolean {
  try {
    process.setuid?.(0)
    return true
  } catch {
    return false
  }
}

/** From the files that every system has; users of a directory service must be made known there. */
async function userNamed(name: string): Promise<User | undefined> {
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [own, , uid, gid] = line.split(':')
    if (own === name) return { name, uid: Number(uid), gid: Number(gid), groups: await groupsOf(name) }
  }
  return undefined
}

async function groupsOf(name: string): Promise<readonly number[]> {
  const lines = (await readFile('/etc/group', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'))
  return lines.flatMap(([, , gid, members]) => (members?.split(',').includes(name) === true ? [Number(gid)] : []))
}

const failure = (message: string, hint: string): Failure => new Failure({ code: 'ASKFIRST_E_USER', message, hint })
