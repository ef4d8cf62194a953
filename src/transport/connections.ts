// Who is connected: streams counted in all and by client, and let go when they are idle, slow or in the way. Knows
// what a connection's end looks like, not what is said on it.
import type { Clock } from '../base/clock.ts'

/** Ways to connect that have figures of their own. */
export const STREAMS = ['tcp', 'tls', 'https'] as const
export type StreamKind = (typeof STREAMS)[number]

/** How many connections there may be, and for how long they may say nothing. */
export interface ConnectionBounds {
  readonly most: number
  readonly perClient: number
  /** ms (RFC 7766 §6.2.3). */
  readonly idle: number
}

/** Fixed bounds of one connection. */
export const STREAM_BOUNDS = {
  /** ms until a connection's first message, and from a message's first byte to its last: nobody honest is slower. */
  message: 10_000,
  /** Queries of one connection that may wait for their answers; beyond it nothing more is read from it (RFC 9113 §6.5.2). */
  inFlight: 100,
  /** Bytes of replies that may wait for their reader; beyond it nothing more is read from it. */
  unread: 64 * 1024,
  /** ms that a connection has been quiet before it may make room for a new one. */
  quiet: 1000,
} as const

/** Figures of one way to connect; all but `open` only ever grow. */
export interface ConnectionFigures {
  open: number
  accepted: number
  /** Turned away: too many in all, too many of this client, or a client that may not ask here. */
  refused: number
  /** Closed to make room for a new one. */
  displaced: number
  /** Closed for being idle, or slow with a message or with reading its replies. */
  timedOut: number
  /** Closed for what they sent: no DNS message, no TLS, no HTTP, no PROXY header. */
  faulty: number
}

/** The two ways to end a connection. */
export interface End {
  /** Politely; what was written still goes out. */
  end(): void
  destroy(): void
}

/** All connections of a resolver thread. */
export class Connections {
  #bounds: ConnectionBounds
  readonly #clock: Clock
  /** Longest untouched first. */
  readonly #open = new Set<Connection>()
  readonly #perClient = new Map<string, number>()
  readonly figures: Readonly<Record<StreamKind, ConnectionFigures>> = {
    tcp: noFigures(),
    tls: noFigures(),
    https: noFigures(),
  }

  constructor(bounds: ConnectionBounds, clock: Clock) {
    this.#bounds = bounds
    this.#clock = clock
  }

  get size(): number {
    return this.#open.size
  }

  use(bounds: ConnectionBounds): void {
    this.#bounds = bounds
  }

  /**
   * Takes a connection in, or refuses it; refusing is counted, ending it is the caller's. Where there is no room, the
   * one that has been quiet for longest makes it. `many`: one that speaks for many clients, such as a proxy.
   */
  admit(kind: StreamKind, client: string, end: End, many = false): Connection | undefined {
    const { most } = this.#bounds
    const room = this.#open.size < most || this.#displace(() => true)
    if (!room || (!many && !this.#hasRoomFor(client))) {
      this.figures[kind].refused++
      return undefined
    }
    const connection = new Connection(this, kind, end)
    this.figures[kind].accepted++
    this.figures[kind].open++
    connection.since = this.#clock.ticks()
    this.#open.add(connection)
    if (!many) this.#count(connection, client)
    return connection
  }

  /** Says whom a connection that came by a proxy is for; false where that client has too many. */
  assign(connection: Connection, client: string): boolean {
    if (!this.#hasRoomFor(client)) {
      this.figures[connection.kind].refused++
      return false
    }
    this.#count(connection, client)
    return true
  }

  /** Forgets a connection that is closed. */
  leave(connection: Connection): void {
    if (!this.#open.delete(connection)) return
    this.figures[connection.kind].open--
    this.#uncount(connection)
  }

  /** Ends what is idle or slow; to be called every second or so. Who was asked politely the last time is cut off. */
  sweep(): void {
    const now = this.#clock.ticks()
    const { idle } = this.#bounds
    const soonest = Math.min(idle, STREAM_BOUNDS.message)
    for (const connection of this.#open) {
      if (connection.isLeaving) {
        connection.end.destroy()
        continue
      }
      const quiet = now - connection.since
      // They stand in the order of their last touch: all that follow are younger.
      if (quiet < soonest) break
      if (connection.inFlight > 0 || quiet < (connection.isWaited ? soonest : idle)) continue
      this.figures[connection.kind].timedOut++
      connection.isLeaving = true
      connection.end.end()
    }
  }

  /** Ends all. */
  close(): void {
    for (const connection of this.#open) connection.end.destroy()
  }

  /** Notes that something happened on a connection just now. */
  touch(connection: Connection): void {
    if (connection.isLeaving || !this.#open.delete(connection)) return
    connection.since = this.#clock.ticks()
    this.#open.add(connection)
  }

  #hasRoomFor(client: string): boolean {
    const already = this.#perClient.get(client) ?? 0
    return already < this.#bounds.perClient || this.#displace((connection) => connection.client === client)
  }

  /** Ends the one among those meant that has been quiet for longest; false where none has been for long enough. */
  #displace(meant: (connection: Connection) => boolean): boolean {
    const now = this.#clock.ticks()
    for (const connection of this.#open) {
      if (now - connection.since < STREAM_BOUNDS.quiet) return false
      if (connection.inFlight > 0 || !meant(connection)) continue
      this.figures[connection.kind].displaced++
      this.leave(connection)
      connection.end.destroy()
      return true
    }
    return false
  }

  #count(connection: Connection, client: string): void {
    this.#uncount(connection)
    connection.client = client
    this.#perClient.set(client, (this.#perClient.get(client) ?? 0) + 1)
  }

  #uncount({ client }: Connection): void {
    if (client === undefined) return
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left === 0) this.#perClient.delete(client)
    else this.#perClient.set(client, left)
  }
}

/** One connection that was taken in. */
export class Connection {
  readonly #all: Connections
  readonly kind: StreamKind
  /** How to end it; whoever speaks a protocol on it knows a politer way. */
  end: End
  /** Whom it counts for; undefined while that is not known. */
  client: string | undefined
  /** `Clock.ticks()` of its last touch. */
  since = 0
  /** Queries without an answer yet. */
  inFlight = 0
  /** A message is due: the first one, or the rest of one that has begun. */
  isWaited = true
  isLeaving = false

  constructor(all: Connections, kind: StreamKind, end: End) {
    this.#all = all
    this.kind = kind
    this.end = end
  }

  get isFull(): boolean {
    return this.inFlight >= STREAM_BOUNDS.inFlight
  }

  /** A message has begun to come in. Said again before it is whole, this changes nothing. */
  began(): void {
    if (this.isWaited) return
    this.isWaited = true
    this.#all.touch(this)
  }

  /** A whole query came. */
  asked(): void {
    this.isWaited = false
    this.inFlight++
    this.#all.touch(this)
  }

  /** What came was refused as a whole; the connection goes on. */
  rejected(): void {
    this.isWaited = false
    this.#all.touch(this)
  }

  /** Its reply went out, or never will. */
  answered(): void {
    this.inFlight--
    this.#all.touch(this)
  }

  /** What was written has been read. */
  drained(): void {
    this.#all.touch(this)
  }

  /** It sent what it should not: counted and cut off. */
  fault(): void {
    if (!this.isLeaving) this.#all.figures[this.kind].faulty++
    this.isLeaving = true
    this.end.destroy()
  }
}

const noFigures = (): ConnectionFigures => ({
  open: 0,
  accepted: 0,
  refused: 0,
  displaced: 0,
  timedOut: 0,
  faulty: 0,
})
