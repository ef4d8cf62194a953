import { describe, expect, test } from 'vitest'
import { addressBytes } from '../../../src/base/address.ts'
import { NO_NAMES } from '../../../src/names/snapshot.ts'
import { isInside } from '../../../src/pipeline/stages/rebinding.ts'
import { inMemory, SETTINGS } from '../../support/in-memory.ts'
import { extendedErrorOf, queryPacket, readPacket, responsePacket } from '../../support/packets.ts'

const protectedHouse = (data: string, settings: Partial<typeof SETTINGS.names> = {}) =>
  inMemory({
    names: {
      ...NO_NAMES,
      records: new Map([['nas.lan', [{ kind: 'A', name: 'nas.lan', ttl: 60, address: '192.168.1.10' }]]]),
      zones: ['lan'],
    },
    settings: { names: { ...SETTINGS.names, rebinding: { except: ['plex.direct'] }, ...settings } },
    upstream: ({ name }) => {
      const type = data.includes(':') ? 'AAAA' : 'A'
      return responsePacket({ questions: [{ type, name }], answers: [{ type, name, ttl: 300, data }] })
    },
  })
const typeOf = (address: string) => (address.includes(':') ? 'AAAA' : 'A')
const answers = (packet: Uint8Array) => readPacket(packet).answers

describe('an address', () => {
  test.each([
    '192.168.1.1',
    '10.0.0.1',
    '172.16.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:192.168.1.1',
    '::192.168.1.1',
    '64:ff9b::c0a8:101',
    '2002:c0a8:101::1',
  ])('%s leads into a house', (address) => expect(isInside(addressBytes(address) as Uint8Array)).toBe(true))
  test.each(['198.51.100.1', '2001:db8::1', '64:ff9b::c633:6401', '2002:c633:6401::1', '100.128.0.1', '172.32.0.1'])(
    '%s does not',
    (address) => expect(isInside(addressBytes(address) as Uint8Array)).toBe(false),
  )
})

describe('rebinding protection', () => {
  test.each(['192.168.1.1', '127.0.0.1', 'fd00::1', '::ffff:10.0.0.1'])(
    'refuses a name from outside that leads to %s, says why, counts it, and hands nothing out',
    async (address) => {
      const { ask, entries, quick } = protectedHouse(address)
      const reply = await ask('evil.example', { type: typeOf(address), edns: 1232 })
      expect(readPacket(reply)).toMatchObject({
        rcode: 'NOERROR',
        answers: [],
        authorities: [{ type: 'SOA', ttl: 60 }],
      })
      expect(extendedErrorOf(reply)).toMatchObject({ code: 15, text: expect.stringContaining('rebinding') })
      // From the cache as well.
      expect(answers(await ask('evil.example', { type: typeOf(address) }))).toEqual([])
      expect(quick(queryPacket('evil.example', { type: typeOf(address) }))).toBeUndefined()
      for (const { outcome, handOuts } of entries()) {
        expect(outcome).toEqual({ kind: 'refused', reason: 'rebinding' })
        expect(handOuts).toEqual([])
      }
    },
  )

  test('sees the hints of service records', async () => {
    // HTTPS: priority 1, target ".", key 4 (ipv4hint) with 192.168.1.1.
    const { ask } = inMemory({
      settings: { names: { ...SETTINGS.names, rebinding: { except: [] } } },
      upstream: ({ name }) =>
        responsePacket({
          questions: [{ type: 'UNKNOWN_65' as never, name }],
          answers: [
            { type: 'UNKNOWN_65' as never, name, ttl: 300, data: Buffer.from('00010000040004c0a80101', 'hex') },
          ],
        }),
    })
    expect(answers(await ask('evil.example', { type: 'UNKNOWN_65' }))).toEqual([])
  })

  test('lets global addresses through, exceptions, forwarded zones and the names of the house', async () => {
    expect(answers(await protectedHouse('198.51.100.1').ask('www.example'))).toHaveLength(1)
    const house = protectedHouse('192.168.1.1', { forwarded: ['corp.example'] })
    expect(answers(await house.ask('x.plex.direct'))).toHaveLength(1)
    expect(answers(await house.ask('intra.corp.example'))).toHaveLength(1)
    expect(answers(await house.ask('nas.lan'))).toHaveLength(1)
    expect(answers(await house.ask('other.example'))).toEqual([])
  })

  test('is off unless it is switched on', async () => {
    const off = protectedHouse('192.168.1.1', { rebinding: undefined })
    expect(answers(await off.ask('lab.example'))).toHaveLength(1)
  })
})
