// UDP towards one upstream: a few connected sockets on random ports, each query on one of them. Knows no strategy.
import { createSocket, type Socket } from 'node:dgram'
import type { Endpoint } from '../base/address.ts'
import { type Carrier, type CarrierFigures, type Exchanged, sameQuestion } from './carrier.ts'
import { random16 } from './mixed-case.ts'

/**
 * Sockets towards one upstream. A forger must hit the one port out of 64,512 that carries the query, the ID and the
 * letter case (RFC 5452 §4.5): which of our ports are open does not help, since an answer counts only on its own.
 */
const SOCKETS = 16
/** A socket is replaced, and its port with it, after this many queries or this long. */
const MAX_USES = 2000
const MAX_AGE_MS = 60_000

interface Pending {
  /** ID and question as sent: what an answer must carry. */
  readonly sent: Uint8Array
  readonly settle: (result: Exchanged) => void
  readonly timer: NodeJS.Timeout
}

interface Line {
  readonly socket: Socket
  readonly pending: Map<number, Pending>
  readonly ready: Promise<Exchanged | undefined>
  connected: boolean
  uses: number
  readonly born: number
}

/** The sockets towards one upstream. */
export class UdpSockets implements Carrier {
  readonly #to: Endpoint
  readonly #maxInFlight: number
  readonly #lines: Line[] = []
  #inFlight = 0
  #strays = 0

  constructor(to: Endpoint, maxInFlight: number) {
    this.#to = to
    this.#maxInFlight = maxInFlight
  }

  get figures(): CarrierFigures {
    return { inFlight: this.#inFlight, strays: this.#strays, opened: 0, resumed: 0, foundDead: 0 }
  }

  async exchange(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged> {
    if (this.#inFlight >= this.#maxInFlight) return { kind: 'busy' }
    this.#inFlight++
    const line = this.#line()
    const fault = line.connected ? undefined : await line.ready
    if (fault !== undefined) {
      this.#inFlight--
      return fault
    }
    let id = random16()
    while (line.pending.has(id)) id = (id + 1) & 0xffff
    packet[0] = id >> 8
    packet[1] = id & 0xff
    return new Promise<Exchanged>((resolve) => {
      const settle = (result: Exchanged): void => {
        clearTimeout(timer)
        if (line.pending.delete(id)) this.#inFlight--
        this.#retire(line)
        resolve(result)
      }
      const timer = setTimeout(() => settle({ kind: 'timeout' }), timeout)
      line.pending.set(id, { sent: packet.subarray(0, questionEnd), settle, timer })
      line.uses++
      line.socket.send(packet, (error) => {
        if (error !== null) settle({ kind: 'unreachable', why: error.message })
      })
    })
  }

  close(): void {
    for (const line of this.#lines.splice(0)) {
      for (const { settle } of line.pending.values()) settle({ kind: 'unreachable', why: 'closed' })
      closeQuietly(line.socket)
    }
  }

  #line(): Line {
    const at = random16() % SOCKETS
    const there = this.#lines[at]
    if (there !== undefined && there.uses < MAX_USES && performance.now() - there.born < MAX_AGE_MS) return there
    const line = this.#open()
    if (there !== undefined) {
      there.uses = MAX_USES
      this.#lines[at] = line
      this.#retire(there)
    } else if (this.#lines.length < SOCKETS) this.#lines.push(line)
    return line
  }

  /** Closes a replaced socket once its last query has ended. */
  #retire(line: Line): void {
    if (line.pending.size === 0 && !this.#lines.includes(line)) closeQuietly(line.socket)
  }

  #open(): Line {
    const socket = createSocket({
      type: this.#to.address.includes(':') ? 'udp6' : 'udp4',
      // The address is one already: nothing to look up.
      lookup: (host, _options, done) => done(null, host, host.includes(':') ? 6 : 4),
      recvBufferSize: 1024 * 1024,
    })
    const pending = new Map<number, Pending>()
    const ready = new Promise<Exchanged | undefined>((resolve) => {
      socket.once('connect', () => {
        line.connected = true
        resolve(undefined)
      })
      // ECONNREFUSED on a connected socket is the ICMP error of something sent before: all that waits here has failed.
      socket.on('error', (error) => {
        const result: Exchanged = { kind: 'unreachable', why: error.message }
        resolve(result)
        this.#lines.splice(this.#lines.indexOf(line), this.#lines.includes(line) ? 1 : 0)
        for (const { settle } of [...pending.values()]) settle(result)
        closeQuietly(socket)
      })
    })
    const line: Line = { socket, pending, ready, connected: false, uses: 0, born: performance.now() }
    socket.on('message', (packet) => this.#receive(line, packet))
    socket.connect(this.#to.port, this.#to.address)
    return line
  }

  #receive(line: Line, packet: Uint8Array): void {
    const found =
      packet.length < 12 ? undefined : line.pending.get(((packet[0] as number) << 8) | (packet[1] as number))
    if (found === undefined || !sameQuestion(packet, found.sent)) this.#strays++
    else found.settle({ kind: 'answer', packet })
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Closed already: nothing is left to close.
  }
}
