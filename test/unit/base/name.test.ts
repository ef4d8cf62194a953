import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUnder, nameFromWire, parseName, wireFromName } from '../../../src/base/name.ts'

describe('a name written by a person', () => {
  test.each([
    ['Example.COM.', 'example.com'],
    ['.', '.'],
    ['müller.example', 'xn--mller-kva.example'],
    ['_dmarc.x', '_dmarc.x'],
    ['127.1', '127.1'],
    ['a%41.com', 'a%41.com'],
    ['*.example.com', '*.example.com'],
    ['a\\.b.example', 'a\\.b.example'],
  ])('%s reads as %s', (text, name) => {
    expect(parseName(text)).toBe(name)
  })

  test.each([
    ['an empty label', 'a..b'],
    ['nothing', ''],
    ['white space', 'a b.example'],
    ['a label of 64 bytes', `${'a'.repeat(64)}.example`],
    ['a name of 256 bytes', Array(128).fill('a').join('.')],
    ['a number over 255 in an escape', '\\999.example'],
    ['a lone backslash', 'a\\'],
    ['a control character', 'a\u0007.example'],
  ])('with %s is no name', (_what, text) => {
    expect(parseName(text)).toBeUndefined()
  })

  test('may be 255 bytes long on the wire, no longer', () => {
    expect(wireFromName(Array(127).fill('a').join('.'))).toHaveLength(255)
  })
})

test('text and wire map to each other one to one, whatever bytes the labels hold', () => {
  const labels = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 8 })
  fc.assert(
    fc.property(labels, (parts) => {
      const wire = Uint8Array.from([...parts.flatMap((label) => [label.length, ...label]), 0])
      const lower = wire.map((byte, i) => (isLetter(wire, i) ? byte | 0x20 : byte))
      const name = nameFromWire(wire, 0)
      expect(name).toMatch(/^[\x21-\x7e]+$/)
      expect(wireFromName(name)).toEqual(lower)
    }),
  )
})

function isLetter(wire: Uint8Array, at: number): boolean {
  for (let i = 0; i < wire.length; i += (wire[i] as number) + 1) if (i === at) return false
  const byte = wire[at] as number
  return byte >= 0x41 && byte <= 0x5a
}

test('a name is under its own zone and its parents only', () => {
  expect(isUnder('www.example.com', 'example.com')).toBe(true)
  expect(isUnder('example.com', 'example.com')).toBe(true)
  expect(isUnder('badexample.com', 'example.com')).toBe(false)
  expect(isUnder('example.com', '.')).toBe(true)
})
