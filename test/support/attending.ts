// A thread that attends to sockets, as a resolver thread does; says over its port what comes, and answers what it is asked.
import { parentPort } from 'node:worker_threads'
import { Inbox } from '../../src/system/datagrams.ts'
import { openLibc } from '../../src/system/libc.ts'
import { bindUdp } from '../../src/system/udp-socket.ts'
import { attend } from '../../src/system/waiting.ts'

/** What it is told. */
export type ToAttending = 'figures' | 'close-first' | 'timers'

/** What it says. */
export type FromAttending =
  | { readonly kind: 'open'; readonly ports: readonly number[] }
  | { readonly kind: 'settled' }
  | { readonly kind: 'figures'; readonly taken: readonly number[]; readonly timers: number }

/** A datagram that begins so has the thread wait for a promise. */
export const PROMISE = 'p'

const port = parentPort
if (port !== null) {
  const say = (message: FromAttending): void => port.postMessage(message)
  const libc = await openLibc()
  if (libc?.loop === undefined) throw new Error('this system does not let a thread wait by itself')
  const taken = [0, 0]
  const open = taken.map((_, i) => {
    const { fd, port: number } = bindUdp(libc, { address: '127.0.0.1', port: 0 }, { shared: false })
    const inbox = new Inbox(libc)
    const watch = attend(libc, fd, () => {
      const count = inbox.receive(fd)
      let promised = false
      for (let k = 0; k < count; k++) {
        if (inbox.bytes[inbox.at(k)] !== PROMISE.charCodeAt(0)) continue
        promised = true
        void Promise.resolve().then(() => say({ kind: 'settled' }))
      }
      taken[i] = (taken[i] as number) + count
      return promised ? -1 : count
    })
    return { number, close: () => [watch.close(), libc.close(fd)] }
  })
  let timers = 0
  port.on('message', (message: ToAttending) => {
    if (message === 'figures') say({ kind: 'figures', taken, timers })
    else if (message === 'timers') setInterval(() => timers++, 10)
    else open[0]?.close()
  })
  say({ kind: 'open', ports: open.map(({ number }) => number) })
}
