// A machine of its own on this one, with a root, processes and a network that nobody else sees: what runs first in it (a
// real systemd, or what a container would run) has it to itself. Knows nothing of askfirst. Wants root and Linux.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mustRun, type Ran, type RunOptions, run } from './house/place.ts'
import { type Running, start } from './house/running.ts'
import { until } from './house/until.ts'

/** What a machine is made of. */
export interface MachineOptions {
  /** The command that becomes its process 1. */
  readonly first: readonly string[]
  /** What is seen read-only at a place in it: place to folder or file of this machine. */
  readonly mounts?: Readonly<Record<string, string>>
  /** Files of its own: place to text. They belong to root and everybody may read them. */
  readonly files?: Readonly<Record<string, string>>
  /** Shell commands that run in it before the first one, as root. */
  readonly before?: readonly string[]
}

/** A machine that runs. */
export interface Machine {
  /** Its process 1 as this machine sees it, with all that it says. */
  readonly running: Running
  /** Its root as this machine sees it. */
  readonly root: string
  /** Runs a program in it to its end, as root. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<Ran>
  /** The same, but rejects with what was said when the exit code is not 0. Returns its stdout. */
  must(command: string, args?: readonly string[], options?: RunOptions): Promise<string>
  /** Writes a file into it. */
  write(place: string, text: string): Promise<void>
  /** Ends everything in it and takes it away. */
  remove(): Promise<void>
}

/** What runs first when the machine is to be ruled by systemd: `systemctl` and `journalctl` work in it then. */
export const systemd = (unit: string): readonly string[] => [
  ...['env', '-i', 'container=askfirst-test', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', '/usr/lib/systemd/systemd'],
  ...['--system', `--unit=${unit}`, '--log-target=console', '--show-status=0'],
]

/** For `before`: systemd sets up nothing of the machine, and no unit of this system runs in it but the journal. */
export const ALONE: readonly string[] = [
  'mkdir -p /etc/systemd/system',
  'cd /usr/lib/systemd/system',
  'shopt -s nullglob',
  'for unit in {sysinit,sockets,local-fs,timers}.target.wants/*; do ln -sf /dev/null "/etc/systemd/system/$(basename "$unit")"; done',
  'cd /',
  'rm -f /etc/systemd/system/systemd-journald{.service,.socket,-dev-log.socket}',
]

/** Makes the machine and starts it. Its system is the one of this machine, read-only; its /etc, /var and all else is new. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'machine-'))
  const group = `askfirst-${folder.slice(-6)}`
  await Promise.all(['root', 'files', 'groups'].map((name) => mkdir(join(folder, name))))
  const files = { '/etc/machine-id': `${'0123456789abcdef'.repeat(2)}\n`, ...options.files }
  for (const [place, text] of Object.entries(files)) await writeInto(join(folder, 'files'), place, text)
  await writeFile(join(folder, 'first.sh'), insideScript(folder, options))
  await writeFile(join(folder, 'outer.sh'), outsideScript(folder, group))
  const running = start('unshare', ['--mount', '--propagation', 'private', '--', 'bash', join(folder, 'outer.sh')])
  const remove = async (): Promise<void> => {
    await running.stop('SIGKILL')
    const dissolved = () => run('unshare', ['--mount', 'bash', '-c', dissolve(folder, group)])
    await until('its processes to end', async () => (await dissolved()).code === 0)
    await rm(folder, { recursive: true, force: true })
  }
  const root = await until('the machine to have a root of its own', async () => {
    const children = await readFile(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').catch(() => '')
    const place = `/proc/${children.trim()}/root`
    return children.trim() !== '' && existsSync(join(place, READY)) ? place : undefined
  }).catch(async (fault) => {
    await remove()
    throw new Error(`${(fault as Error).message}\n${running.lines.join('\n')}`)
  })
  const first = root.split('/')[2] as string
  const inside = (command: string, args: readonly string[]): string[] => [
    ...['--target', first, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--', command],
    ...args,
  ]
  return {
    running,
    root,
    run: (command, args = [], settings) => run('nsenter', inside(command, args), settings),
    must: (command, args = [], settings) => mustRun('nsenter', inside(command, args), settings),
    write: (place, text) => writeInto(root, place, text),
    remove,
  }
}

async function writeInto(root: string, place: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, place)), { recursive: true })
  await writeFile(join(root, place), text)
}

/** Is there when the machine is whole. */
const READY = '/run/machine-is-whole'

/** Gives the machine a control group of its own, in which systemd may make others, then its namespaces. */
const outsideScript = (folder: string, group: string): string => `set -eu
mount -t cgroup2 cgroup2 ${folder}/groups
mkdir ${folder}/groups/${group}
echo $$ > ${folder}/groups/${group}/cgroup.procs
umount ${folder}/groups
exec unshare --mount --propagation private --pid --fork --kill-child --net --uts --ipc --cgroup -- bash ${folder}/first.sh
`

/** Takes the control groups away; fails while something still runs in them. */
const dissolve = (folder: string, group: string): string => `set -eu
mount -t cgroup2 cgroup2 ${folder}/groups
[ ! -d ${folder}/groups/${group} ] || find ${folder}/groups/${group} -depth -type d -exec rmdir {} +
`

const insideScript = (folder: string, { first, mounts = {}, before = [] }: MachineOptions): string => `set -eu
umask 022
mount -t tmpfs -o mode=755 tmpfs ${folder}/root
cd ${folder}/root
mkdir -p usr etc proc sys dev run tmp root home var/lib var/cache var/log var/tmp
chmod 1777 tmp var/tmp
mount --bind -o ro /usr usr
for link in bin sbin lib lib32 lib64; do if [ -L /$link ]; then cp -a /$link $link; fi; done
cp /etc/passwd /etc/group /etc/ld.so.cache etc/
cp -r --no-preserve=ownership ${folder}/files/. .
mount -t proc proc proc
# The settings of the kernel are this machine's too, except those of the network.
mount --bind proc/sys/net proc/sys/net
mount --rbind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do cp -a /dev/$device dev/; done
ln -s /proc/self/fd dev/fd
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
${Object.entries(mounts)
  .map(
    ([place, source]) =>
      `mkdir -p .${dirname(place)}; if [ -d ${source} ]; then mkdir -p .${place}; else touch .${place}; fi; mount --bind -o ro ${source} .${place}`,
  )
  .join('\n')}
ip link set lo up
mkdir before
pivot_root . before
cd /
umount -l /before
rmdir /before
# As systemd does it where it does not take itself to be in a container: what it mounts is seen by what it starts.
mount --make-rshared /
${before.join('\n')}
touch ${READY}
exec ${first.map((word) => `'${word}'`).join(' ')}
`
