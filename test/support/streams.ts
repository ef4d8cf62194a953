// Clients of DNS over streams for tests: frames, PROXY headers, and a connection that collects messages.
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { addressBytes } from '../../src/base/address.ts'

/** A message behind its length. */
export const framed = (packet: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(packet.length >> 8, packet.length & 255), packet])

/** A PROXY header of version 2 for a client. */
export function proxyV2(
  source: string,
  {
    extra = 0,
    version = 2,
    command = 1,
    family,
  }: { extra?: number; version?: number; command?: number; family?: number } = {},
): Buffer {
  const from = addressBytes(source) as Uint8Array
  const addresses = Buffer.concat([
    from,
    Buffer.alloc(from.length),
    Buffer.of(0x30, 0x39, 0x03, 0x55),
    Buffer.alloc(extra),
  ])
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n    ', 'latin1')
  head[12] = (version << 4) | command
  head[13] = ((family ?? (from.length === 4 ? 1 : 2)) << 4) | 1
  head.writeUInt16BE(addresses.length, 14)
  return Buffer.concat([head, addresses])
}

/** A connection that collects DNS messages. */
export interface Dialled<T extends Duplex = Socket> {
  readonly socket: T
  readonly messages: Buffer[]
  readonly closed: Promise<void>
  /** Resolves when so many messages have come; rejects where the connection ends before. */
  count(n: number): Promise<void>
}

/** Collects what comes on a stream. */
export function collect<T extends Duplex>(socket: T): Dialled<T> {
  const messages: Buffer[] = []
  let rest = Buffer.alloc(0)
  let check = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      messages.push(rest.subarray(2, 2 + rest.readUInt16BE(0)))
      rest = rest.subarray(2 + rest.readUInt16BE(0))
    }
    check()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  const count = (n: number) =>
    new Promise<void>((resolve, reject) => {
      check = () => {
        if (messages.length >= n) resolve()
      }
      check()
      void closed.then(() => reject(new Error(`closed after ${messages.length} of ${n} messages`)))
    })
  return { socket, messages, closed, count }
}

/** Connects over TCP, from an address of choice. */
export async function dial(
  port: number,
  { from, to = '127.0.0.1' }: { from?: string; to?: string } = {},
): Promise<Dialled> {
  const socket = connect({ port, host: to, ...(from === undefined ? {} : { localAddress: from }) })
  const dialled = collect(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  return dialled
}
