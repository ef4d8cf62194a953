// One UDP listener on one address, many datagrams a system call: what waits is taken, answered and sent in place. Knows
// packets and senders, not what they mean.
import type { Endpoint } from '../base/address.ts'
import { type Clock, Moment } from '../base/clock.ts'
import type { Live } from '../base/live.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Client, Clients } from '../pipeline/clients.ts'
import { BATCH, Inbox, Outbox } from '../system/datagrams.ts'
import { type Libc, openLibc, type Watch } from '../system/libc.ts'
import { type Family, NAME_WORDS } from '../system/socket-address.ts'
import { bindUdp } from '../system/udp-socket.ts'
import { attend, TURN } from '../system/waiting.ts'
import { HEADER } from '../wire/read-query.ts'
import { listenUdp, type UdpListener, type UdpOptions } from './udp.ts'
import { ProxiedDatagrams } from './udp-proxy.ts'

/** What a datagram for the pipeline counts: it takes so many times longer than one that the lane answers. */
const SLOW = 4
/** Replies that may wait for room in the system's buffer; beyond it they are dropped. */
const LATE_MAX = 1024

/**
 * Opens the listener that costs least: batched where the system lets us, by node:dgram elsewhere or where `how` is
 * `plain`. Rejects with the system's error where the address cannot be listened on.
 */
export async function openUdp(
  at: Endpoint,
  answerer: Answerer,
  clients: Live<Clients>,
  clock: Clock,
  how: 'auto' | 'plain' = 'auto',
  options: UdpOptions = {},
): Promise<UdpListener> {
  const libc = how === 'plain' ? undefined : await openLibc()
  if (libc === undefined) return listenUdp(at, answerer, clients, clock, options)
  return new BatchedUdp(libc, at, answerer, clients, clock, options)
}

/** A reply that the system had no room for, and the socket address that it goes to. */
interface Late {
  readonly reply: Uint8Array
  readonly name: Uint32Array
}

/** The batched listener. Throws the system's error where it cannot listen. */
class BatchedUdp implements UdpListener {
  readonly kind = 'udp'
  readonly endpoint: Endpoint
  readonly #answerer: Answerer
  readonly #clients: Live<Clients>
  readonly #proxied: ProxiedDatagrams
  readonly #clock: Clock
  readonly #moment = new Moment()
  readonly #libc: Libc
  readonly #family: Family
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #watch: Watch
  /** The socket's number; -1 once it is closed, when the number may be another's. */
  #fd: number
  /** What the turn still has room for. */
  #left = 0
  /** Whether the pipeline was left with something to do in this turn. */
  #goesOn = false
  /** Whether somebody is about to flush the outbox. */
  #flushing = false
  #late: Late[] = []
  #unsent = 0

  constructor(libc: Libc, at: Endpoint, answerer: Answerer, clients: Live<Clients>, clock: Clock, options: UdpOptions) {
    this.#libc = libc
    this.#answerer = answerer
    this.#clients = clients
    this.#proxied = options.proxied ?? new ProxiedDatagrams()
    this.#clock = clock
    const { fd, family, port } = bindUdp(libc, at, { shared: options.shared ?? false })
    this.#fd = fd
    this.#family = family
    this.endpoint = { address: at.address, port }
    this.#inbox = new Inbox(libc)
    this.#outbox = new Outbox(libc, family.size)
    this.#watch = attend(libc, fd, () => this.#turn())
  }

  get unsent(): number {
    return this.#unsent
  }

  async close(): Promise<void> {
    if (this.#fd < 0) return
    this.#watch.close()
    this.#libc.close(this.#fd)
    this.#fd = -1
    this.#unsent += this.#late.length
    this.#late = []
  }

  /** Answers what waits at the socket, until nothing does or it is the turn of others. As for `attend`: how many, or -1. */
  #turn(): number {
    const coming = this.#flushing
    this.#flushing = true
    this.#goesOn = false
    if (this.#late.length > 0) this.#sendLate()
    for (this.#left = TURN; this.#left > 0; ) {
      const count = this.#inbox.receive(this.#fd)
      if (count > 0) this.#answerAll(count)
      this.#left -= count
      // Less than there was room for: nothing waits now, and whoever watches the socket sees what comes next.
      if (count < BATCH) break
    }
    this.#flushing = coming
    return this.#goesOn ? -1 : TURN - this.#left
  }

  #answerAll(count: number): void {
    const inbox = this.#inbox
    const outbox = this.#outbox
    const answerer = this.#answerer
    const clients = this.#clients.current
    const { bytes, words } = inbox
    const { addressAt, addressSize } = this.#family
    const time = this.#moment.take(this.#clock)
    for (let i = 0; i < count; i++) {
      const nameAt = inbox.nameAt(i)
      const client = clients.at(bytes, 4 * nameAt + addressAt, addressSize)
      const at = inbox.at(i)
      const length = inbox.isCut(i) ? HEADER : inbox.length(i)
      if (outbox.isFull) this.#flush()
      if (client.speaksForOthers) {
        this.#askForOthers(bytes.slice(at, at + length), client, words.slice(nameAt, nameAt + NAME_WORDS), time)
        continue
      }
      const size = answerer.quick(bytes, at, length, client, 'udp', outbox.bytes, outbox.at, time)
      if (size > 0) outbox.add(size, words, nameAt)
      // Copies: both boxes are used again before the pipeline has answered.
      else this.#ask(bytes.slice(at, at + length), client, words.slice(nameAt, nameAt + NAME_WORDS))
    }
    this.#flush()
  }

  /** Answers for whom the PROXY header of a load balancer's datagram names; the reply goes the way back. */
  #askForOthers(packet: Uint8Array, balancer: Client, name: Uint32Array, time: Moment): void {
    const opened = this.#proxied.open(packet, balancer, this.#clients.current)
    if (opened === undefined) return
    const { query, client } = opened
    const outbox = this.#outbox
    const size = this.#answerer.quick(query, 0, query.length, client, 'udp', outbox.bytes, outbox.at, time)
    if (size > 0) outbox.add(size, name, 0)
    else this.#ask(query, client, name)
  }

  /** Asks the pipeline. What it answers at once goes with the batch, what comes later with what else comes in that turn. */
  #ask(query: Uint8Array, client: Client, name: Uint32Array): void {
    this.#left -= SLOW
    const goesOn = this.#answerer.answer(query, client, 'udp', (reply) => {
      if (this.#fd < 0) return
      this.#add(reply, name)
      if (this.#flushing) return
      this.#flushing = true
      setImmediate(this.#flushLater)
    })
    if (goesOn) this.#goesOn = true
  }

  #add(reply: Uint8Array, name: Uint32Array): void {
    const outbox = this.#outbox
    if (outbox.isFull) this.#flush()
    outbox.bytes.set(reply, outbox.at)
    outbox.add(reply.length, name, 0)
  }

  readonly #flushLater = (): void => {
    this.#flushing = false
    this.#flush()
  }

  #flush(): void {
    if (this.#outbox.isEmpty || this.#fd < 0) return
    // In two steps: `+=` would read the count before the flush, and lose what `#keep` adds to it meanwhile.
    const refused = this.#outbox.flush(this.#fd, this.#keep)
    this.#unsent += refused
  }

  /** What the system has no room for waits until it has. */
  readonly #keep = (reply: Uint8Array, name: Uint32Array): void => {
    if (this.#late.length >= LATE_MAX) {
      this.#unsent++
      return
    }
    this.#late.push({ reply, name })
    if (this.#late.length === 1) this.#watch.forRoom(true)
  }

  #sendLate(): void {
    this.#watch.forRoom(false)
    const late = this.#late
    this.#late = []
    for (const { reply, name } of late) this.#add(reply, name)
    this.#flush()
  }
}
