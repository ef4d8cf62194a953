import { expect, test } from 'vitest'
import { canonicalName } from '../../../src/lists/name-bytes.ts'
import { readService } from '../../../src/lists/service-record.ts'
import { rulesOf } from './reading.ts'

const read = (text: string) => readService('HTTPS', text.split(' '), canonicalName)

test.each([
  // RFC 9460, appendix D.
  ['0 foo.example.com', '000003666f6f076578616d706c6503636f6d00', '0 foo.example.com.'],
  ['1 .', '000100', '1 .'],
  ['16 foo.example.com port=53', '001003666f6f076578616d706c6503636f6d00000300020035', '16 foo.example.com. port=53'],
  ['1 . port=443 alpn=h2', '000100000100030268320003000201bb', '1 . port=443 alpn=h2'],
  ['1 . alpn= "h2"', '00010000010003026832', '1 . alpn="h2"'],
  ['1 . no-default-alpn alpn=h3', '0001000001000302683300020000', '1 . no-default-alpn alpn=h3'],
  ['1 . mandatory=port,alpn alpn=h2 port=1', '00010000000004000100030001000302683200030002' + '0001', undefined],
  ['1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1', '000100', '1 .'],
  ['1 . ech=AEj+DQ==', '000100000500040048fe0d', '1 . ech=AEj+DQ=='],
])('%s', (text, data, shown) => {
  expect(read(text)).toEqual({ kind: 'HTTPS', data, text: shown ?? text })
})

test.each([
  '1',
  'x .',
  '70000 .',
  '1 a..b',
  '1 . port=x',
  '1 . port=1 port=2',
  '1 . alpn=',
  '1 . mandatory=ads',
  '1 . =',
])('what does not fit is none: %s', (text) => {
  expect(read(text)).toBeUndefined()
})

test('parameters without a name here are not known', () => {
  expect(read('1 . key667=hello')).toBe('unknown')
})

test('a zone may have the value in quotes', () => {
  expect(rulesOf('x.example HTTPS 1 . alpn="h2"', 'rpz')).toEqual([
    'records(HTTPS 1 . alpn=h2 00010000010003026832) x.example',
  ])
})
