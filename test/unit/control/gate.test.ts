import { describe, expect, test } from 'vitest'
import { type Asked, gate } from '../../../src/control/gate.ts'
import { LISTEN, TOKEN } from './house.ts'

const asked = (change: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  host: 'localhost:8053',
  origin: undefined,
  authorization: undefined,
  ...change,
})

describe('with a token', () => {
  const refuses = gate(TOKEN, LISTEN)

  test('the right token opens, whatever the host and the letter case of the scheme', () => {
    expect(refuses(asked({ authorization: `Bearer ${TOKEN}`, host: 'dns.example.net' }))).toBeUndefined()
    expect(refuses(asked({ authorization: `bearer  ${TOKEN} ` }))).toBeUndefined()
  })

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${'a'.repeat(7000)}`,
  ])('anything else is refused with 401: %j', (authorization) => {
    expect(refuses(asked({ authorization }))).toMatchObject({ status: 401, code: 'ASKFIRST_E_HTTP_AUTH' })
  })
})

describe('without a token', () => {
  const refuses = gate(undefined, [
    { address: '127.0.0.1', port: 8053 },
    { address: '192.168.1.2', port: 8053 },
  ])

  test.each([
    'localhost',
    'localhost:8053',
    'LOCALHOST:8053',
    'localhost.',
    '127.0.0.1',
    '127.0.0.1:8053',
    '127.8.9.10:1',
    '[::1]:8053',
    '[::1]',
    '192.168.1.2:8053',
  ])('a host that is ours is let through: %s', (host) => {
    expect(refuses(asked({ host }))).toBeUndefined()
  })

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8053',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.3:8053',
    '[2001:db8::1]:8053',
    '::1',
    'localhost:8053:1',
    'localhost:x',
    'user@localhost',
    '2130706433',
    '0x7f.1',
    '127.1',
    'local\thost',
  ])('a name that somebody may have rebound to loopback is refused: %j', (host) => {
    expect(refuses(asked({ host }))).toMatchObject({ status: 403, code: 'ASKFIRST_E_HTTP_REQUEST' })
  })

  test('a POST from our own origin, or from no browser, is let through', () => {
    expect(refuses(asked({ method: 'POST', origin: 'http://localhost:8053' }))).toBeUndefined()
    expect(refuses(asked({ method: 'POST', host: 'LocalHost:8053', origin: 'http://localhost:8053' }))).toBeUndefined()
    expect(refuses(asked({ method: 'POST' }))).toBeUndefined()
  })

  test.each([
    'http://evil.example',
    'http://localhost:3000',
    'http://localhost',
    'http://127.0.0.1:8053',
    'null',
    '',
    'x',
  ])('a POST that a page of another origin sends is refused: %j', (origin) => {
    expect(refuses(asked({ method: 'POST', origin }))).toMatchObject({ status: 403 })
    expect(refuses(asked({ method: 'DELETE', origin }))).toMatchObject({ status: 403 })
  })

  test('reading needs no origin, because a page cannot see the answer', () => {
    expect(refuses(asked({ origin: 'http://evil.example' }))).toBeUndefined()
    expect(refuses(asked({ method: 'HEAD', origin: 'http://evil.example' }))).toBeUndefined()
  })
})
