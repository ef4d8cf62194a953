// Datagrams by the batch, in memory that the kernel reads and writes in place: struct mmsghdr, struct iovec, socket
// addresses and data in one ArrayBuffer, laid out once. Knows sockets by their number only, and no DNS.
//
// struct mmsghdr on 64-bit Linux, in 32-bit words: 0 address of the name, 2 size of the name, 4 address of the iovec,
// 6 number of iovecs, 8 control data (none), 12 flags, 14 length of the datagram; 16 words in all. struct iovec: 0
// address of the data, 2 its size; 4 words in all. Counts and sizes of 64 bits have upper halves that stay zero.
import { type Libc, LINUX, type Pointer } from './libc.ts'
import { NAME_ROOM, NAME_SIZE } from './socket-address.ts'

/** Datagrams of one system call. */
export const BATCH = 64
/** Longest query that is read: as large as the largest UDP size that we can be set to announce (RFC 6891 §6.2.3). */
export const QUERY_MAX = 4096
/** Longest reply over UDP: the largest UDP size that can be set. */
export const REPLY_MAX = 4096

/** Slots a page apart would share a few sets of the processor's first cache; a line more and they do not. */
const QUERY_STRIDE = QUERY_MAX + 64
/** Replies stand back to back: a batch of usual ones stays in the first cache. */
const REPLIES_ROOM = 64 * 1024
const HEADER_WORDS = 16
const IOVEC_WORDS = 4
const NAME_WORDS = NAME_ROOM / 4
/** Where the parts stand, in words: headers, iovecs, names, data. */
const IOVECS = BATCH * HEADER_WORDS
const NAMES = IOVECS + BATCH * IOVEC_WORDS
const DATA = NAMES + BATCH * NAME_WORDS
/** Fields of a header, in words. */
const AT = { name: 0, nameSize: 2, iovec: 4, iovecs: 6, flags: 12, length: 14 } as const

interface Memory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly pointer: Pointer
}

/** An array of messages with room for data behind it; zero pages until they are touched. */
function layOut(libc: Libc, dataBytes: number): Memory {
  const memory = new ArrayBuffer(4 * DATA + dataBytes)
  const words = new Uint32Array(memory)
  const pointer = libc.pointer(memory)
  for (let i = 0; i < BATCH; i++) {
    const header = i * HEADER_WORDS
    putPointer(words, header + AT.name, pointer + 4 * (NAMES + i * NAME_WORDS))
    putPointer(words, header + AT.iovec, pointer + 4 * (IOVECS + i * IOVEC_WORDS))
    words[header + AT.iovecs] = 1
  }
  return { bytes: new Uint8Array(memory), words, pointer }
}

/** A store into a Uint32Array takes a number modulo 2^32, whole part only. */
function putPointer(words: Uint32Array, at: number, pointer: Pointer): void {
  words[at] = pointer
  words[at + 1] = pointer / 2 ** 32
}

/** Datagrams that came in. What stands here is true until the next `receive`. */
export class Inbox {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  #dirty = BATCH

  constructor(libc: Libc) {
    this.#libc = libc
    this.#memory = layOut(libc, BATCH * QUERY_STRIDE)
    const { bytes, words, pointer } = this.#memory
    this.bytes = bytes
    this.words = words
    for (let i = 0; i < BATCH; i++) {
      putPointer(words, IOVECS + i * IOVEC_WORDS, pointer + this.at(i))
      words[IOVECS + i * IOVEC_WORDS + 2] = QUERY_MAX
    }
  }

  /** Takes what waits at the socket, up to `BATCH` datagrams; how many, 0 for none or a failure. Never blocks. */
  receive(fd: number): number {
    const { words, pointer } = this.#memory
    // The kernel has written the size of each name that it filled in.
    for (let i = 0; i < this.#dirty; i++) words[i * HEADER_WORDS + AT.nameSize] = NAME_ROOM
    const count = this.#libc.recvmmsg(fd, pointer, BATCH, LINUX.MSG_DONTWAIT, 0)
    this.#dirty = count > 0 ? count : 0
    return this.#dirty
  }

  /** Where datagram `i` begins in `bytes`. */
  at(i: number): number {
    return 4 * DATA + i * QUERY_STRIDE
  }

  /** Bytes of datagram `i` that are here. */
  length(i: number): number {
    return this.words[i * HEADER_WORDS + AT.length] as number
  }

  /** Whether datagram `i` was longer than `QUERY_MAX`. */
  isCut(i: number): boolean {
    return ((this.words[i * HEADER_WORDS + AT.flags] as number) & LINUX.MSG_TRUNC) !== 0
  }

  /** Where its sender's socket address begins, in `words`. */
  nameAt(i: number): number {
    return NAMES + i * NAME_WORDS
  }
}

/** Datagrams that go out: written at `at` in `bytes`, then added, then flushed. */
export class Outbox {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly #nameWords: number
  readonly bytes: Uint8Array
  /** Where the next reply is to be written; there is room for `REPLY_MAX` bytes. */
  at = 4 * DATA
  #count = 0

  constructor(libc: Libc, nameSize: number) {
    this.#libc = libc
    this.#memory = layOut(libc, REPLIES_ROOM)
    this.#nameWords = nameSize / 4
    this.bytes = this.#memory.bytes
    for (let i = 0; i < BATCH; i++) this.#memory.words[i * HEADER_WORDS + AT.nameSize] = nameSize
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Whether the next reply needs a `flush` first. */
  get isFull(): boolean {
    return this.#count === BATCH || this.at > 4 * DATA + REPLIES_ROOM - REPLY_MAX
  }

  /** Adds the `size` bytes at `at`, for the socket address at word `nameAt` of `names`. */
  add(size: number, names: Uint32Array, nameAt: number): void {
    const { words, pointer } = this.#memory
    const i = this.#count++
    const to = NAMES + i * NAME_WORDS
    for (let k = 0; k < this.#nameWords; k++) words[to + k] = names[nameAt + k] as number
    const iovec = IOVECS + i * IOVEC_WORDS
    putPointer(words, iovec, pointer + this.at)
    words[iovec + 2] = size
    // On whole words, so that copying is quick.
    this.at += (size + 7) & ~7
  }

  /**
   * Sends all. `refused` counts those that the system would not take at all; those that its buffer had no room for are
   * handed to `late`, as they stand here: their bytes and their socket address are true during the call only.
   */
  flush(fd: number, late: (reply: Uint8Array, name: Uint8Array) => void): number {
    const { bytes, pointer, words } = this.#memory
    const libc = this.#libc
    const count = this.#count
    let sent = 0
    let refused = 0
    while (sent < count) {
      const taken = libc.sendmmsg(fd, pointer + 4 * HEADER_WORDS * sent, count - sent, LINUX.MSG_DONTWAIT)
      if (taken > 0) sent += taken
      else if (libc.errno() === LINUX.EAGAIN) break
      else {
        // This one cannot go: a port 0, no way there, a firewall's rule. The next may.
        sent++
        refused++
      }
    }
    for (; sent < count; sent++) {
      const iovec = IOVECS + sent * IOVEC_WORDS
      const at = ((words[iovec] as number) - (pointer >>> 0)) >>> 0
      const name = 4 * (NAMES + sent * NAME_WORDS)
      late(bytes.subarray(at, at + (words[iovec + 2] as number)), bytes.subarray(name, name + NAME_ROOM))
    }
    this.#count = 0
    this.at = 4 * DATA
    return refused
  }
}
