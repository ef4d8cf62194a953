// A program: tries, one after the other, what the systemd unit allows and forbids, and prints as JSON how each ended: "ok",
// or the system's name for the failure. Runs inside of the unit, before the server (ExecStartPre).
import { chmodSync, chownSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { getSystemErrorName } from 'node:util'

// Not by its name: this file lies elsewhere than the library.
const require = createRequire('/opt/askfirst/package.json')
const koffi = require('koffi') as typeof import('koffi').default
const libc = koffi.load(null)
const long = (count: number): string => Array.from({ length: count }, (_, i) => `intptr_t a${i}`).join(', ')
const syscall = libc.func(`intptr_t syscall(${long(7)})`)
const socket = libc.func('int socket(int family, int type, int protocol)')
const unshare = libc.func('int unshare(int what)')
const mount = libc.func(
  'int mount(const char *from, const char *to, const char *kind, uintptr_t flags, const void *data)',
)
const chroot = libc.func('int chroot(const char *to)')
const ptrace = libc.func('intptr_t ptrace(int request, intptr_t pid, intptr_t address, intptr_t data)')
const personality = libc.func('int personality(uintptr_t kind)')
const setScheduler = libc.func('int sched_setscheduler(int pid, int policy, const void *priority)')

const arm = process.arch === 'arm64'
const NUMBER = {
  sched_setattr: arm ? 274 : 314,
  bpf: arm ? 280 : 321,
  reboot: arm ? 142 : 169,
  init_module: arm ? 105 : 175,
}
const [SCHED_OTHER, SCHED_FIFO, SCHED_BATCH] = [0, 1, 3]
const [AF_INET, AF_PACKET, SOCK_RAW, CLONE_NEWUSER, PTRACE_TRACEME, ADDR_NO_RANDOMIZE] = [
  2, 17, 3, 0x1000_0000, 0, 0x4_0000,
]
const LATER = 5
const zeros = new Uint8Array(64)

/** struct sched_attr of sched_setattr(2), in its first size. The nice level must be named, too: a lower one is forbidden. */
function attributes(policy: number, level: number, slice: bigint): Buffer {
  const bytes = Buffer.alloc(48)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeUInt32LE(policy, 4)
  bytes.writeInt32LE(level, 16)
  bytes.writeBigUInt64LE(slice, 24)
  return bytes
}

const called = (result: number | bigint): void => {
  if (Number(result) < 0) throw Object.assign(new Error(), { code: getSystemErrorName(-koffi.errno()) })
}
const direct = (number: number, ...words: (number | bigint)[]): void =>
  called(syscall(number, ...words, ...new Array(6 - words.length).fill(0)))
const state = process.env['STATE_DIRECTORY'] as string
const own = join(state, 'probe')
writeFileSync(own, '')

const tries: Record<string, () => unknown> = {
  // Wanted.
  'let a thread come later': () => setPriority(LATER),
  'ask for a longer slice': () =>
    direct(NUMBER.sched_setattr, 0, koffi.address(attributes(SCHED_OTHER, LATER, 20_000_000n).buffer), 0),
  'be a batch': () => called(setScheduler(0, SCHED_BATCH, zeros)),
  'write its state': () => writeFileSync(own, 'x'),
  'write its cache': () => writeFileSync(join(process.env['CACHE_DIRECTORY'] as string, 'probe'), 'x'),
  'write a /tmp of its own': () => writeFileSync('/tmp/probe', 'x'),
  // Forbidden: the table of docs/install.md.
  'write the configuration': () => writeFileSync('/etc/askfirst/probe', 'x'),
  'write the program': () => writeFileSync('/opt/askfirst/dist/cli.js', 'x'),
  'write anywhere else': () => writeFileSync('/var/lib/probe', 'x'),
  'read what only root may': () => readFileSync('/etc/secret'),
  'read what only a group may': () => readFileSync('/var/log/kern.log'),
  'read a home': () => readFileSync('/home/somebody/list.txt'),
  'read the home of root': () => readdirSync('/root'),
  "see others' /tmp": () => readFileSync('/tmp/of-others'),
  'open the kernel log': () => openSync('/dev/kmsg', 'r'),
  'open a disk': () => openSync('/dev/sda', 'r'),
  'change a setting of the kernel': () => writeFileSync('/proc/sys/net/ipv4/ip_forward', '1'),
  'listen to all packets': () => called(socket(AF_PACKET, SOCK_RAW, 0)),
  'send packets with forged addresses': () => called(socket(AF_INET, SOCK_RAW, 1)),
  'become root': () => process.setuid?.(0),
  'give a file away': () => chownSync(own, 12_345, 12_345),
  'make a program that runs as somebody else': () => chmodSync(own, 0o4755),
  'come before other programs': () => setPriority(-5),
  'run in real time': () => called(setScheduler(0, SCHED_FIFO, Uint32Array.of(1))),
  'look into another process': () => called(ptrace(PTRACE_TRACEME, 0, 0, 0)),
  'make a namespace': () => called(unshare(CLONE_NEWUSER)),
  'mount a file system': () => called(mount('none', '/tmp', 'tmpfs', 0, null)),
  'change the root folder': () => called(chroot('/tmp')),
  'load code into the kernel': () => direct(NUMBER.bpf, 0, koffi.address(zeros.buffer), zeros.length),
  'load a kernel module': () => direct(NUMBER.init_module, 0, 0, 0),
  'switch off address randomization': () => called(personality(ADDR_NO_RANDOMIZE)),
  'reboot the machine': () => direct(NUMBER.reboot, 0, 0, 0, 0),
}

const failureOf = (attempt: () => unknown): string => {
  try {
    attempt()
    return 'ok'
  } catch (fault) {
    // Failures of `os` have the system's name one deeper.
    const { code, info } = fault as NodeJS.ErrnoException & { info?: { code: string } }
    return info?.code ?? code ?? String(fault)
  }
}
const ends = Object.entries(tries).map(([what, attempt]) => [what, failureOf(attempt)])
process.stdout.write(`probe ${JSON.stringify(Object.fromEntries(ends))}\n`)
