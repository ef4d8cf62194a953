// A program: asks <address> <port> <count> times at once for <name>, and prints how many different answers have come.
import { createSocket } from 'node:dgram'
import { queryPacket } from './packets.ts'

const [address = '127.0.0.1', port = '53', count = '1', name = 'www.example'] = process.argv.slice(2)
const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 * 1024 ** 2 })
const answered = new Set<number>()
socket.on('message', (packet) => answered.add(packet.readUInt16BE(0)))
// A port that is closed, a way that is gone: that is for the test to see in the number.
socket.on('error', () => {})
for (let id = 0; id < Number(count); id++) socket.send(queryPacket(name, { id }), Number(port), address, () => {})
let told = -1
setInterval(() => {
  if (answered.size !== told) console.log(`answered ${answered.size}`)
  told = answered.size
}, 20)
