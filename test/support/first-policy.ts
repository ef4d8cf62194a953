// A resolver under load whose policy changes for the first time. Run in a process of its own with --trace-deopt: what V8
// throws away of its machine code stands in the output, behind the line "the first new policy".
import { writeSync } from 'node:fs'
import { practise } from '../../src/policy/practice.ts'
import { inMemory, snapshotOf } from './in-memory.ts'
import { queryPacket } from './packets.ts'

const NAMES = Array.from({ length: 200 }, (_, i) => `host${i}.example.org`)
/** Long enough for V8 to have made machine code of all that is asked often. */
const ROUNDS = 2000

practise()
const house = inMemory({ rules: { block: ['listed.example.org'] } })
const packets = NAMES.map((name) => queryPacket(name))
const blocked = queryPacket('listed.example.org')
/** Once forwarded, once cached; then from the lane. */
async function ask(): Promise<number> {
  let quick = 0
  for (const packet of packets) {
    if (house.quick(packet) === undefined) await house.slow(packet)
    else quick++
  }
  await house.slow(blocked)
  return quick
}

for (let i = 0; i < ROUNDS; i++) {
  // What has run out comes in again, as it does all day.
  if (i % 100 === 0) house.clock.advance(400_000)
  await ask()
}
writeSync(1, '\nthe first new policy\n')
house.resolver.obey({ kind: 'policy', policy: snapshotOf({ block: ['listed.example.org', 'new.example.org'] }, 2) })
await new Promise((resolve) => setImmediate(resolve))
const quick = await ask()
writeSync(1, `\nfrom the lane: ${quick}\n`)
