import fc from 'fast-check'
import { expect, test } from 'vitest'
import { houseUnder, policyOf } from '../../support/listed-house.ts'
import { queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

const NAMES = ['a.example', 'b.example', 'deep.b.example', 'alias.example', 'c.other', 'x.c.other'] as const
const TYPES = ['A', 'AAAA'] as const
const CLIENTS = ['192.168.1.5', '192.168.1.6'] as const

/** `alias.example` is an alias of `c.other`; every name has an address of its own. */
function upstream({ name, type }: { name: string; type: number }): Uint8Array {
  const owner = name === 'alias.example' ? 'c.other' : name
  const number = 1 + NAMES.indexOf(name as (typeof NAMES)[number])
  const record =
    type === 28
      ? ({ type: 'AAAA', name: owner, ttl: 300, data: `2001:db8::${number}` } as const)
      : ({ type: 'A', name: owner, ttl: 300, data: `203.0.113.${number}` } as const)
  const alias = { type: 'CNAME', name, ttl: 300, data: owner } as const
  return responsePacket({
    questions: [{ type: type === 28 ? 'AAAA' : 'A', name }],
    answers: owner === name ? [record] : [alias, record],
  })
}

const RULES = [
  'a.example',
  '||b.example^',
  '@@||deep.b.example^',
  '||c.other^',
  '||example^$dnstype=AAAA',
  '||a.example^$client=192.168.1.5',
  '||x.c.other^$important',
  '203.0.113.3/32',
  '@@||c.other^',
]

test('I10 over changes of the policy: what the lane still gives is what the new policy would have given', async () => {
  let kept = 0
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(RULES),
      fc.array(fc.subarray(RULES), { minLength: 1, maxLength: 3 }),
      async (first, later) => {
        const house = await houseUnder({ block: first }, { upstream })
        const packets = NAMES.flatMap((name) => TYPES.map((type) => queryPacket(name, { type })))
        // Once forwarded, once cached, and then from the lane.
        for (const client of CLIENTS) for (const packet of [...packets, ...packets]) await house.slow(packet, client)
        for (const [i, rules] of later.entries()) {
          const policy = await policyOf({ block: rules }, 2 + i)
          const fresh = await houseUnder({ block: rules }, { upstream })
          house.resolver.obey({ kind: 'policy', policy })
          while (!house.messages.some((message) => message.kind === 'using' && message.generation === 2 + i)) {
            await new Promise((resolve) => setImmediate(resolve))
          }
          for (const client of CLIENTS) {
            for (const packet of packets) {
              const fast = house.quick(packet, client)
              const right = (await fresh.slow(packet, client)) as Uint8Array
              if (fast === undefined) continue
              kept++
              expect(readPacket(fast)).toEqual(readPacket(right))
            }
            // What has been asked for since may be in the lane under the new policy too.
            for (const packet of packets) await house.slow(packet, client)
          }
        }
      },
    ),
    { numRuns: 150 },
  )
  expect(kept).toBeGreaterThan(500)
})

test('what no policy spoke of stays in the lane; what one may speak of goes the slow way once', async () => {
  const house = await houseUnder({ block: ['a.example'] }, { upstream })
  for (const name of NAMES) for (let i = 0; i < 2; i++) await house.ask(name)
  house.resolver.obey({ kind: 'policy', policy: await policyOf({ block: ['a.example', 'new.example'] }, 2) })
  const quick = (name: string) => house.quick(queryPacket(name)) !== undefined
  expect(NAMES.filter(quick)).toEqual(['b.example', 'deep.b.example', 'c.other', 'x.c.other'])
  house.resolver.obey({ kind: 'pause', active: true })
  expect(NAMES.filter(quick)).toEqual([])
})
