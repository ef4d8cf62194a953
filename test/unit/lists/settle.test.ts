import { describe, expect, test } from 'vitest'
import { settling } from '../../../src/lists/settle.ts'

const TIMES = { quiet: 100, patience: 1000 }
const SAME = { kind: 'same' }
const TELL = { kind: 'tell' }
const wait = (ms: number) => ({ kind: 'wait', ms })

describe('a change of files', () => {
  test('is told once, when the files have been the same for the quiet time', () => {
    const settled = settling('a', TIMES)
    expect(settled('a', 0)).toEqual(SAME)
    expect(settled('b', 1000)).toEqual(wait(100))
    expect(settled('b', 1040)).toEqual(wait(60))
    expect(settled('b', 1100)).toEqual(TELL)
    expect(settled('b', 1101)).toEqual(SAME)
  })

  test('is waited for anew while the files go on changing', () => {
    const settled = settling('a', TIMES)
    expect(settled('b', 0)).toEqual(wait(100))
    expect(settled('c', 90)).toEqual(wait(100))
    expect(settled('c', 189)).toEqual(wait(1))
    expect(settled('c', 190)).toEqual(TELL)
  })

  test('is none where the files are as before in the end', () => {
    const settled = settling('a', TIMES)
    expect(settled('b', 0)).toEqual(wait(100))
    expect(settled('a', 50)).toEqual(SAME)
    expect(settled('a', 500)).toEqual(SAME)
    expect(settled('b', 2000)).toEqual(wait(100))
    expect(settled('b', 2100)).toEqual(TELL)
  })

  test('is told all the same when there is no end to it, again and again', () => {
    const settled = settling('0', TIMES)
    const told: number[] = []
    for (let now = 50; now <= 2500; now += 50) if (settled(`${now}`, now).kind === 'tell') told.push(now)
    expect(told).toEqual([1050, 2100])
  })
})
