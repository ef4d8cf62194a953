// A program: prints each UDP datagram that comes to <address> <port> as one line on stdout.
import { createSocket } from 'node:dgram'

const [address = '127.0.0.1', port = '514'] = process.argv.slice(2)
const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
socket.on('message', (bytes) => console.log(bytes.toString('utf8').trimEnd()))
socket.bind(Number(port), address, () => console.log('listening'))
