// Serves one stream of DNS messages (RFC 7766), plain or inside TLS: pipelined queries, replies in any order, nothing
// read from a peer that does not read. Knows no listener.
import type { Socket } from 'node:net'
import type { TransportKind } from '../base/question.ts'
import type { Answerer } from '../pipeline/answer.ts'
import type { Client } from '../pipeline/clients.ts'
import { type Connection, STREAM_BOUNDS } from './connections.ts'
import { Frames } from './frames.ts'

/** Serves until the peer or a bound ends it. `client` says who asks, anew for each query: access may change meanwhile. */
export function serveStream(
  socket: Socket,
  connection: Connection,
  transport: TransportKind,
  client: () => Client,
  answerer: Answerer,
): void {
  const frames = new Frames()
  let ended = false
  let reading = false
  const send = (reply: Uint8Array): void => {
    connection.answered()
    if (socket.destroyed) return
    // RFC 7766 §8: length and message in one write.
    const framed = Buffer.allocUnsafe(2 + reply.length)
    framed.writeUInt16BE(reply.length)
    framed.set(reply, 2)
    socket.write(framed)
    read()
  }
  const mayRead = (): boolean => !connection.isFull && socket.writableLength < STREAM_BOUNDS.unread && !socket.destroyed
  const read = (): void => {
    // A reply that is there at once comes back here: the loop below goes on, not a call within a call.
    if (reading) return
    reading = true
    socket.cork()
    while (mayRead()) {
      const message = frames.next()
      if (message === undefined) break
      if (message === 'junk') {
        connection.fault()
        break
      }
      connection.asked()
      answerer.answerOne(message, client(), transport, send)
    }
    socket.uncork()
    reading = false
    if (socket.destroyed) return
    if (frames.isPartial) connection.began()
    if (ended && connection.inFlight === 0) socket.end()
    else if (!mayRead()) socket.pause()
    else if (socket.isPaused()) socket.resume()
  }
  socket.on('data', (chunk: Buffer) => {
    frames.push(chunk)
    read()
  })
  socket.on('drain', () => {
    connection.drained()
    read()
  })
  // A client may close its half after asking and still wants its answers.
  socket.on('end', () => {
    ended = true
    read()
  })
}
