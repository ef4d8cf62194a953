// One connection over TCP or TLS: questions go out as they come, answers come back in any order (RFC 7766 §6.2.1.1).
// Knows neither how it was made nor whether there are others.
import type { Socket } from 'node:net'
import { type Exchanged, sameQuestion } from './carrier.ts'
import { random16 } from './mixed-case.ts'
import type { Lost, Session } from './sessions.ts'

/**
 * A connection with questions on it that is silent for so long, ms, may be dead: the next question takes another one.
 * Less than anybody's patience, so that a second try is not made on the same dead connection.
 */
export const SUSPECT_AFTER = 190
/** Messages that answer nothing we asked, one after the other: whoever sends them is broken. */
const MAX_STRAYS_IN_A_ROW = 100

interface Pending {
  readonly sent: Uint8Array
  readonly since: number
  readonly settle: (result: Exchanged | Lost) => void
}

/** One connection that is open and whose peer is who it should be. */
export class StreamSession implements Session {
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  #rest: Buffer = EMPTY
  #lastHeard = performance.now()
  #strays = 0
  #straysInARow = 0
  usable = true
  proven = false

  /** Closes itself after `idle` ms without a question. */
  constructor(socket: Socket, idle: number) {
    this.#socket = socket
    socket.setTimeout(idle, () => {
      if (this.#pending.size === 0) this.#end('idle')
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#end(error.message))
    socket.on('end', () => this.#end('closed by the server'))
    socket.on('close', () => this.#end('closed'))
  }

  get inFlight(): number {
    return this.#pending.size
  }

  get strays(): number {
    return this.#strays
  }

  get suspect(): boolean {
    const [oldest] = this.#pending.values()
    if (oldest === undefined) return false
    return performance.now() - Math.max(oldest.since, this.#lastHeard) > SUSPECT_AFTER
  }

  ask(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged | Lost> {
    if (!this.usable) return Promise.resolve({ kind: 'lost', why: 'closed' })
    let id = random16()
    while (this.#pending.has(id)) id = (id + 1) & 0xffff
    const framed = Buffer.allocUnsafe(2 + packet.length)
    framed.writeUInt16BE(packet.length)
    framed.set(packet, 2)
    framed.writeUInt16BE(id, 2)
    return new Promise((resolve) => {
      const since = performance.now()
      const settle = (result: Exchanged | Lost): void => {
        clearTimeout(timer)
        this.#pending.delete(id)
        // Nothing new comes any more, and now the last one is through.
        if (!this.usable && this.#pending.size === 0) this.#socket.destroy()
        resolve(result)
      }
      const timer = setTimeout(() => {
        // Not a word since: the connection is dead or the server stuck. What is on it may wait for its own end.
        if (this.#lastHeard < since) this.usable = false
        settle({ kind: 'timeout' })
      }, timeout)
      this.#pending.set(id, { sent: framed.subarray(2, 2 + questionEnd), since, settle })
      this.#socket.write(framed)
    })
  }

  close(): void {
    this.#end('closed')
  }

  #receive(chunk: Buffer): void {
    this.#lastHeard = performance.now()
    let at = 0
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (!this.#socket.destroyed && bytes.length - at >= 2) {
      const length = bytes.readUInt16BE(at)
      if (bytes.length - at < 2 + length) break
      this.#message(bytes.subarray(at + 2, at + 2 + length))
      at += 2 + length
    }
    // Never more than one cut message: 2 bytes of length and 65,535 of content.
    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at))
  }

  #message(packet: Buffer): void {
    const found = packet.length < 12 ? undefined : this.#pending.get(packet.readUInt16BE(0))
    if (found === undefined || !sameQuestion(packet, found.sent)) {
      this.#strays++
      if (++this.#straysInARow > MAX_STRAYS_IN_A_ROW) this.#end('answers nothing that was asked')
      return
    }
    this.proven = true
    this.#straysInARow = 0
    found.settle({ kind: 'answer', packet: new Uint8Array(packet) })
  }

  #end(why: string): void {
    this.usable = false
    this.#socket.destroy()
    for (const { settle } of [...this.#pending.values()]) settle({ kind: 'lost', why })
  }
}

const EMPTY = Buffer.alloc(0)
