import { expect, test } from 'vitest'
import { remember } from '../../../src/intake/remember.ts'

test('a text seen before gives the very same value without being read again', () => {
  const read: string[] = []
  const values = remember((text) => {
    read.push(text)
    return { text }
  })
  expect(values('a')).toBe(values('a'))
  expect(values('b')).toEqual({ text: 'b' })
  expect(read).toEqual(['a', 'b'])
})

test('no more texts are held than allowed, and all of them are forgotten when there are', () => {
  const read: string[] = []
  const values = remember((text) => {
    read.push(text)
    return text
  }, 2)
  for (const text of ['a', 'b', 'a', 'c', 'c', 'a']) expect(values(text)).toBe(text)
  expect(read).toEqual(['a', 'b', 'c', 'a'])
})

test('a text that gives nothing is not held, so that it cannot push out others', () => {
  let reads = 0
  const values = remember((text): string | undefined => {
    reads++
    return text === 'good' ? text : undefined
  }, 1)
  values('good')
  for (let i = 0; i < 10; i++) expect(values('bad')).toBeUndefined()
  values('good')
  expect(reads).toBe(11)
})
