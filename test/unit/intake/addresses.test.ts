import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../../../src/base/address.ts'
import { addressAt } from '../../../src/intake/addresses.ts'

test.each([
  ['SRC=192.0.2.1 DST=', 4, 13, '192.0.2.1'],
  ['255.255.255.255', 0, 15, '255.255.255.255'],
  ['0.0.0.0', 0, 7, '0.0.0.0'],
  ['DST=2001:DB8:0:0:0:0:0:1 LEN=', 4, 24, '2001:db8::1'],
  ['::ffff:192.0.2.1', 0, 16, '192.0.2.1'],
  ['192.0.2.10', 0, 9, '192.0.2.1'],
  ['192.0.2.1 ', 0, 10, undefined],
  ['192.0.2.01', 0, 10, undefined],
  ['1.2.3.4.5', 0, 9, undefined],
  ['1.2.3.4', 0, 0, undefined],
])('in "%s", %i to %i, stands %s', (line, from, to, address) => {
  expect(addressAt(line, from, to)).toBe(address)
})

test('what stands between other text reads as it does alone', () => {
  const pieces = fc.array(fc.constantFrom('1', '0', '25', '255', '.', '.', ':', 'ff', ' '), { maxLength: 12 })
  fc.assert(
    fc.property(pieces, fc.ipV4(), fc.string(), fc.string(), (parts, whole, before, after) => {
      for (const text of [parts.join(''), whole]) {
        const found = addressAt(`${before}${text}${after}`, before.length, before.length + text.length)
        expect(found).toBe(parseAddress(text))
      }
    }),
  )
})

test('more different addresses than are remembered are read as well', () => {
  const text = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
  for (let i = 0; i < 40_000; i++) expect(addressAt(text(i), 0, text(i).length)).toBe(text(i))
})
