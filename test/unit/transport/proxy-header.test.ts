import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBytes } from '../../../src/base/address.ts'
import { PROXY_HEADER_MAX, readProxyHeader } from '../../../src/transport/proxy-header.ts'
import { proxyV2 } from '../../support/streams.ts'

const v1 = (text: string) => readProxyHeader(Buffer.from(text, 'latin1'))

describe('a PROXY header of version 1', () => {
  test('names the client, and what stands behind it is not part of it', () => {
    const head = 'PROXY TCP4 192.0.2.7 192.168.1.2 56324 853\r\n'
    expect(v1(`${head}\0\x1d`)).toEqual({ kind: 'header', length: head.length, source: '192.0.2.7' })
    expect(v1('PROXY TCP6 2001:DB8::7 fd00::2 1 53\r\n')).toMatchObject({ source: '2001:db8::7' })
    expect(v1('PROXY UNKNOWN ffff::1 whatever\r\n')).toMatchObject({ kind: 'header', source: undefined })
  })

  test('is waited for byte by byte', () => {
    const head = 'PROXY TCP4 192.0.2.7 192.168.1.2 56324 853\r\n'
    for (let i = 0; i < head.length; i++) expect(v1(head.slice(0, i))).toEqual({ kind: 'more' })
  })

  test.each([
    ['GET / HTTP/1.1\r\n'],
    ['PROXY TCP4 192.0.2.7 192.168.1.2 56324\r\n'],
    ['PROXY TCP4 2001:db8::7 192.168.1.2 1 2\r\n'],
    ['PROXY TCP6 192.0.2.7 192.168.1.2 1 2\r\n'],
    ['PROXY TCP4 192.0.2.777 192.168.1.2 1 2\r\n'],
    ['PROXY TCP4 192.0.2.7 192.168.1.2 1 65536\r\n'],
    ['PROXY TCP4 192.0.2.7 192.168.1.2 01 2\r\n'],
    ['PROXY UDP4 192.0.2.7 192.168.1.2 1 2\r\n'],
    ['PROXY TCP4 192.0.2.7 192.168.1.2 1 2\rX'],
    [`PROXY TCP4 ${'1'.repeat(120)}\r\n`],
  ])('that breaks the rules is refused: %s', (text) => {
    expect(v1(text)).toEqual({ kind: 'bad' })
  })
})

describe('a PROXY header of version 2', () => {
  test.each(['192.0.2.7', '2001:db8::7'])('names the client %s, with TLVs behind it or without', (source) => {
    for (const extra of [0, 3, 200]) {
      const head = proxyV2(source, { extra })
      expect(readProxyHeader(Buffer.concat([head, Buffer.of(1, 2)]))).toEqual({
        kind: 'header',
        length: head.length,
        source,
      })
      for (let i = 0; i < head.length; i++) expect(readProxyHeader(head.subarray(0, i))).toEqual({ kind: 'more' })
    }
  })

  test('of a health check, or of a family without addresses, names nobody', () => {
    expect(readProxyHeader(proxyV2('192.0.2.7', { command: 0 }))).toMatchObject({ kind: 'header', source: undefined })
    expect(readProxyHeader(proxyV2('192.0.2.7', { family: 0 }))).toMatchObject({ kind: 'header', source: undefined })
    expect(readProxyHeader(proxyV2('192.0.2.7', { family: 3, extra: 204 }))).toMatchObject({ source: undefined })
  })

  test('that breaks the rules or the bound is refused', () => {
    expect(readProxyHeader(proxyV2('192.0.2.7', { version: 1 }))).toEqual({ kind: 'bad' })
    expect(readProxyHeader(proxyV2('192.0.2.7', { command: 2 }))).toEqual({ kind: 'bad' })
    expect(readProxyHeader(proxyV2('192.0.2.7', { family: 4 }))).toEqual({ kind: 'bad' })
    expect(readProxyHeader(proxyV2('192.0.2.7', { family: 2 }))).toEqual({ kind: 'bad' })
    expect(readProxyHeader(proxyV2('192.0.2.7', { extra: PROXY_HEADER_MAX }))).toEqual({ kind: 'bad' })
  })
})

test('any bytes are read without a fault, and never more than the bound is waited for', () => {
  const starts = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    '\r\n\r\n\0\r\nQUIT\n',
    '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c',
  )
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 1500 }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest])
      const read = readProxyHeader(bytes)
      if (read.kind === 'more') expect(bytes.length).toBeLessThan(PROXY_HEADER_MAX)
      if (read.kind !== 'header') return
      expect(read.length).toBeLessThanOrEqual(bytes.length)
      if (read.source !== undefined) expect(addressBytes(read.source)).toBeDefined()
    }),
    { numRuns: 2000 },
  )
})
