// A device that asks all the time: so many queries a second for so long, each counted. Prints one line of JSON.
// Usage: node query-load.ts <server> <queries a second> <seconds> <name> [<name> …]
import { createSocket } from 'node:dgram'
import { queryPacket } from '../packets.ts'

const [server = '127.0.0.1', rate = '1000', seconds = '3', ...names] = process.argv.slice(2)
const total = Number(rate) * Number(seconds)
const socket = createSocket('udp4')
const sentAt = new Map<number, number>()
let sent = 0
let answered = 0
let worst = 0
let blocked = 0

socket.on('message', (packet) => {
  const id = packet.readUInt16BE(0)
  const at = sentAt.get(id)
  if (at === undefined) return
  sentAt.delete(id)
  answered++
  worst = Math.max(worst, performance.now() - at)
  if (packet.includes(Buffer.from([127, 0, 0, 1]))) blocked++
})

const started = performance.now()
const sending = setInterval(() => {
  const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * Number(rate)))
  while (sent < due) {
    const id = sent & 0xffff
    sentAt.set(id, performance.now())
    socket.send(queryPacket(names[sent % names.length] ?? 'web.example.test', { id }), 53, server)
    sent++
  }
  if (sent < total) return
  clearInterval(sending)
  // Whoever has not answered two seconds later has lost the query.
  const waiting = setInterval(() => {
    if (sentAt.size > 0 && performance.now() - started < Number(seconds) * 1000 + 2000) return
    clearInterval(waiting)
    process.stdout.write(`${JSON.stringify({ sent, answered, blocked, worst: Math.round(worst) })}\n`)
    socket.close()
  }, 20)
}, 2)
