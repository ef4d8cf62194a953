import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressBytes, addressFromBytes, PRIVATE_RANGES, prefixes } from '../../../src/base/address.ts'
import { CLIENTS_KEPT, Clients } from '../../../src/pipeline/clients.ts'

const bytesOf = (address: string): Uint8Array => addressBytes(address) as Uint8Array

describe('a client', () => {
  test('is one object, by text and by bytes, wherever the bytes stand', () => {
    const clients = new Clients(PRIVATE_RANGES)
    const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => addressFromBytes(bytesOf(text)))
    fc.assert(
      fc.property(address, fc.nat(20), (text, at) => {
        const bytes = bytesOf(text)
        const packet = new Uint8Array(at + bytes.length + 3).fill(0xff)
        packet.set(bytes, at)
        const client = clients.at(packet, at, bytes.length)
        expect(client).toBe(clients.of(text))
        expect(client).toBe(clients.at(packet, at, bytes.length))
        expect(client.address).toBe(text)
        expect(client.bytes).toEqual(bytes)
      }),
    )
  })

  test('is told from its neighbours', () => {
    const clients = new Clients(PRIVATE_RANGES)
    const seen = new Set()
    for (let i = 0; i < 10_000; i++) {
      const bytes = Uint8Array.of(192, 168, i >> 8, i & 255)
      const client = clients.at(bytes, 0, 4)
      expect(client.address).toBe(`192.168.${i >> 8}.${i & 255}`)
      seen.add(client)
    }
    expect(seen.size).toBe(10_000)
  })

  test('is the same however its address is written: zone, case, gaps, IPv4 mapped into IPv6', () => {
    const clients = new Clients(PRIVATE_RANGES)
    const local = clients.of('fe80::a1')
    for (const text of ['fe80::a1%eth0', 'fe80::a1%2', 'FE80::A1', 'fe80:0:0:0:0:0:0:a1']) {
      expect(clients.of(text)).toBe(local)
    }
    const mapped = Uint8Array.of(...new Uint8Array(10), 0xff, 0xff, 192, 168, 1, 5)
    expect(clients.at(mapped, 0, 16)).toBe(clients.of('192.168.1.5'))
    expect(clients.of('::ffff:192.168.1.5')).toBe(clients.of('192.168.1.5'))
    expect(clients.size).toBe(2)
  })

  test('may ask as the access list says, and is looked at again when that changes', () => {
    const clients = new Clients(PRIVATE_RANGES)
    const bytes = bytesOf('203.0.113.9')
    expect(clients.at(bytes, 0, 4).allowed).toBe(false)
    expect(clients.at(bytesOf('fe80::1'), 0, 16).allowed).toBe(true)
    clients.admitFrom(prefixes('203.0.113.0/24'))
    expect(clients.at(bytes, 0, 4).allowed).toBe(true)
    expect(clients.at(bytes, 0, 4)).toBe(clients.of('203.0.113.9'))
    expect(clients.at(bytesOf('fe80::1'), 0, 16).allowed).toBe(false)
  })

  test('at another door, or by another name there, is another client, judged by the list of that door', () => {
    const [plain, tls] = [PRIVATE_RANGES, prefixes('203.0.113.0/24')]
    const clients = new Clients({ plain, tls, https: plain })
    const tv = clients.via('tls', '203.0.113.9', 'tv')
    expect([tv.id, tv.address, tv.allowed]).toEqual(['tv', '203.0.113.9', true])
    expect(clients.via('tls', '::ffff:203.0.113.9', 'tv')).toBe(tv)
    for (const other of [
      clients.of('203.0.113.9'),
      clients.via('tls', '203.0.113.9', undefined),
      clients.via('tls', '203.0.113.9', 'radio'),
      clients.via('https', '203.0.113.9', 'tv'),
    ]) {
      expect(other).not.toBe(tv)
      expect(other.address).toBe(tv.address)
    }
    expect(clients.of('203.0.113.9').allowed).toBe(false)
    expect(clients.via('https', '203.0.113.9', 'tv').allowed).toBe(false)
    clients.admitFrom(PRIVATE_RANGES)
    expect(clients.via('tls', '203.0.113.9', 'tv').allowed).toBe(false)
  })

  test('whose address cannot be read is nobody who may ask', () => {
    expect(new Clients(PRIVATE_RANGES).of('').allowed).toBe(false)
  })
})

describe('a flood of spoofed senders', () => {
  const spoofed = (i: number): Uint8Array => Uint8Array.of(10, i >> 16, (i >> 8) & 255, i & 255)

  test('takes no more room than two generations, and who asks all the time stays the same client', () => {
    const clients = new Clients(PRIVATE_RANGES)
    const loyal = bytesOf('192.168.1.5')
    const client = clients.at(loyal, 0, 4)
    for (let i = 0; i < 5 * CLIENTS_KEPT; i++) {
      clients.at(spoofed(i), 0, 4)
      if (i % 1000 === 0) {
        expect(clients.at(loyal, 0, 4)).toBe(client)
        expect(clients.of('192.168.1.5')).toBe(client)
      }
    }
    expect(clients.size).toBeLessThanOrEqual(2 * CLIENTS_KEPT)
  })

  test('leaves no client that is known by its bytes and not by its text', () => {
    const clients = new Clients(PRIVATE_RANGES)
    for (let i = 0; i < 3 * CLIENTS_KEPT; i++) clients.at(spoofed(i), 0, 4)
    for (let i = 0; i < 3 * CLIENTS_KEPT; i += 97) {
      const client = clients.of(addressFromBytes(spoofed(i)))
      expect(clients.at(spoofed(i), 0, 4)).toBe(client)
    }
  })
})

test('no two clients have the same number, whichever door list they come from: the journal tells them apart by it', () => {
  const first = new Clients([])
  const lists = [first, ...['a', 'b'].map((at) => new Clients([], undefined, undefined, first, at))]
  const all = lists.flatMap((clients) => Array.from({ length: 50 }, (_, i) => clients.of(`192.168.1.${i}`)))
  expect(new Set(all.map(({ number }) => number)).size).toBe(150)
})
