import { describe, expect, test } from 'vitest'
import { PRIVATE_RANGES } from '../../../src/base/address.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { designated } from '../../../src/server/designated.ts'
import { inMemory, SETTINGS } from '../../support/in-memory.ts'
import { queryPacket, readPacket } from '../../support/packets.ts'

const NAME = 'dns.home.arpa'
const OWN = ['127.0.0.1', '192.168.1.2', '203.0.113.5', 'fd00::2', '2001:db8::5', 'fe80::1']

function announced(text: string): ReturnType<typeof designated> {
  const certificate = `certificate: { name: ${NAME}, file: a.pem, key: b.pem }`
  const read = parseConfig(`${certificate}\n${text}`, 'test', [])
  if ('problems' in read) throw new Error(read.problems.map(({ message }) => message).join())
  return designated(read.config, OWN)
}

const server = (text: string) =>
  inMemory({
    settings: { serving: { ...SETTINGS.serving, designated: announced(text) }, allowFrom: PRIVATE_RANGES },
  })

/** The data of each SVCB record, as dns-packet leaves what it does not know. */
const records = (packet: Uint8Array): string[] =>
  (readPacket(packet).answers ?? []).map((answer) =>
    Buffer.from((answer as { data: Uint8Array }).data).toString('latin1'),
  )

describe('discovery of designated resolvers (RFC 9462)', () => {
  test('announces TLS and HTTPS where both are on, the usual ports unsaid, the hints those of the house', async () => {
    const { ask, forwarded } = server(
      'tls: { listen: ["0.0.0.0:853", "[::]:853"] }\nhttps: { listen: ["192.168.1.2:8443"] }',
    )
    const [tls = '', https = '', ...more] = records(await ask('_dns.resolver.arpa', { type: 'UNKNOWN_64' }))
    const target = '\x03dns\x04home\x04arpa\0'
    const [v4, v6] = ['\0\x04\0\x08\xc0\xa8\x01\x02\xcb\0\x71\x05', `\0\x06\0\x10\xfd${'\0'.repeat(14)}\x02`]
    expect(tls).toBe(`\0\x01${target}\0\x01\0\x04\x03dot${v4}${v6}`)
    expect(https).toBe(
      `\0\x02${target}\0\x01\0\x0c\x02h2\x08http/1.1\0\x03\0\x02\x20\xfb${v4}${v6}\0\x07\0\x10/dns-query{?dns}`,
    )
    expect(more).toEqual([])
    expect(forwarded).toEqual([])
  })

  test('is answered under our own name too, and any other type is "no such record"', async () => {
    const { ask, forwarded } = server('tls: { listen: ["192.168.1.2:853"] }')
    const [unnamed, named] = [
      await ask('_dns.resolver.arpa', { type: 'UNKNOWN_64' }),
      await ask(`_dns.${NAME}`, { type: 'UNKNOWN_64' }),
    ]
    expect(records(named)).toEqual(records(unnamed))
    expect(records(named)).toHaveLength(1)
    const other = readPacket(await ask('_dns.resolver.arpa', { type: 'A' }))
    expect(other).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: [{ type: 'SOA' }] })
    expect(forwarded).toEqual([])
  })

  test('I10: the lane repeats it byte for byte', async () => {
    const { slow, quick } = server('tls: { listen: ["192.168.1.2:853"] }')
    const packet = queryPacket('_dns.resolver.arpa', { type: 'UNKNOWN_64' })
    expect(quick(packet)).toBeUndefined()
    expect(Buffer.from((await slow(packet)) as Uint8Array)).toEqual(Buffer.from(quick(packet) as Uint8Array))
  })

  test.each([
    ['nothing is on', ''],
    ['only this machine can reach what is on', 'tls: { listen: ["127.0.0.1:853"] }'],
    [
      'a reverse proxy has the port, which we do not know',
      'https: { plain: ["192.168.1.2:8054"], proxies: [192.168.1.3] }',
    ],
    ['the system chooses the port', 'tls: { listen: ["192.168.1.2:0"] }'],
  ])('announces nothing where %s, and asks nobody else', async (_why, text) => {
    expect(announced(text)).toBeUndefined()
    const { ask, forwarded } = server(text)
    expect(readPacket(await ask('_dns.resolver.arpa', { type: 'UNKNOWN_64' })).answers).toEqual([])
    expect(forwarded).toEqual([])
  })
})
