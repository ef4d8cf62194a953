// Opens UDP sockets of the system's own. Knows sockets by their number only, and nothing of what is sent.
import { addressBytes, type Endpoint } from '../base/address.ts'
import { LINUX, type Libc, systemError } from './libc.ts'
import { type Family, IPV4, IPV6, makeName, NAME_WORDS, portOf } from './socket-address.ts'

/**
 * Kernel buffer for queries that wait: some 30,000, a quarter of a second of work. Whoever asked waits longer than that
 * before asking again, so an answer that is late by a burst is better than none. The memory is taken while they wait.
 */
export const RECEIVE_BUFFER = 16 * 1024 * 1024
/** The same for answers of one upstream at one of our sockets. */
const ANSWER_BUFFER = 1024 * 1024
/** Kernel buffer for packets on their way to a slow link. */
const SEND_BUFFER = 1024 * 1024

/** An open socket that never blocks. */
export interface UdpSocket {
  readonly fd: number
  readonly family: Family
  /** Our own port. */
  readonly port: number
}

/** What only some ask for. */
export interface BindOptions {
  /** Others may bind to the same address and port; the system deals packets out to them (SO_REUSEPORT). */
  readonly shared: boolean
}

/** A socket at an address and port of ours; port 0: a free one. Throws the system's error. */
export const bindUdp = (libc: Libc, at: Endpoint, { shared }: BindOptions): UdpSocket =>
  openUdp(libc, 'bind', at, RECEIVE_BUFFER, (fd) => {
    if (shared) setOption(libc, fd, LINUX.SOL_SOCKET, LINUX.SO_REUSEPORT, 1)
    growBuffer(libc, fd, LINUX.SO_SNDBUFFORCE, LINUX.SO_SNDBUF, SEND_BUFFER)
  })

/** A socket at a port that the system chooses, which hears nobody but `to`. Throws the system's error. */
export const connectUdp = (libc: Libc, to: Endpoint): UdpSocket => openUdp(libc, 'connect', to, ANSWER_BUFFER, () => {})

function openUdp(
  libc: Libc,
  call: 'bind' | 'connect',
  { address, port }: Endpoint,
  receiveBuffer: number,
  prepare: (fd: number) => void,
): UdpSocket {
  const bytes = addressBytes(address)
  if (bytes === undefined) throw Object.assign(new Error(`${call} EINVAL ${address}`), { code: 'EINVAL' })
  const family = bytes.length === IPV4.addressSize ? IPV4 : IPV6
  const fd = libc.socket(family.number, LINUX.SOCK_DGRAM | LINUX.SOCK_NONBLOCK | LINUX.SOCK_CLOEXEC, 0)
  if (fd < 0) throw systemError(libc, 'socket')
  if (family === IPV6) setOption(libc, fd, LINUX.IPPROTO_IPV6, LINUX.IPV6_V6ONLY, 1)
  growBuffer(libc, fd, LINUX.SO_RCVBUFFORCE, LINUX.SO_RCVBUF, receiveBuffer)
  prepare(fd)
  if (libc[call](fd, makeName(family, bytes, port, scopeOf(libc, address)), family.size) < 0) {
    const fault = systemError(libc, call)
    libc.close(fd)
    throw fault
  }
  const own = new Uint32Array(NAME_WORDS)
  libc.getsockname(fd, own, Uint32Array.of(4 * NAME_WORDS))
  return { fd, family, port: portOf(new Uint8Array(own.buffer), 0) }
}

/** The number of the interface that a link-local address names behind its `%`; 0 for none. */
const scopeOf = (libc: Libc, address: string): number =>
  address.includes('%') ? libc.interfaceIndex(address.slice(address.indexOf('%') + 1)) : 0

/** Beyond the system's bound (net.core.rmem_max, wmem_max) only for who administers the network; else what is granted serves. */
function growBuffer(libc: Libc, fd: number, force: number, ask: number, bytes: number): void {
  if (!setOption(libc, fd, LINUX.SOL_SOCKET, force, bytes)) setOption(libc, fd, LINUX.SOL_SOCKET, ask, bytes)
}

const setOption = (libc: Libc, fd: number, level: number, option: number, value: number): boolean =>
  libc.setsockopt(fd, level, option, Uint32Array.of(value), 4) === 0
