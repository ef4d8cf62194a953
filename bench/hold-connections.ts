// A program: opens <idle> connections to 127.0.0.1, half of them TCP to <port> and half TLS to <tls port>, asks one question
// on each, since who never asks is soon cut off, and keeps them; and <slow> more over TCP that send one byte a second of a query, begun anew when the server cuts them off. Prints
// "held" when all are open, and goes on until it is ended.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

const [port = 0, tlsPort = 0, idle = 0, slow = 0] = process.argv.slice(2).map(Number)
/** Handshakes at one time: all at once would only measure the queue. */
const AT_ONCE = 50
/** A query for a name of one label, behind its length. */
const query = (label: string): Buffer =>
  Buffer.concat([
    Buffer.of(0, 18 + label.length, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, label.length),
    Buffer.from(label),
    Buffer.of(0, 0, 1, 0, 1),
  ])
/** So long that it is never sent whole. */
const SLOW_QUERY = query('x'.repeat(40))

const open = (secure: boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const made: Socket = secure
      ? connectTls({ port: tlsPort, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(port, '127.0.0.1')
    made.once(secure ? 'secureConnect' : 'connect', () => made.write(query('localhost')))
    made.once('data', () => resolve())
    made.on('error', reject)
    // One that is closed later would make the measurement easier than it says.
    made.on('close', () => process.exit(1))
  })

let turn = 0
const trickle = (): void => {
  const socket = connect(port, '127.0.0.1')
  let sent = 0
  const offset = (turn++ % 20) * 50
  let timer: NodeJS.Timeout | undefined
  // Spread over the second, as so many different hosts would be.
  const begin = setTimeout(() => {
    timer = setInterval(() => socket.write(SLOW_QUERY.subarray(sent, ++sent)), 1000)
  }, offset)
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(begin)
    clearInterval(timer)
    setTimeout(trickle, 1000)
  })
  socket.resume()
}

for (let begun = 0; begun < idle; begun += AT_ONCE) {
  const some = Array.from({ length: Math.min(AT_ONCE, idle - begun) }, (_, i) => open((begun + i) % 2 === 1))
  await Promise.all(some)
}
for (let i = 0; i < slow; i++) trickle()
console.log('held')
