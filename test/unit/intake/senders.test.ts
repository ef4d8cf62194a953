import { expect, test } from 'vitest'
import { prefixes } from '../../../src/base/address.ts'
import { senders } from '../../../src/intake/sources/senders.ts'

test.each([
  ['192.168.1.1', '192.168.1.1', true],
  ['::ffff:192.168.1.1', '192.168.1.1', true],
  ['fe80::1%eth0', 'fe80::1', true],
  ['192.168.2.1', '192.168.2.1', false],
  ['2001:db8::1', '2001:db8::1', false],
])('the sender %s is %s and may send: %s', (text, address, allowed) => {
  const senderOf = senders(prefixes('192.168.1.0/24', 'fe80::/10'))
  expect(senderOf(text)).toEqual({ address, allowed })
  expect(senderOf(text)).toEqual({ address, allowed })
})

test('what is no address is no sender', () => {
  expect(senders(prefixes('0.0.0.0/0'))('')).toBeUndefined()
})
