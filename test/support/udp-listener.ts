// A program: the batched UDP listener on each of <address>… at <port>, over a resolver in memory. Answers for slow.* wait
// until it reads `release`; `figures` makes it print how many replies could not be sent.
import { createInterface } from 'node:readline'
import { openLibc } from '../../src/system/libc.ts'
import { systemClock } from '../../src/system-clock.ts'
import { openUdp } from '../../src/transport/udp-batch.ts'
import { addressOf, inMemory } from './in-memory.ts'

const [port = '5353', ...addresses] = process.argv.slice(2)
if ((await openLibc()) === undefined) throw new Error('koffi has no binary for this system')

let release = (): void => {}
const gate = new Promise<void>((resolve) => {
  release = resolve
})
const { resolver, forwarded } = inMemory({
  settings: {
    allowFrom: [
      { bytes: new Uint8Array(4), bits: 0 },
      { bytes: new Uint8Array(16), bits: 0 },
    ],
  },
  upstream: async (query) => {
    if (query.name.startsWith('slow.')) await gate
    return addressOf(query)
  },
})
const listeners = await Promise.all(
  addresses.map((address) =>
    openUdp({ address, port: Number(port) }, resolver.answerer, { current: resolver.clients }, systemClock),
  ),
)
console.log('listening')
const unsent = (): number => listeners.reduce((sum, listener) => sum + listener.unsent, 0)
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'release') release()
  else console.log(`figures ${JSON.stringify({ unsent: unsent(), forwarded: forwarded.length })}`)
})
