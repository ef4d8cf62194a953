// Datagrams by the batch, in memory that the kernel reads and writes in place: struct mmsghdr, struct iovec, socket
// addresses and data in one ArrayBuffer, laid out once. Knows sockets by their number only, and no DNS.
//
// struct mmsghdr on 64-bit Linux, in 32-bit words: 0 address of the name, 2 size of the name, 4 address of the iovec,
// 6 number of iovecs, 8 control data (none), 12 flags, 14 length of the datagram; 16 words in all. struct iovec: 0
// address of the data, 2 its size; 4 words in all. Counts and sizes of 64 bits have upper halves that stay zero.
import { LINUX, type Libc, type Pointer } from './libc.ts'
import { NAME_WORDS } from './socket-address.ts'

/** Longest datagram that is taken in or sent: the largest UDP size that we can be set to announce (RFC 6891 §6.2.3). */
export const DATAGRAM_MAX = 4096
/** Datagrams that one system call takes in. */
export const BATCH = 64
/** Datagrams that one system call sends: a batch, and what else is ready. */
const OUT = 2 * BATCH
/** Slots a page apart would share a few sets of the processor's first cache; a line more and they do not. */
const STRIDE = DATAGRAM_MAX + 64
/** What goes out stands back to back: a batch of usual replies stays in the first cache. */
const OUT_ROOM = 64 * 1024

const HEADER_WORDS = 16
const IOVEC_WORDS = 4
/** Fields of a header and of an iovec, in words. */
const AT = { name: 0, nameSize: 2, iovec: 4, iovecs: 6, flags: 12, length: 14, data: 0, size: 2 } as const

/** An array of messages and room for data behind it: headers, iovecs, names, data. */
class Memory {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly pointer: Pointer
  /** Where the iovecs and names begin, in words, and the data, in bytes. */
  readonly iovecs: number
  readonly names: number
  readonly data: number

  constructor(libc: Libc, count: number, nameSize: number, dataBytes: number) {
    this.iovecs = count * HEADER_WORDS
    this.names = this.iovecs + count * IOVEC_WORDS
    this.data = 4 * (this.names + count * NAME_WORDS)
    // Zero pages until they are touched: what is never used costs no memory.
    const memory = new ArrayBuffer(this.data + dataBytes)
    this.bytes = new Uint8Array(memory)
    this.words = new Uint32Array(memory)
    this.pointer = libc.pointer(memory)
    for (let i = 0; i < count; i++) {
      const header = i * HEADER_WORDS
      this.point(header + AT.name, 4 * (this.names + i * NAME_WORDS))
      this.point(header + AT.iovec, 4 * (this.iovecs + i * IOVEC_WORDS))
      this.words[header + AT.nameSize] = nameSize
      this.words[header + AT.iovecs] = 1
    }
  }

  /** Writes the address of the byte at `to`. A store into a Uint32Array takes the whole part, modulo 2^32. */
  point(word: number, to: number): void {
    this.words[word] = this.pointer + to
    this.words[word + 1] = (this.pointer + to) / 2 ** 32
  }
}

/** Datagrams that came in. What stands here is true until the next `receive`. */
export class Inbox {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  #received = 0

  constructor(libc: Libc) {
    const memory = new Memory(libc, BATCH, 4 * NAME_WORDS, BATCH * STRIDE)
    this.#libc = libc
    this.#memory = memory
    this.bytes = memory.bytes
    this.words = memory.words
    for (let i = 0; i < BATCH; i++) {
      memory.point(memory.iovecs + i * IOVEC_WORDS + AT.data, this.at(i))
      memory.words[memory.iovecs + i * IOVEC_WORDS + AT.size] = DATAGRAM_MAX
    }
  }

  /**
   * Takes what waits at the socket; returns how many datagrams that are, 0 for none or a failure (`errno` knows which).
   * Never blocks.
   */
  receive(fd: number): number {
    // The kernel has written the size of each name that it filled in.
    for (let i = 0; i < this.#received; i++) this.words[i * HEADER_WORDS + AT.nameSize] = 4 * NAME_WORDS
    const count = this.#libc.recvmmsg(fd, this.#memory.pointer, BATCH, LINUX.MSG_DONTWAIT, 0)
    this.#received = Math.max(0, count)
    return this.#received
  }

  /** Where datagram `i` begins in `bytes`. */
  at(i: number): number {
    return this.#memory.data + i * STRIDE
  }

  /** Bytes of datagram `i` that are here. */
  length(i: number): number {
    return this.words[i * HEADER_WORDS + AT.length] as number
  }

  /** Whether datagram `i` was longer than `DATAGRAM_MAX`. */
  isCut(i: number): boolean {
    return ((this.words[i * HEADER_WORDS + AT.flags] as number) & LINUX.MSG_TRUNC) !== 0
  }

  /** Where its sender's socket address begins in `words`. */
  nameAt(i: number): number {
    return this.#memory.names + i * NAME_WORDS
  }
}

/** Datagrams that go out: each is written at `at` in `bytes`, then added; `flush` sends them. */
export class Outbox {
  readonly #libc: Libc
  readonly #memory: Memory
  readonly #nameWords: number
  readonly bytes: Uint8Array
  /** Where the next reply is to be written, if the box is not full; there is room for `DATAGRAM_MAX` bytes. */
  at: number
  #count = 0

  /** `nameSize`: bytes of a socket address of the socket's family. */
  constructor(libc: Libc, nameSize: number) {
    const memory = new Memory(libc, OUT, nameSize, OUT_ROOM)
    this.#libc = libc
    this.#memory = memory
    this.#nameWords = nameSize / 4
    this.bytes = memory.bytes
    this.at = memory.data
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Whether it must be flushed before the next reply. */
  get isFull(): boolean {
    return this.#count === OUT || this.at + DATAGRAM_MAX > this.bytes.length
  }

  /** Adds the `size` bytes at `at`, for the socket address at `nameAt` of `names`. */
  add(size: number, names: Uint32Array, nameAt: number): void {
    const { words, names: own, iovecs } = this.#memory
    const i = this.#count++
    for (let k = 0; k < this.#nameWords; k++) words[own + i * NAME_WORDS + k] = names[nameAt + k] as number
    this.#memory.point(iovecs + i * IOVEC_WORDS + AT.data, this.at)
    words[iovecs + i * IOVEC_WORDS + AT.size] = size
    // On whole words: copying is quicker.
    this.at += (size + 7) & ~7
  }

  /**
   * Sends all; returns how many the system would not take at all. Those that its buffer has no room for now are handed
   * to `late`, as copies. Never blocks.
   */
  flush(fd: number, late: (datagram: Uint8Array, name: Uint32Array) => void): number {
    const { bytes, words, pointer, iovecs, names, data } = this.#memory
    const count = this.#count
    let refused = 0
    let i = 0
    while (i < count) {
      const sent = this.#libc.sendmmsg(fd, pointer + 4 * i * HEADER_WORDS, count - i, LINUX.MSG_DONTWAIT)
      if (sent > 0) i += sent
      else if (this.#libc.errno() === LINUX.EAGAIN) break
      else {
        // This one cannot go: no way there, a port 0, a firewall's rule. The next may.
        refused++
        i++
      }
    }
    for (; i < count; i++) {
      const iovec = iovecs + i * IOVEC_WORDS
      const at = ((words[iovec + AT.data] as number) - pointer) >>> 0
      const name = names + i * NAME_WORDS
      late(bytes.slice(at, at + (words[iovec + AT.size] as number)), words.slice(name, name + NAME_WORDS))
    }
    this.#count = 0
    this.at = data
    return refused
  }
}
