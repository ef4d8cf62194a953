// The system's own calls, for what Node has no words for: many datagrams a call, and to be told that some are there
// instead of being handed them one by one; memory that goes back; whose turn it is. The door of koffi.
import { createRequire } from 'node:module'
import { endianness } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { LibraryHandle, node } from 'koffi'

/** A place in native memory, as a number: user space ends below 2^48, so none is lost. */
export type Pointer = number

/** The calls, in their cheapest form: numbers only, nothing to convert. Each returns a negative number on failure. */
export interface Libc {
  readonly socket: (family: number, type: number, protocol: number) => number
  readonly setsockopt: (fd: number, level: number, option: number, value: Uint32Array, size: number) => number
  readonly bind: (fd: number, name: Uint32Array, size: number) => number
  readonly connect: (fd: number, name: Uint32Array, size: number) => number
  /** Writes the socket's own address into `name`; `size` has the room there, and then the size that it took. */
  readonly getsockname: (fd: number, name: Uint32Array, size: Uint32Array) => number
  readonly send: (fd: number, data: Uint8Array, size: number, flags: number) => number
  readonly close: (fd: number) => number
  /** `timeout`: 0, a null pointer. */
  readonly recvmmsg: (fd: number, headers: Pointer, count: number, flags: number, timeout: Pointer) => number
  readonly sendmmsg: (fd: number, headers: Pointer, count: number, flags: number) => number
  readonly interfaceIndex: (name: string) => number
  readonly madvise: (start: Pointer, size: number, advice: number) => number
  /** Gives what malloc holds and nobody uses back to the system, but for `keep` bytes. Absent: not in this C library. */
  readonly mallocTrim: ((keep: number) => number) | undefined
  /** How a thread is given its turn; 0 is the caller. `parameters`: a priority, 0 for all that we use. */
  readonly sched_setscheduler: (thread: number, policy: number, parameters: Uint32Array) => number
  /** The same with all that Linux knows of it, as `struct sched_attr`; the C library has no call of its own before 2.41. */
  readonly sched_setattr: (thread: number, attributes: Uint8Array) => number
  /** The caller's number with the kernel. Absent: not in this C library. */
  readonly gettid: (() => number) | undefined
  /** Why the latest call failed. To be asked at once: whatever runs in between may change it. */
  readonly errno: () => number
  /**
   * Has the event loop call `ready` whenever there is something to take at the socket, until the watch is closed. It
   * returns whether promises were made or settled meanwhile.
   */
  readonly watch: (fd: number, ready: () => boolean) => Watch
  /** Waits, at most `timeout` ms (-1: for ever), until something is there at one of `count` sockets of `struct pollfd`. */
  readonly poll: (entries: Pointer, count: number, timeout: number) => number
  /** This thread's event loop. Absent: this Node does not show it. */
  readonly loop: Loop | undefined
  /** Where the bytes of `memory` stand. They stay there as long as it is referenced: only small typed arrays ever move. */
  readonly pointer: (memory: ArrayBuffer) => Pointer
}

/** The event loop's eye on a socket. */
export interface Watch {
  /** Whether room to send is to be told as well. */
  readonly forRoom: (wanted: boolean) => void
  /** To be closed before the socket is. */
  readonly close: () => void
}

/** An event loop, from outside. */
export interface Loop {
  /** Readable when it has something to see to. */
  readonly fd: number
  /** Milliseconds until it wants its turn anyway: 0 at once, -1 never. */
  readonly timeout: () => number
}

/** Numbers of Linux, the same on x64 and arm64 where nothing else is said (include/uapi/asm-generic). */
export const LINUX = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_REUSEPORT: 15,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  EAGAIN: 11,
  MADV_DONTNEED: 4,
  SYS_SCHED_SETATTR_X64: 314,
  SYS_SCHED_SETATTR_ARM64: 274,
  SCHED_FLAG_KEEP_POLICY: 8,
  SCHED_OTHER: 0,
  SCHED_IDLE: 5,
  RTLD_NOW: 2,
  RTLD_NODELETE: 0x1000,
} as const

/**
 * The calls; `undefined` where they cannot be had. The layouts of `datagrams.ts` hold for Linux on little-endian x64 and
 * arm64 only, koffi is an optional package without a binary for some platforms, and a sandbox may forbid the calls.
 */
export const openLibc = (): Promise<Libc | undefined> => (opened ??= open())

let opened: Promise<Libc | undefined> | undefined

async function open(): Promise<Libc | undefined> {
  const fits = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64')
  if (!fits || endianness() !== 'LE') return undefined
  try {
    const { default: koffi } = await import('koffi')
    // The process itself: its C library is loaded already, whichever it is.
    const library = koffi.load(null)
    const syscall = library.func('intptr_t syscall(intptr_t number, intptr_t a, const void *b, intptr_t c)')
    const setattr = process.arch === 'x64' ? LINUX.SYS_SCHED_SETATTR_X64 : LINUX.SYS_SCHED_SETATTR_ARM64
    const libc: Libc = {
      socket: library.func('int socket(int family, int type, int protocol)'),
      setsockopt: library.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t size)'),
      bind: library.func('int bind(int fd, const void *name, uint32_t size)'),
      connect: library.func('int connect(int fd, const void *name, uint32_t size)'),
      getsockname: library.func('int getsockname(int fd, void *name, void *size)'),
      send: library.func('intptr_t send(int fd, const void *data, uintptr_t size, int flags)'),
      close: library.func('int close(int fd)'),
      recvmmsg: library.func('int recvmmsg(int fd, uintptr_t headers, uint32_t count, int flags, uintptr_t timeout)'),
      sendmmsg: library.func('int sendmmsg(int fd, uintptr_t headers, uint32_t count, int flags)'),
      interfaceIndex: library.func('uint32_t if_nametoindex(const char *name)'),
      madvise: library.func('int madvise(uintptr_t start, uintptr_t size, int advice)'),
      mallocTrim: ifThere(() => library.func('int malloc_trim(uintptr_t keep)')),
      sched_setscheduler: library.func('int sched_setscheduler(int thread, int policy, const void *parameters)'),
      sched_setattr: (thread, attributes) => syscall(setattr, thread, attributes, 0) as number,
      gettid: ifThere(() => library.func('int gettid()')),
      errno: () => koffi.errno(),
      watch: (fd, ready) => watch(koffi.node, fd, ready),
      poll: library.func('int poll(uintptr_t entries, uintptr_t count, int timeout)'),
      loop: ifThere(() => loopOf(library, koffi.node.env)),
      pointer: (memory) => Number(koffi.address(memory)),
    }
    return koffi.node?.poll !== undefined && stays(library) && isAllowed(libc) ? libc : undefined
  } catch {
    return undefined
  }
}

/** What libuv says of the loop of the thread that Node knows as `env`. */
function loopOf(library: LibraryHandle, env: unknown): Loop {
  const found = new BigUint64Array(1)
  if (library.func('int napi_get_uv_event_loop(void *env, void *loop)')(env, found) !== 0) throw new Error('no loop')
  const loop = Number(found[0])
  const update = library.func('void uv_update_time(uintptr_t loop)')
  const timeout = library.func('int uv_backend_timeout(uintptr_t loop)')
  return {
    fd: library.func('int uv_backend_fd(uintptr_t loop)')(loop) as number,
    timeout() {
      // It counts from the time that it has looked at last.
      update(loop)
      return timeout(loop) as number
    },
  }
}

/** What not every C library or Node has. */
function ifThere<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}

/**
 * libuv calls straight into `ready`, past what Node does after its own callbacks: an immediate has it see to promises
 * and `nextTick`, and what is thrown must not get back into C.
 */
function watch(loop: typeof node, fd: number, ready: () => boolean): Watch {
  let closed = false
  const told = (status: unknown): void => {
    try {
      if (ready()) setImmediate(NOTHING)
    } catch (fault) {
      setImmediate(() => {
        throw fault
      })
    }
    // The socket had an error, which `ready` has fetched; libuv has stopped looking.
    if ((status as number) < 0 && !closed) handle.start(told)
  }
  const handle = loop.poll(fd, told)
  return {
    forRoom(wanted) {
      if (!closed) handle.start({ readable: true, writable: wanted }, told)
    },
    close() {
      closed = true
      handle.close()
    },
  }
}

const NOTHING = (): void => {}

/**
 * Keeps koffi's code in the process when the last thread that uses it ends: libuv calls it once more for each watch that
 * was closed, and does so when the thread's other things have gone. Whether it is kept.
 */
function stays(library: LibraryHandle): boolean {
  const file = Object.keys(createRequire(import.meta.url).cache).find((path) => path.endsWith('koffi.node'))
  const dlopen = library.func('void *dlopen(const char *file, int flags)')
  return file !== undefined && dlopen(file, LINUX.RTLD_NOW | LINUX.RTLD_NODELETE) !== null
}

/** Whether the system lets us make the two calls: on a fresh socket they find nothing to do. */
function isAllowed(libc: Libc): boolean {
  const fd = libc.socket(LINUX.AF_INET, LINUX.SOCK_DGRAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC, 0)
  if (fd < 0) return false
  const nothing = libc.pointer(NO_MESSAGE)
  const receives = libc.recvmmsg(fd, nothing, 1, LINUX.MSG_DONTWAIT, 0) < 0 && libc.errno() === LINUX.EAGAIN
  const sends = libc.sendmmsg(fd, nothing, 0, LINUX.MSG_DONTWAIT) === 0
  libc.close(fd)
  return receives && sends
}

/** A header of zeros. It stands here, not in the function, so that nothing takes it away while the kernel reads it. */
const NO_MESSAGE = new ArrayBuffer(64)

/** The error that node would have thrown for the latest failed call: `code` is the system's name for it. */
export function systemError(libc: Libc, call: string): Error {
  const errno = libc.errno()
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call })
}
