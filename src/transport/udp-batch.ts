// One UDP listener on one address, many datagrams a system call. node:dgram wakes us; what waits is taken, answered and
// sent in place. Knows packets and senders, not what they mean.
// Long because waking, draining, asking and sending share one turn and two boxes.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { addressBytes, addressFromBytes, type Endpoint } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Live } from '../base/live.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Client, Clients } from '../pipeline/clients.ts'
import { HEADER } from '../wire/read-query.ts'
import { listenUdp, noLookup, RECEIVE_BUFFER, readable, type UdpListener, type UdpOptions } from './udp.ts'
import { LINUX, type Libc, openLibc, systemError } from './udp-batch/libc.ts'
import { Inbox, Outbox } from './udp-batch/messages.ts'
import { type Family, IPV4, IPV6, makeName, NAME_WORDS, portOf } from './udp-batch/socket-address.ts'
import { ProxiedDatagrams } from './udp-proxy.ts'

/**
 * Datagrams that are answered before timers and other sockets get their turn: some 10 ms of work in a flood. When it is
 * over, libuv still reads up to 31 datagrams one by one, at twice the cost each: a shorter turn costs more a query.
 */
const TURN = 2048
/** What a datagram for the pipeline counts: it takes so many times longer than one that the lane answers. */
const SLOW = 4
/** Kernel buffer for replies on their way to a slow link. */
const SEND_BUFFER = 1024 * 1024
/** Replies that may wait in node:dgram's queue for room in the system's buffer; beyond it they are dropped. */
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

/** The batched listener. Throws the system's error where it cannot listen. */
class BatchedUdp implements UdpListener {
  readonly kind = 'udp'
  readonly endpoint: Endpoint
  readonly #answerer: Answerer
  readonly #clients: Live<Clients>
  readonly #proxied: ProxiedDatagrams
  readonly #clock: Clock
  readonly #libc: Libc
  readonly #family: Family
  readonly #zone: string | undefined
  readonly #socket: Socket
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  /** The socket's number; -1 once it is closed, when the number may be another's. */
  #fd: number
  #left = TURN
  /** Whether somebody is about to flush the outbox. */
  #flushing = false
  #unsent = 0

  constructor(libc: Libc, at: Endpoint, answerer: Answerer, clients: Live<Clients>, clock: Clock, options: UdpOptions) {
    this.#libc = libc
    this.#answerer = answerer
    this.#clients = clients
    this.#proxied = options.proxied ?? new ProxiedDatagrams()
    this.#clock = clock
    const address = addressBytes(at.address)
    if (address === undefined) throw Object.assign(new Error(`bind EINVAL ${at.address}`), { code: 'EINVAL' })
    this.#family = address.length === IPV4.addressSize ? IPV4 : IPV6
    this.#zone = zoneOf(at.address)
    this.#inbox = new Inbox(libc)
    this.#outbox = new Outbox(libc, this.#family.size)
    const name = makeName(this.#family, address, at.port, this.#scopeOf(this.#zone))
    this.#fd = bindSocket(libc, this.#family, name, options)
    this.#socket = createSocket({ type: this.#family === IPV6 ? 'udp6' : 'udp4', lookup: noLookup })
    try {
      this.#socket.bind({ fd: this.#fd })
    } catch (fault) {
      libc.close(this.#fd)
      throw fault
    }
    // Handed over, the socket was made one that others may bind over (SO_REUSEADDR): that is taken back.
    setOption(libc, this.#fd, LINUX.SOL_SOCKET, LINUX.SO_REUSEADDR, 0)
    // An interface that went away, a reply that nobody takes: the next packet may fare better.
    this.#socket.on('error', () => {})
    this.#socket.on('message', (packet, from) => this.#wake(packet, from))
    this.endpoint = { address: at.address, port: this.#socket.address().port }
  }

  get unsent(): number {
    return this.#unsent
  }

  close(): Promise<void> {
    this.#fd = -1
    return new Promise((resolve) => this.#socket.close(() => resolve()))
  }

  /** Answers the datagram that woke us, and with it what waits behind it. */
  #wake(packet: Uint8Array, from: RemoteInfo): void {
    const client = this.#clients.current.of(from.address)
    // A sender of another family: the kernel lets none through (IPV6_V6ONLY).
    if (client.bytes.length !== this.#family.addressSize) return
    const name = makeName(this.#family, client.bytes, from.port, this.#scopeOf(zoneOf(from.address)))
    const query = readable(packet)
    const coming = this.#flushing
    this.#flushing = true
    const outbox = this.#outbox
    if (outbox.isFull) this.#flush()
    const now = this.#clock.now()
    const ticks = this.#clock.ticks()
    if (client.speaksForOthers) this.#askForOthers(query, client, name, now, ticks)
    else this.#answer(query, client, name, now, ticks)
    // The turn is over, and libuv hands over what it reads one by one: such replies go together.
    if (this.#left <= 0) {
      if (!coming) setImmediate(this.#flushLater)
      return
    }
    this.#drain()
    this.#flush()
    this.#flushing = coming
  }

  /** Answers what waits at the socket, until nothing does or it is the turn of others. */
  #drain(): void {
    const inbox = this.#inbox
    const outbox = this.#outbox
    const answerer = this.#answerer
    const clients = this.#clients.current
    const { bytes, words } = inbox
    const { addressAt, addressSize } = this.#family
    while (this.#left > 0) {
      const count = inbox.receive(this.#fd)
      if (count === 0) return
      const now = this.#clock.now()
      const ticks = this.#clock.ticks()
      for (let i = 0; i < count; i++) {
        const nameAt = inbox.nameAt(i)
        const client = clients.at(bytes, 4 * nameAt + addressAt, addressSize)
        const at = inbox.at(i)
        const length = inbox.isCut(i) ? HEADER : inbox.length(i)
        if (outbox.isFull) this.#flush()
        if (client.speaksForOthers) {
          const packet = bytes.slice(at, at + length)
          this.#askForOthers(packet, client, words.slice(nameAt, nameAt + NAME_WORDS), now, ticks)
          continue
        }
        const size = answerer.quick(bytes, at, length, client, 'udp', outbox.bytes, outbox.at, now, ticks)
        if (size > 0) outbox.add(size, words, nameAt)
        // Copies: both boxes are used again before the pipeline has answered.
        else this.#ask(bytes.slice(at, at + length), client, words.slice(nameAt, nameAt + NAME_WORDS))
      }
      this.#flush()
      this.#spend(count)
    }
  }

  /** Takes from what is left of the turn; when it is used up, the next one begins after the others had theirs. */
  #spend(datagrams: number): void {
    const before = this.#left
    this.#left -= datagrams
    if (before > 0 && this.#left <= 0) setImmediate(this.#renew)
  }

  /** Answers one query by itself. */
  #answer(query: Uint8Array, client: Client, name: Uint32Array, now: number, ticks: number): void {
    const outbox = this.#outbox
    const size = this.#answerer.quick(query, 0, query.length, client, 'udp', outbox.bytes, outbox.at, now, ticks)
    if (size > 0) outbox.add(size, name, 0)
    else this.#ask(query, client, name)
  }

  /** The same for whoever stands in the PROXY header of a load balancer's datagram; the reply goes the way back. */
  #askForOthers(packet: Uint8Array, balancer: Client, name: Uint32Array, now: number, ticks: number): void {
    const opened = this.#proxied.open(packet, balancer, this.#clients.current)
    if (opened !== undefined) this.#answer(opened.query, opened.client, name, now, ticks)
  }

  /** Asks the pipeline. What it answers at once goes with the batch, what comes later with what else comes in that turn. */
  #ask(query: Uint8Array, client: Client, name: Uint32Array): void {
    this.#spend(SLOW)
    this.#answerer.answer(query, client, 'udp', (reply) => {
      if (this.#fd < 0) return
      const outbox = this.#outbox
      if (outbox.isFull) this.#flush()
      outbox.bytes.set(reply, outbox.at)
      outbox.add(reply.length, name, 0)
      if (this.#flushing) return
      this.#flushing = true
      setImmediate(this.#flushLater)
    })
  }

  readonly #renew = (): void => {
    this.#left = TURN
  }

  readonly #flushLater = (): void => {
    this.#flushing = false
    this.#flush()
  }

  #flush(): void {
    if (this.#outbox.isEmpty || this.#fd < 0) return
    // In two steps: `+=` would read the count before the flush, and lose what `#sendLate` adds to it meanwhile.
    const refused = this.#outbox.flush(this.#fd, this.#sendLate)
    this.#unsent += refused
  }

  /** What the system has no room for waits in node:dgram's queue, which knows when there is room again. */
  readonly #sendLate = (reply: Uint8Array, name: Uint8Array): void => {
    if (this.#socket.getSendQueueCount() >= LATE_MAX) {
      this.#unsent++
      return
    }
    const address = addressFromBytes(name, this.#family.addressAt, this.#family.addressSize)
    const to = this.#zone === undefined ? address : `${address}%${this.#zone}`
    this.#socket.send(Buffer.from(reply), portOf(name, 0), to, (fault) => {
      if (fault !== null) this.#unsent++
    })
  }

  /** The number of the interface that a link-local address names behind its `%`; 0 for none. */
  #scopeOf(zone: string | undefined): number {
    return zone === undefined ? 0 : this.#libc.interfaceIndex(zone)
  }
}

/** `eth0` of `fe80::1%eth0`. */
const zoneOf = (address: string): string | undefined =>
  address.includes('%') ? address.slice(address.indexOf('%') + 1) : undefined

/** A bound socket's number. */
function bindSocket(libc: Libc, family: Family, name: Uint32Array, { shared = false }: UdpOptions): number {
  const fd = libc.socket(family.number, LINUX.SOCK_DGRAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError(libc, 'socket')
  if (family === IPV6) setOption(libc, fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_V6ONLY, 1)
  if (shared) setOption(libc, fd, LINUX.SOL_SOCKET, LINUX.SO_REUSEPORT, 1)
  growBuffer(libc, fd, LINUX.SO_RCVBUFFORCE, LINUX.SO_RCVBUF, RECEIVE_BUFFER)
  growBuffer(libc, fd, LINUX.SO_SNDBUFFORCE, LINUX.SO_SNDBUF, SEND_BUFFER)
  if (libc.bind(fd, name, family.size) < 0) {
    const fault = systemError(libc, 'bind')
    libc.close(fd)
    throw fault
  }
  return fd
}

/** Beyond the system's bound (net.core.rmem_max, wmem_max) only for who administers the network; else what is granted serves. */
function growBuffer(libc: Libc, fd: number, force: number, ask: number, bytes: number): void {
  if (!setOption(libc, fd, LINUX.SOL_SOCKET, force, bytes)) setOption(libc, fd, LINUX.SOL_SOCKET, ask, bytes)
}

const setOption = (libc: Libc, fd: number, level: number, option: number, value: number): boolean =>
  libc.setsockopt(fd, level, option, Uint32Array.of(value), 4) === 0
