// Sockets that a thread attends to itself while it has nothing else to do. libuv tells koffi, which makes an object of what
// it was told and calls us: two thirds of the time that an answer takes on a quiet network. Here the thread waits at the
// sockets and at its event loop with one call of the system, and goes back to the loop for everything else. That libuv
// lets itself be waited for from outside is part of its interface (uv_backend_fd, uv_backend_timeout).
import type { Libc, Loop, Pointer, Watch } from './libc.ts'

/** Datagrams that are taken before the event loop has its turn: some 10 ms of work in a flood. */
export const TURN = 2048

/**
 * Has `turn` called whenever there is something to take at the socket, until the watch is closed. It takes what it can, up
 * to `TURN` datagrams, and returns how many; -1 where promises were made or settled meanwhile.
 */
export function attend(libc: Libc, fd: number, turn: () => number): Watch {
  if (libc.loop !== undefined) attending ??= new Attending(libc, libc.loop)
  const mine = attending
  const watch = libc.watch(fd, () => {
    const goesOn = turn() < 0
    if (!goesOn) mine?.soon()
    return goesOn
  })
  mine?.add(fd, turn)
  return {
    forRoom: watch.forRoom,
    close: () => {
      mine?.remove(fd)
      watch.close()
    },
  }
}

/** One for all sockets of the thread. */
let attending: Attending | undefined

/** Sockets that can be waited for at once; the rest are told of by libuv only. */
const SOCKETS = 63
/** POLLIN of poll(2). An entry of its array: the socket in one word, what is wanted and what is there in halves of the next. */
const READABLE = 1
const ENTRY_WORDS = 2

/** Waits at sockets and the event loop together, and takes what comes at the sockets. */
class Attending {
  readonly #libc: Libc
  readonly #loop: Loop
  /** The event loop first, then the sockets. */
  readonly #entries = new Int32Array(new ArrayBuffer(4 * ENTRY_WORDS * (1 + SOCKETS)))
  readonly #pointer: Pointer
  readonly #sockets: { readonly fd: number; readonly turn: () => number }[] = []
  #planned = false

  constructor(libc: Libc, loop: Loop) {
    this.#libc = libc
    this.#loop = loop
    this.#pointer = libc.pointer(this.#entries.buffer as ArrayBuffer)
    this.#enter(0, loop.fd)
  }

  add(fd: number, turn: () => number): void {
    if (this.#sockets.length === SOCKETS) return
    this.#sockets.push({ fd, turn })
    this.#enter(this.#sockets.length, fd)
  }

  remove(fd: number): void {
    const at = this.#sockets.findIndex((socket) => socket.fd === fd)
    if (at < 0) return
    this.#sockets.splice(at, 1)
    for (const [i, socket] of this.#sockets.entries()) this.#enter(i + 1, socket.fd)
  }

  #enter(at: number, fd: number): void {
    this.#entries[ENTRY_WORDS * at] = fd
    this.#entries[ENTRY_WORDS * at + 1] = READABLE
  }

  /**
   * Begins once the event loop has seen to everything that it knows of. An immediate that it does not wait for: with
   * one that it does, it would not want to be waited for.
   */
  soon(): void {
    if (this.#planned) return
    this.#planned = true
    setImmediate(this.#attend).unref()
  }

  /**
   * Waits, and answers what comes, until the loop has something to do: a timer, a message, a stream, a promise. Where a
   * socket is ready the loop always is, since it watches them as well: after `TURN` datagrams it has a look itself.
   */
  readonly #attend = (): void => {
    this.#planned = false
    for (let left = TURN; left > 0; ) {
      const timeout = this.#loop.timeout()
      if (timeout === 0) return
      const ready = this.#libc.poll(this.#pointer, 1 + this.#sockets.length, timeout)
      if (ready <= 0) return
      const taken = this.#takeAll()
      if (taken <= 0) return
      left -= taken
    }
  }

  /** Datagrams that were taken; -1: promises wait. */
  #takeAll(): number {
    let taken = 0
    // By number: a turn may close sockets.
    for (let i = 0; i < this.#sockets.length; i++) {
      if ((this.#entries[ENTRY_WORDS * (i + 1) + 1] as number) >>> 16 === 0) continue
      const count = (this.#sockets[i] as { turn: () => number }).turn()
      // Node sees to promises when we have returned to it.
      if (count < 0) return -1
      taken += count
    }
    return taken
  }
}
