// One question over TCP, for answers that do not fit a datagram. Knows no strategy.
import { connect } from 'node:net'
import type { Endpoint } from '../base/address.ts'
import { random16 } from './mixed-case.ts'
import { type Exchanged, sameQuestion } from './udp-sockets.ts'

/** Asks on a connection of its own and closes it (RFC 7766 §6.2.1 allows it; sessions come with the encrypted ways). */
export function exchangeTcp(
  to: Endpoint,
  packet: Uint8Array,
  questionEnd: number,
  timeout: number,
): Promise<Exchanged> {
  const id = random16()
  packet[0] = id >> 8
  packet[1] = id & 0xff
  return new Promise((resolve) => {
    const socket = connect({ host: to.address, port: to.port, noDelay: true })
    const settle = (result: Exchanged): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => settle({ kind: 'timeout' }), timeout)
    socket.on('error', (error) => settle({ kind: 'unreachable', why: error.message }))
    socket.on('close', () => settle({ kind: 'unreachable', why: 'closed without an answer' }))
    socket.on('connect', () => {
      const framed = Buffer.allocUnsafe(2 + packet.length)
      framed.writeUInt16BE(packet.length)
      framed.set(packet, 2)
      socket.write(framed)
    })
    let got: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      got = got.length === 0 ? chunk : Buffer.concat([got, chunk])
      // At most one message: 2 bytes of length and 65,535 of content. Whatever follows is not ours.
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return
      const answer = new Uint8Array(got.subarray(2, 2 + got.readUInt16BE(0)))
      const ours = answer.length >= 12 && answer[0] === packet[0] && answer[1] === packet[1]
      const matches = ours && sameQuestion(answer, packet.subarray(0, questionEnd))
      settle(matches ? { kind: 'answer', packet: answer } : { kind: 'unreachable', why: 'answered another question' })
    })
  })
}
