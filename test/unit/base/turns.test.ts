import { expect, test } from 'vitest'
import { atOnce, inTurns, type Pieces } from '../../../src/base/turns.ts'

function* count(pieces: number): Pieces<number> {
  for (let i = 0; i < pieces; i++) yield
  return pieces
}

/** Turns that a test takes one by one; each look at the clock takes so many milliseconds. */
function turns(pace: number) {
  let now = 0
  const waiting: (() => void)[] = []
  return { ticks: () => (now += pace), later: (run: () => void) => void waiting.push(run), waiting }
}

test('work that is quick is done before the call returns', () => {
  const made: number[] = []
  const { waiting, ...how } = turns(0)
  inTurns(count(100), how, (value) => made.push(value))
  expect([made, waiting.length]).toEqual([[100], 0])
  expect(atOnce(count(3))).toBe(3)
})

test('long work gives way after each millisecond, and comes to its end', () => {
  const made: number[] = []
  const { waiting, ...how } = turns(0.5)
  inTurns(count(9), how, (value) => made.push(value))
  let rounds = 0
  while (waiting.length > 0) {
    expect(made).toEqual([])
    rounds++
    waiting.shift()?.()
  }
  expect([made, rounds]).toEqual([[9], 4])
})

test('work that is given up makes nothing', () => {
  const made: number[] = []
  const { waiting, ...how } = turns(1)
  const giveUp = inTurns(count(5), how, (value) => made.push(value))
  giveUp()
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) run()
  expect(made).toEqual([])
})
