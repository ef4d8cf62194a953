import { describe, expect, test } from 'vitest'
import { addressBytes, type Prefix, parsePrefix } from '../../../src/base/address.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import { RCODE } from '../../../src/base/question.ts'
import { Cookies, secretsFrom } from '../../../src/pipeline/cookies.ts'
import { writeQuery } from '../../../src/wire/write-reply.ts'
import { addressOf, inMemory, SETTINGS } from '../../support/in-memory.ts'
import { extendedErrorOf, fullRcodeOf, optionOf, queryPacket, readPacket } from '../../support/packets.ts'

const [NSID, SUBNET, COOKIE, KEEPALIVE, PADDING] = [3, 8, 10, 11, 12]
const EMPTY = Buffer.alloc(0)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const bytesOf = (address: string): Uint8Array => addressBytes(address) as Uint8Array
const edns = (habits: Partial<typeof SETTINGS.edns>) => ({ edns: { ...SETTINGS.edns, ...habits } })

describe('a server cookie', () => {
  const vectors = [
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      '2464c4abcf10c957',
      '198.51.100.100',
      1559731985,
      '010000005cf79f111f8130c3eee29480',
    ],
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      '2464c4abcf10c957',
      '198.51.100.100',
      1559734385,
      '010000005cf7a871d4a564a1442aca77',
    ],
    [
      'e5e973e5a6b2a43f48e7dc849e37bfcf',
      'fc93fc62807ddb86',
      '203.0.113.203',
      1559734700,
      '010000005cf7a9acf73a7810aca2381e',
    ],
    [
      '445536bcd2513298075a5d379663c962',
      '22681ab97d52c298',
      '2001:db8:220:1:59de:d0f4:8769:82b8',
      1559741961,
      '010000005cf7c609a6bb79d16625507a',
    ],
  ] as const
  test.each(vectors)(
    'is the one of RFC 9018 appendix A (secret %s, client %s)',
    (secret, client, address, at, server) => {
      const cookies = new Cookies(() => hex(secret))
      const made = cookies.make(hex(client), bytesOf(address), at * SECOND)
      expect(Buffer.from(made).toString('hex')).toBe(client + server)
      expect(cookies.judge(made, bytesOf(address), at * SECOND)).toBe('valid')
    },
  )

  test('that another server of the same secret made counts, reserved bytes and all (RFC 9018 A.3)', () => {
    const cookies = new Cookies(() => hex('e5e973e5a6b2a43f48e7dc849e37bfcf'))
    const cookie = hex('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5')
    expect(cookies.judge(cookie, bytesOf('203.0.113.203'), 1559727985 * SECOND + 20 * MINUTE)).toBe('valid')
  })

  test('is good for its address only, for an hour, through a change of the secret', () => {
    const secrets = secretsFrom(hex('000102030405060708090a0b0c0d0e0f'))
    const cookies = new Cookies(secrets)
    // Two hours after midnight UTC.
    const now = 20_717 * DAY + 2 * HOUR
    const [own, other] = [bytesOf('192.168.1.5'), bytesOf('192.168.1.6')]
    const cookie = cookies.make(hex('0102030405060708'), own, now)
    expect(cookies.judge(cookie, own, now + HOUR)).toBe('valid')
    expect(cookies.judge(cookie, other, now)).toBe('bad')
    expect(cookies.judge(cookie, own, now + HOUR + SECOND)).toBe('bad')
    expect(cookies.judge(cookie, own, now - 6 * MINUTE)).toBe('bad')
    const midnight = 20_718 * DAY
    const late = cookies.make(cookie, own, midnight - MINUTE)
    expect(cookies.judge(late, own, midnight + MINUTE)).toBe('valid')
    expect(secrets(20_717)).not.toEqual(secrets(20_718))
    expect(secrets(20_717)).toHaveLength(16)
    for (let i = 0; i < late.length; i++) {
      const forged = Uint8Array.from(late, (byte, at) => (at === i ? byte ^ 1 : byte))
      expect(cookies.judge(forged, own, midnight + MINUTE), `byte ${i}`).toBe('bad')
    }
  })

  test('of one thread is good with another that has the same seed, also while only one has passed midnight', () => {
    const seed = hex('000102030405060708090a0b0c0d0e0f')
    const [one, other, stranger] = [seed, seed, hex('ff0102030405060708090a0b0c0d0e0f')].map(
      (of) => new Cookies(secretsFrom(of)),
    ) as [Cookies, Cookies, Cookies]
    const [own, midnight] = [bytesOf('192.168.1.5'), 20_718 * DAY]
    const cookie = one.make(hex('0102030405060708'), own, midnight)
    expect(other.judge(cookie, own, midnight - SECOND)).toBe('valid')
    expect(other.judge(cookie, own, midnight + HOUR)).toBe('valid')
    expect(stranger.judge(cookie, own, midnight)).toBe('bad')
  })
})

describe('a query with a cookie (RFC 7873)', () => {
  const client = hex('0102030405060708')
  test('gets one back, which the next query may carry, and the lane keeps out of it', async () => {
    const { ask, quick } = inMemory({})
    const first = optionOf(await ask('www.example', { options: { [COOKIE]: client } }), COOKIE) as Buffer
    expect(first).toHaveLength(24)
    expect(first.subarray(0, 8)).toEqual(client)
    const packet = queryPacket('www.example', { options: { [COOKIE]: first } })
    expect(readPacket(await ask('www.example', { options: { [COOKIE]: first } })).answers).toHaveLength(1)
    expect(quick(packet)).toBeUndefined()
    expect(optionOf(await ask('www.example', { edns: 1232 }), COOKIE)).toBeUndefined()
  })

  test.each([0, 7, 9, 15, 41])('of %i bytes is malformed', async (length) => {
    const { ask } = inMemory({})
    expect(fullRcodeOf(await ask('www.example', { options: { [COOKIE]: Buffer.alloc(length) } }))).toBe(RCODE.FORMERR)
  })

  test('and no question gets the cookie alone (§5.4)', async () => {
    const { slow } = inMemory({})
    const whole = queryPacket('www.example', { options: { [COOKIE]: client } })
    const packet = Buffer.concat([whole.subarray(0, 12), whole.subarray(12 + 13 + 4)])
    packet.writeUInt16BE(0, 4)
    const reply = (await slow(packet)) as Uint8Array
    expect(fullRcodeOf(reply)).toBe(RCODE.NOERROR)
    expect(optionOf(reply, COOKIE)).toHaveLength(24)
  })

  test('is asked for another where cookies are required, and who has none is sent to TCP', async () => {
    const { ask, forwarded } = inMemory({ settings: edns({ cookies: 'require' }) })
    const none = await ask('www.example')
    expect((none[2] as number) & 0x02).toBe(0x02)
    const reply = await ask('www.example', { options: { [COOKIE]: client } })
    expect(fullRcodeOf(reply)).toBe(RCODE.BADCOOKIE)
    expect(forwarded).toEqual([])
    const good = optionOf(reply, COOKIE) as Buffer
    expect(readPacket(await ask('www.example', { options: { [COOKIE]: good } })).answers).toHaveLength(1)
    expect(readPacket(await ask('www.example', { transport: 'tcp' })).answers).toHaveLength(1)
    expect(fullRcodeOf(await ask('www.example', { options: { [COOKIE]: good }, from: '192.168.1.6' }))).toBe(
      RCODE.BADCOOKIE,
    )
  })

  test('gets none where they are ignored', async () => {
    const { ask } = inMemory({ settings: edns({ cookies: 'ignore' }) })
    expect(optionOf(await ask('www.example', { options: { [COOKIE]: client } }), COOKIE)).toBeUndefined()
  })
})

describe('a padded query (RFC 8467)', () => {
  test.each(['tls', 'https'] as const)('over %s gets a reply of a multiple of 468 bytes', async (transport) => {
    const { ask } = inMemory({})
    for (const name of ['a.example', 'a-much-longer-name-than-that.with.many.labels.example']) {
      const reply = await ask(name, { options: { [PADDING]: Buffer.alloc(20) }, transport })
      expect(reply.length).toBe(468)
      expect(readPacket(reply).answers).toHaveLength(1)
    }
  })
  test.each(['udp', 'tcp'] as const)('over %s gets a plain one', async (transport) => {
    const { ask } = inMemory({})
    const reply = await ask('a.example', { options: { [PADDING]: Buffer.alloc(20) }, transport })
    expect(optionOf(reply, PADDING)).toBeUndefined()
  })
})

test.each([
  ['udp', undefined],
  ['tcp', '0064'],
  ['tls', '0064'],
  ['https', undefined],
] as const)('who asks over %s how long a connection may be idle is told %s (RFC 7828)', async (transport, told) => {
  const { ask } = inMemory({})
  const reply = await ask('www.example', { options: { [KEEPALIVE]: EMPTY }, transport })
  expect(optionOf(reply, KEEPALIVE)?.toString('hex')).toBe(told)
})

test('who asks for the server’s name gets it where it has one (RFC 5001)', async () => {
  const named = inMemory({ settings: edns({ nsid: 'cellar' }) })
  expect(optionOf(await named.ask('www.example', { options: { [NSID]: EMPTY } }), NSID)?.toString()).toBe('cellar')
  expect(optionOf(await inMemory({}).ask('www.example', { options: { [NSID]: EMPTY } }), NSID)).toBeUndefined()
})

test('unknown options are passed over, and the lane may repeat such a reply', async () => {
  const { ask, quick } = inMemory({})
  await ask('www.example', { options: { 65001: hex('aabb') } })
  expect(readPacket(await ask('www.example', { options: { 65001: hex('aabb') } })).answers).toHaveLength(1)
  expect(quick(queryPacket('www.example', { edns: 1232 }))).toBeDefined()
})

describe('a client subnet (RFC 7871)', () => {
  const of = (address: string, bits: number) =>
    Buffer.concat([
      hex(address.includes(':') ? '0002' : '0001'),
      Buffer.of(bits, 0),
      Buffer.from(bytesOf(address)).subarray(0, Math.ceil(bits / 8)),
    ])
  const sent = of('203.0.113.0', 24)

  /** What went upstream for a question, as option data in hex. */
  const told = async (habit: 'strip' | 'forward' | Prefix, subnet: Buffer | undefined): Promise<string | undefined> => {
    let data: string | undefined
    const { ask } = inMemory({
      settings: edns({ clientSubnet: habit }),
      upstream: (query) => {
        const out = new Uint8Array(512)
        const length = writeQuery(out, query, query.wire, { udpSize: 1232, authenticData: false, padTo: 0 })
        data = optionOf(out.subarray(0, length), SUBNET)?.toString('hex')
        return addressOf(query)
      },
    })
    await ask('www.example', subnet === undefined ? {} : { options: { [SUBNET]: subnet } })
    return data
  }

  test('stays in the house unless somebody wants otherwise', async () => {
    expect(await told('strip', sent)).toBeUndefined()
    expect(await told('forward', undefined)).toBeUndefined()
  })
  test('is forwarded cut to /24 or /56, never one of this network', async () => {
    expect(await told('forward', sent)).toBe('00011800cb0071')
    expect(await told('forward', of('203.0.113.77', 32))).toBe('00011800cb0071')
    expect(await told('forward', of('2001:db8:1:2:3::', 80))).toBe('0002380020010db8000100')
    expect(await told('forward', of('192.168.1.0', 24))).toBeUndefined()
  })
  test('can be set for all, but for who forbids it', async () => {
    const set = parsePrefix('198.51.100.0/22') as Prefix
    expect(await told(set, undefined)).toBe('00011600c63364')
    expect(await told(set, sent)).toBe('00011600c63364')
    expect(await told(set, of('0.0.0.0', 0))).toBe('00010000')
  })
  test('that is forwarded is part of the cache’s key, and the reply says what it is for', async () => {
    const { ask, forwarded } = inMemory({ settings: edns({ clientSubnet: 'forward' }) })
    const reply = await ask('www.example', { options: { [SUBNET]: sent } })
    await ask('www.example', { options: { [SUBNET]: sent } })
    expect(forwarded).toHaveLength(1)
    expect(optionOf(reply, SUBNET)?.toString('hex')).toBe('00011818cb0071')
    await ask('www.example', { options: { [SUBNET]: of('198.51.100.0', 24) } })
    await ask('www.example')
    expect(forwarded).toHaveLength(3)
  })
  test('that is stripped is not, and no reply speaks of it', async () => {
    const { ask, forwarded } = inMemory({})
    const reply = await ask('www.example', { options: { [SUBNET]: sent } })
    await ask('www.example')
    expect(forwarded).toHaveLength(1)
    expect(optionOf(reply, SUBNET)).toBeUndefined()
  })
})

describe('a question of class CHAOS (RFC 4892)', () => {
  const chaos = (name: string) => {
    const packet = queryPacket(name, { type: 'TXT' })
    packet[packet.length - 1] = 3
    return packet
  }
  const settings = { identity: { version: 'askfirst', host: 'cellar' } }
  test.each([
    ['version.bind', 'askfirst'],
    ['version.server', 'askfirst'],
    ['hostname.bind', 'cellar'],
    ['id.server', 'cellar'],
  ])('for %s is answered where it is configured', async (name, text) => {
    const reply = readPacket((await inMemory({ settings }).slow(chaos(name))) as Uint8Array)
    expect(reply.answers?.[0]).toMatchObject({ type: 'TXT', class: 'CH', ttl: 0, data: [Buffer.from(text)] })
    expect(fullRcodeOf((await inMemory({}).slow(chaos(name))) as Uint8Array)).toBe(RCODE.REFUSED)
  })
  test('for anything else is refused', async () => {
    expect(fullRcodeOf((await inMemory({ settings }).slow(chaos('www.example'))) as Uint8Array)).toBe(RCODE.REFUSED)
  })
})

test('refusals say why (RFC 8914)', async () => {
  const { ask } = inMemory({})
  expect(extendedErrorOf(await ask('www.example', { edns: 1232, recursion: false }))?.code).toBe(20)
  expect(extendedErrorOf(await ask('www.example', { edns: 1232, type: 'AXFR', transport: 'tcp' }))?.code).toBe(21)
})

test('replies are counted by the options of ours that they carry, through a change of settings', async () => {
  const settings = edns({ nsid: 'resolver one', clientSubnet: 'forward' })
  const server = inMemory({ settings })
  const all = {
    [NSID]: new Uint8Array(0),
    [SUBNET]: Uint8Array.of(0, 1, 24, 0, 203, 0, 113),
    [COOKIE]: new Uint8Array(8).fill(1),
    [KEEPALIVE]: new Uint8Array(0),
    [PADDING]: new Uint8Array(10),
  }
  const packet = queryPacket('www.example', { options: all })
  const before = Buffer.from(packet)
  await server.slow(packet)
  // A Buffer, as streams have them: nothing of it is written to.
  expect(packet).toEqual(before)
  server.resolver.obey({ kind: 'settings', settings: { ...SETTINGS, ...settings } })
  for (const transport of ['tcp', 'tls', 'https'] as const) await server.slow(packet, undefined, transport)
  await server.slow(queryPacket('www.example', { edns: 1232 }))
  server.resolver.obey({ kind: 'sync', token: 1 })
  const synced = server.messages.find((message) => message.kind === 'synced')
  expect(synced?.figures.options).toMatchObject({ cookie: 4, keepalive: 2, nsid: 4, clientSubnet: 4, padding: 2 })
})
