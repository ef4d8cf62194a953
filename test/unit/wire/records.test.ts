import { expect, test } from 'vitest'
import type { OwnRecord } from '../../../src/base/reply.ts'
import { encodeRecord } from '../../../src/wire/records.ts'

test.each<[OwnRecord, string]>([
  [{ kind: 'A', name: 'a.example', ttl: 60, address: '192.0.2.1' }, '0001 0001 0000003c 0004 c0000201'],
  [
    { kind: 'AAAA', name: 'a.example', ttl: 60, address: '2001:db8::1' },
    '001c 0001 0000003c 0010 20010db8000000000000000000000001',
  ],
  // The canonical text of ::ffff:192.0.2.1.
  [
    { kind: 'AAAA', name: 'a.example', ttl: 60, address: '192.0.2.1' },
    '001c 0001 0000003c 0010 00000000000000000000ffffc0000201',
  ],
  [
    { kind: 'SOA', name: 'example', ttl: 60, minimum: 300 },
    '0006 0001 0000003c 0043 08 61736b6669727374 07 696e76616c6964 00' +
      '0a 686f73746d6173746572 08 61736b6669727374 07 696e76616c6964 00' +
      '00000001 00000e10 00000384 00015180 0000012c',
  ],
])('%o as bytes', (record, hex) => {
  expect(Buffer.from(encodeRecord(record)).toString('hex')).toBe(hex.replaceAll(' ', ''))
})
