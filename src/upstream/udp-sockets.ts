// UDP towards one upstream: a few connected sockets, each query on one of them. Knows no strategy.
import type { Endpoint } from '../base/address.ts'
import { Buckets, type Linked } from '../base/buckets.ts'
import { type ConnectedUdp, openConnectedUdp } from '../system/connected-udp.ts'
import type { Libc } from '../system/libc.ts'
import { type Carrier, type CarrierFigures, type Exchanged, sameQuestion } from './carrier.ts'
import { random16 } from './mixed-case.ts'

/**
 * Sockets towards one upstream. A forger must hit the one port of those that the system gives out (28,232 on Linux)
 * which carries the query, the ID and the letter case (RFC 5452 §4.5): which of our ports are open does not help, since
 * an answer counts only on its own.
 */
const SOCKETS = 16
/** A socket is replaced, and its port with it, after this many queries or this long. */
const MAX_USES = 2000
const MAX_AGE_MS = 60_000
/** Places in a socket's table of queries that wait. */
const PLACES = 64

/** A query that waits, by its ID. */
interface Pending extends Linked<Pending> {
  /** ID and question as sent: what an answer must carry. */
  readonly sent: Uint8Array
  readonly settle: (result: Exchanged) => void
}

interface Line {
  readonly socket: ConnectedUdp
  readonly pending: Buckets<Pending>
  uses: number
  readonly born: number
}

/** The sockets towards one upstream. */
export class UdpSockets implements Carrier {
  readonly #to: Endpoint
  readonly #maxInFlight: number
  readonly #libc: Libc | undefined
  readonly #lines: Line[] = []
  #inFlight = 0
  #strays = 0

  /** `libc`: left out where datagrams go by node:dgram. */
  constructor(to: Endpoint, maxInFlight: number, libc: Libc | undefined) {
    this.#to = to
    this.#maxInFlight = maxInFlight
    this.#libc = libc
  }

  get figures(): CarrierFigures {
    return { inFlight: this.#inFlight, strays: this.#strays, opened: 0, resumed: 0, foundDead: 0 }
  }

  exchange(packet: Uint8Array, questionEnd: number, timeout: number): Promise<Exchanged> {
    return new Promise<Exchanged>((resolve) => {
      if (this.#inFlight >= this.#maxInFlight) return resolve({ kind: 'busy' })
      let line: Line
      try {
        line = this.#line()
      } catch (fault) {
        return resolve({ kind: 'unreachable', why: fault instanceof Error ? fault.message : String(fault) })
      }
      this.#inFlight++
      line.uses++
      let id = random16()
      while (line.pending.find(id) !== undefined) id = (id + 1) & 0xffff
      packet[0] = id >> 8
      packet[1] = id & 0xff
      const settle = (result: Exchanged): void => {
        clearTimeout(timer)
        if (line.pending.remove(pending)) this.#inFlight--
        this.#retire(line)
        resolve(result)
      }
      const timer = setTimeout(() => settle({ kind: 'timeout' }), timeout)
      const pending: Pending = { hash: id, sent: packet.subarray(0, questionEnd), settle, next: undefined }
      line.pending.add(pending)
      line.socket.send(packet, (why) => settle({ kind: 'unreachable', why }))
    })
  }

  close(): void {
    for (const line of this.#lines.splice(0)) fail(line, 'closed')
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
    if (line.pending.size === 0 && !this.#lines.includes(line)) line.socket.close()
  }

  #open(): Line {
    const socket = openConnectedUdp(
      this.#to,
      {
        packet: (packet) => this.#receive(line, packet),
        // An ICMP error does not say for which of them: all that waits here has failed.
        fault: (why) => {
          const at = this.#lines.indexOf(line)
          if (at >= 0) this.#lines.splice(at, 1)
          fail(line, why)
        },
      },
      this.#libc,
    )
    const line: Line = { socket, pending: new Buckets(PLACES), uses: 0, born: performance.now() }
    return line
  }

  #receive(line: Line, packet: Uint8Array): void {
    const found =
      packet.length < 12 ? undefined : line.pending.find(((packet[0] as number) << 8) | (packet[1] as number))
    if (found === undefined || !sameQuestion(packet, found.sent)) this.#strays++
    else found.settle({ kind: 'answer', packet })
  }
}

/** Ends all that waits at a socket, and the socket. */
function fail({ pending, socket }: Line, why: string): void {
  for (const { settle } of pending.all()) settle({ kind: 'unreachable', why })
  socket.close()
}
