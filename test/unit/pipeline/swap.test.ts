// A new policy while questions are answered: the one before decides until the new one is ready, and never half of one.
import { expect, test } from 'vitest'
import { houseUnder, policyOf, says } from '../../support/listed-house.ts'

/** Patterns without a fixed text, which take long to make ready. */
const patterns = Array.from({ length: 300 }, (_, i) => `/^[a-${'mnopqrs'[i % 7]}]{3}[0-9]{${1 + (i % 5)}}\\./`)

test('questions are decided by the policy before until the new one is whole, then by that', async () => {
  const waiting: (() => void)[] = []
  const house = await houseUnder({ block: ['old.example'] }, { later: (run) => void waiting.push(run) })
  const seen = async () => [
    (await says(house, 'old.example')).answers[0],
    (await says(house, 'new.example')).answers[0],
    (await says(house, 'abc7.example')).answers[0],
  ]
  const before = ['A 127.0.0.1', 'A 192.0.2.11', 'A 192.0.2.12']
  expect(await seen()).toEqual(before)
  house.clock.pace = 1
  house.resolver.obey({ kind: 'policy', policy: await policyOf({ block: ['new.example', ...patterns] }, 2) })
  let turns = 0
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
    expect(await seen()).toEqual(before)
    run()
    turns++
  }
  expect(turns).toBeGreaterThan(3)
  expect(await seen()).toEqual(['A 192.0.2.11', 'A 127.0.0.1', 'A 127.0.0.1'])
  const using = house.messages.flatMap((message) => (message.kind === 'using' ? [message.generation] : []))
  expect(using).toEqual([1, 2])
})

test('a policy that is overtaken by a newer one is never used', async () => {
  const waiting: (() => void)[] = []
  const house = await houseUnder({}, { later: (run) => void waiting.push(run) })
  house.clock.pace = 1
  house.resolver.obey({ kind: 'policy', policy: await policyOf({ block: ['second.example', ...patterns] }, 2) })
  house.resolver.obey({ kind: 'policy', policy: await policyOf({ block: ['third.example'] }, 3) })
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) run()
  expect((await says(house, 'second.example')).answers).toEqual(['A 192.0.2.14'])
  expect((await says(house, 'third.example')).answers).toEqual(['A 127.0.0.1'])
  const using = house.messages.flatMap((message) => (message.kind === 'using' ? [message.generation] : []))
  expect(using).toEqual([1, 3])
})
