import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wireFromName } from '../../../src/base/name.ts'
import { CLASS, type Query } from '../../../src/base/question.ts'
import { EMPTY_BODY, type Reply } from '../../../src/base/reply.ts'
import { coalesce } from '../../../src/pipeline/stages/coalesce.ts'

const query = (name: string, more: Partial<Query> = {}): Query =>
  ({ name, wire: wireFromName(name), type: 1, class: CLASS.IN, checkingDisabled: false, ...more }) as Query

/** An upstream whose answers come when they are let go; `asked` counts what reached it. */
function held(maxFlights?: number) {
  const waiting: (() => void)[] = []
  let asked = 0
  const stage = coalesce(maxFlights)
  const ask = async (one: Query): Promise<Reply> =>
    stage(one, () => {
      const serial = ++asked
      return new Promise((resolve) => {
        waiting.push(() =>
          resolve({ rcode: serial, body: EMPTY_BODY, outcome: { kind: 'forwarded', upstream: 0 }, reusable: 0 }),
        )
      })
    })
  const letGo = (): void => {
    for (const go of waiting.splice(0)) go()
  }
  return { ask, letGo, asked: () => asked }
}

const DIFFERENT: Query[] = [
  query('a.example'),
  query('b.example'),
  query('a.example', { type: 28 }),
  query('a.example', { checkingDisabled: true }),
  query('a.example', { subnet: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) }),
  query('a.example', { subnet: Uint8Array.of(0, 1, 24, 0, 192, 0, 3) }),
  query('a.example', { route: 1 }),
]

test('who asks what is on its way gets the same answer; any difference that an upstream may see is another flight', async () => {
  const { ask, letGo, asked } = held()
  const first = DIFFERENT.map(ask)
  const again = DIFFERENT.map((one) => ask({ ...one, wire: one.wire.slice() }))
  expect(asked()).toBe(DIFFERENT.length)
  letGo()
  const codes = await Promise.all(first)
  expect(await Promise.all(again)).toEqual(codes)
  expect(new Set(codes.map(({ rcode }) => rcode)).size).toBe(DIFFERENT.length)
})

test('what has landed is asked anew, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(6), { maxLength: 40 }), async (order) => {
      const { ask, letGo, asked } = held()
      const flying = new Set<number>()
      let expected = 0
      for (const number of order) {
        if (!flying.has(number)) expected++
        flying.add(number)
        void ask(DIFFERENT[number] as Query)
        expect(asked()).toBe(expected)
        if (flying.size < 4) continue
        letGo()
        await new Promise((resolve) => setImmediate(resolve))
        flying.clear()
      }
    }),
  )
})

test('beyond the bound questions fail at once, those that join a flight do not, and room comes back', async () => {
  const { ask, letGo } = held(2)
  const [one, two, three] = DIFFERENT as [Query, Query, Query]
  const flights = [ask(one), ask(two)]
  const failed = { outcome: { kind: 'failed', reason: 'overload' } }
  expect(await ask(three)).toMatchObject(failed)
  const joined = ask(one)
  letGo()
  expect(await Promise.all([...flights, joined])).not.toContainEqual(expect.objectContaining(failed))
  await new Promise((resolve) => setImmediate(resolve))
  const again = ask(three)
  letGo()
  expect(await again).toMatchObject({ outcome: { kind: 'forwarded' } })
})
