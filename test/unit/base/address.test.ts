import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressBytes,
  addressFromBytes,
  endpointText,
  findAddress,
  inPrefixes,
  PRIVATE_RANGES,
  parseAddress,
  parseEndpoint,
  parseMac,
  parsePrefix,
  prefixText,
  scopeOf,
} from '../../../src/base/address.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::', '::'],
  ['1::', '1::'],
  ['0:0:1::', '0:0:1::'],
])('%s is written %s', (text, canonical) => {
  expect(parseAddress(text)).toBe(canonical)
})

test.each(['1.2.3', '01.2.3.4', '1.2.3.256', '1.2.3.4.5', '1.2.3.4 ', ':::', '1:2', 'g::1', '', '1.2..3', '1.2.3.'])(
  '%s is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined()
  },
)

test('every address survives text and bytes, and agrees with the platform', () => {
  const lengths = fc.constantFrom(4, 16)
  fc.assert(
    fc.property(
      lengths.chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
      (bytes) => {
        const text = addressFromBytes(bytes)
        expect(isIP(text)).not.toBe(0)
        expect(parseAddress(text)).toBe(text)
        expect(addressFromBytes(addressBytes(text) as Uint8Array)).toBe(text)
      },
    ),
  )
})

test('what the platform takes for an address, and only that, is one', () => {
  const pieces = fc.array(fc.constantFrom('1', '0', '255', 'ff', 'FFFF', '.', ':', '::', '%x', '12345', ' '), {
    maxLength: 16,
  })
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('')
      expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0)
    }),
    { numRuns: 5000 },
  )
})

describe('a prefix', () => {
  test('has its host bits cleared', () => {
    expect(prefixText(parsePrefix('192.168.77.5/20') as never)).toBe('192.168.64.0/20')
    expect(prefixText(parsePrefix('fd12::1') as never)).toBe('fd12::1/128')
  })
  test.each(['10.0.0.0/33', '10.0.0.0/', '::/129', '10/8', 'x/8', '10.0.0.0/-1'])('%s is none', (text) => {
    expect(parsePrefix(text)).toBeUndefined()
  })
  test('of one family holds no address of the other', () => {
    expect(inPrefixes([parsePrefix('0.0.0.0/0') as never], addressBytes('::1') as never)).toBe(false)
  })
})

test.each([
  ['8.8.8.8', 'global'],
  ['10.1.2.3', 'private'],
  ['172.32.0.1', 'global'],
  ['100.64.0.1', 'private'],
  ['169.254.1.1', 'link-local'],
  ['224.0.0.251', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['0.0.0.0', 'unspecified'],
  ['2001:db8::1', 'global'],
  ['fd00::1', 'private'],
  ['fe80::1', 'link-local'],
  ['ff02::fb', 'multicast'],
  ['::1', 'loopback'],
  ['::', 'unspecified'],
])('%s is %s', (address, scope) => {
  expect(scopeOf(addressBytes(address) as Uint8Array)).toBe(scope)
})

test('the default access list takes in a house and nobody else', () => {
  const may = (address: string) => inPrefixes(PRIVATE_RANGES, addressBytes(address) as Uint8Array)
  expect(['127.0.0.1', '192.168.1.9', '::1', 'fe80::1', 'fd00::9'].every(may)).toBe(true)
  expect(['8.8.8.8', '2001:4860:4860::8888', '172.15.0.1'].some(may)).toBe(false)
})

test('an endpoint keeps its port or takes the default', () => {
  expect(parseEndpoint('[2001:db8::1]:5353', 53)).toEqual({ address: '2001:db8::1', port: 5353 })
  expect(parseEndpoint('2001:db8::1', 53)).toEqual({ address: '2001:db8::1', port: 53 })
  expect(parseEndpoint('192.0.2.1', 53)).toEqual({ address: '192.0.2.1', port: 53 })
  expect(parseEndpoint('192.0.2.1:70000', 53)).toBeUndefined()
  expect(parseEndpoint('example.com:53', 53)).toBeUndefined()
  expect(endpointText({ address: '::1', port: 53 })).toBe('[::1]:53')
})

test('a MAC is one device: groups, broadcast and zero are not', () => {
  expect(parseMac('AA-BB-CC-00-11-22')).toBe('aa:bb:cc:00:11:22')
  expect(parseMac('01:00:5e:00:00:fb')).toBeUndefined()
  expect(parseMac('ff:ff:ff:ff:ff:ff')).toBeUndefined()
  expect(parseMac('00:00:00:00:00:00')).toBeUndefined()
})

test('an address is found in free text', () => {
  expect(findAddress('denied 192.0.2.7:443 by rule')).toBe('192.0.2.7')
  expect(findAddress('SRC=2001:db8::7,')).toBe('2001:db8::7')
  for (const text of ['no address here', 'std::string', '11.22.33.444', 'v1.2.3.4.5', 'at 12:30:59']) {
    expect(findAddress(text), text).toBeUndefined()
  }
})
