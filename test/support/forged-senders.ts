// A program: asks 127.0.0.1 <port> <count> times for <name>, from <senders> different forged addresses out of 127.16.0.0/12,
// a few thousand on their way at a time. Prints "answered N of M". Wants root, for a raw socket.
import { createSocket } from 'node:dgram'
import { Outbox } from '../../src/system/datagrams.ts'
import { LINUX, openLibc } from '../../src/system/libc.ts'
import { IPV4, makeName } from '../../src/system/socket-address.ts'
import { queryPacket } from './packets.ts'

/** Queries on their way: less than what the server's socket has room for. */
const WINDOW = 2000
/** What is not answered by then, ms, is lost. */
const PATIENCE = 1000
/** 127.16.0.0: what lies below stays free for honest devices. */
const FIRST = 0x7f10_0000
const [SOCK_RAW, IPPROTO_RAW, IPPROTO_UDP] = [3, 255, 17]
const [IP_HEADER, UDP_HEADER] = [20, 8]

const [port = '53', count = '1', senders = count, name = 'www.example'] = process.argv.slice(2)
const libc = await openLibc()
if (libc === undefined) throw new Error('koffi has no binary for this system')
const raw = libc.socket(LINUX.AF_INET, SOCK_RAW, IPPROTO_RAW)
if (raw < 0) throw new Error('a raw socket needs root')

const total = Number(count)
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 ** 2 })
await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve))

// One datagram, of which only the source's address and the query's ID change.
const query = queryPacket(name)
const datagram = Buffer.alloc(IP_HEADER + UDP_HEADER + query.length)
datagram[0] = 0x45
datagram[8] = 64
datagram[9] = IPPROTO_UDP
datagram.writeUInt32BE(0x7f00_0001, 16)
datagram.writeUInt16BE(socket.address().port, IP_HEADER)
datagram.writeUInt16BE(Number(port), IP_HEADER + 2)
datagram.writeUInt16BE(UDP_HEADER + query.length, IP_HEADER + 4)
datagram.set(query, IP_HEADER + UDP_HEADER)
const server = makeName(IPV4, Uint8Array.of(127, 0, 0, 1), 0, 0)

const outbox = new Outbox(libc, IPV4.size)
let sent = 0
let answered = 0
let lost = 0
let lastAnswer = performance.now()
const send = (): void => {
  for (; sent < total && sent - answered - lost < WINDOW; sent++) {
    datagram.writeUInt32BE(FIRST + (sent % Number(senders)), 12)
    datagram.writeUInt16BE(sent & 0xffff, IP_HEADER + UDP_HEADER)
    if (outbox.isFull) outbox.flush(raw, () => {})
    outbox.bytes.set(datagram, outbox.at)
    outbox.add(datagram.length, server, 0)
  }
  outbox.flush(raw, () => {})
}
socket.on('message', () => {
  answered++
  lastAnswer = performance.now()
  if (sent - answered - lost < WINDOW / 2) send()
})
const timer = setInterval(() => {
  if (performance.now() - lastAnswer > PATIENCE) lost = sent - answered
  send()
  if (answered + lost < total) return
  clearInterval(timer)
  console.log(`answered ${answered} of ${total}`)
  socket.close()
}, 100)
send()
