// What each action of a rule means to the client: from packet to packet, through the whole pipeline.
import { describe, expect, test } from 'vitest'
import type { Query } from '../../../src/base/question.ts'
import { typeName } from '../../../src/base/question.ts'
import type { BlockAnswer } from '../../../src/policy/block-answer.ts'
import { addressOf } from '../../support/in-memory.ts'
import { houseUnder, policyOf, says } from '../../support/listed-house.ts'
import { queryPacket, responsePacket } from '../../support/packets.ts'

const HEAD = '$TTL 300\n@ SOA localhost. root.localhost. 1 2 3 4 5\n  NS localhost.\n'
const zone = (text: string) => ({ files: { 'policy.rpz': HEAD + text } })

type Records = readonly { readonly type: string; readonly name?: string; readonly data: unknown }[]
/** An upstream that has these answers for some names, and an address for every other. */
const upstreamOf =
  (known: Readonly<Record<string, Records>>) =>
  (query: Query): Uint8Array => {
    const records = known[`${query.name} ${typeName(query.type)}`]
    if (records === undefined) return addressOf(query)
    const answers = records.map((record) => ({ name: query.name, ttl: 300, ...record }) as never)
    return responsePacket({ questions: [{ type: typeName(query.type), name: query.name } as never], answers })
  }
/** SVCB data (RFC 9460 §2.2): priority, target, parameters, which dns-packet does not write. */
const service = (target: string, hints: Readonly<Record<number, readonly number[]>> = {}, priority = 1): Buffer => {
  const labels = target === '.' ? [] : target.split('.')
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)])
  const params = Object.entries(hints).flatMap(([key, data]) => [0, Number(key), 0, data.length, ...data])
  return Buffer.from([0, priority, ...name, 0, ...params])
}

describe('a rule of a response policy zone', () => {
  test('NXDOMAIN: no such name, for every type, whatever the house answers to blocked names', async () => {
    const house = await houseUnder(zone('nx.example CNAME .\n*.nx.example CNAME .\n'))
    for (const type of ['A', 'AAAA', 'HTTPS', 'TXT']) {
      expect(await says(house, 'nx.example', { type }), type).toMatchObject({ rcode: 'NXDOMAIN', answers: [] })
    }
    expect(await says(house, 'x.nx.example')).toEqual({
      rcode: 'NXDOMAIN',
      answers: [],
      cut: false,
      reason: 'blocked by policy.rpz: *.nx.example',
    })
    expect(house.forwarded).toEqual([])
  })

  test('NODATA: the name is there and has nothing', async () => {
    const house = await houseUnder(zone('nodata.example CNAME *.\n'))
    expect(await says(house, 'nodata.example')).toMatchObject({ rcode: 'NOERROR', answers: [] })
    expect(house.entries()[0]?.outcome).toMatchObject({ kind: 'blocked', line: 4 })
  })

  test('PASSTHRU: its own zone leaves the name alone, with its aliases and addresses; other lists do not', async () => {
    const rpz = zone(
      '*.example CNAME .\nok.example CNAME rpz-passthru.\ncdn.net CNAME .\n24.0.113.0.203.rpz-ip CNAME .\n',
    )
    const upstream = upstreamOf({
      'ok.example A': [
        { type: 'CNAME', data: 'cdn.net' },
        { type: 'A', name: 'cdn.net', data: '203.0.113.7' },
      ],
      'other.net A': [{ type: 'A', data: '203.0.113.7' }],
    })
    const house = await houseUnder(rpz, { upstream })
    expect(await says(house, 'ok.example')).toMatchObject({ answers: ['CNAME cdn.net', 'A 203.0.113.7'] })
    expect(await says(house, 'bad.example')).toMatchObject({ rcode: 'NXDOMAIN' })
    expect(await says(house, 'other.net')).toMatchObject({ rcode: 'NXDOMAIN' })
    const both = await houseUnder({ ...rpz, block: ['203.0.113.7'] }, { upstream })
    expect(await says(both, 'ok.example')).toMatchObject({ reason: 'blocked by lists.block: 203.0.113.7/32' })
  })

  test('DROP: no answer over UDP; who waits on a connection is refused', async () => {
    const house = await houseUnder(zone('drop.example CNAME rpz-drop.\n'))
    let sent = 0
    house.resolver.answerer.answer(queryPacket('drop.example'), house.client('192.168.1.5'), 'udp', () => void sent++)
    expect(sent).toBe(0)
    for (const transport of ['tcp', 'tls', 'https'] as const) {
      expect((await says(house, 'drop.example', { transport })).rcode, transport).toBe('REFUSED')
    }
    expect(house.entries().map(({ outcome }) => outcome.kind)).toEqual(Array(4).fill('blocked'))
  })

  test('TCP-only: cut off over UDP, and the real answer over every other transport', async () => {
    const house = await houseUnder(zone('slow.example CNAME rpz-tcp-only.\n'))
    expect(await says(house, 'slow.example')).toMatchObject({ rcode: 'NOERROR', cut: true, answers: [] })
    for (const transport of ['tcp', 'tls', 'https'] as const) {
      expect(await says(house, 'slow.example', { transport })).toMatchObject({ cut: false, answers: ['A 192.0.2.12'] })
    }
    expect(await says(house, 'slow.example')).toMatchObject({ cut: true })
  })

  test('TCP-only on an alias does not hide what else is blocked in the answer', async () => {
    const house = await houseUnder(zone('slow.net CNAME rpz-tcp-only.\nbad.net CNAME .\n'), {
      upstream: upstreamOf({
        'www.example A': [
          { type: 'CNAME', data: 'slow.net' },
          { type: 'CNAME', name: 'slow.net', data: 'bad.net' },
          { type: 'A', name: 'bad.net', data: '192.0.2.1' },
        ],
      }),
    })
    expect(await says(house, 'www.example', { transport: 'tcp' })).toMatchObject({ rcode: 'NXDOMAIN' })
  })

  test('local data: its records by type, an alias is followed, a wildcard alias takes the name along', async () => {
    const house = await houseUnder(
      zone(`own.example A 192.0.2.7
            A 192.0.2.8
            AAAA 2001:db8::7
            MX 10 mail.example.
            TXT "two words"
alias.example CNAME garden.example.
*.star.example CNAME *.garden.example.
`),
    )
    const answers = async (name: string, type = 'A') => (await says(house, name, { type })).answers
    expect(await answers('own.example')).toEqual(['A 192.0.2.7', 'A 192.0.2.8'])
    expect(await answers('own.example', 'AAAA')).toEqual(['AAAA 2001:db8::7'])
    expect(await answers('own.example', 'MX')).toEqual(['MX {"preference":10,"exchange":"mail.example"}'])
    expect(await says(house, 'own.example', { type: 'HTTPS' })).toMatchObject({ rcode: 'NOERROR', answers: [] })
    expect(await answers('alias.example')).toEqual(['CNAME garden.example', 'A 192.0.2.14'])
    expect(await answers('x.star.example')).toEqual(['CNAME x.star.example.garden.example', 'A 192.0.2.29'])
    // What leads to a real machine explains the connection that follows.
    const [own] = house.entries()
    expect(own?.handOuts.map(({ address }) => address)).toEqual(['192.0.2.7', '192.0.2.8'])
  })

  test('NXDOMAIN gives way to what the house says of that very list, other actions do not', async () => {
    const answers = [{ lists: ['policy.rpz'], answer: { mode: 'loopback', addresses: [], ttl: 60 } as const }]
    const house = await houseUnder({
      ...zone('nx.example CNAME .\n*.nx.example CNAME .\n*.below.example CNAME .\nempty.example CNAME *.\n'),
      audience: { groups: [], answers, own: [] },
    })
    for (const name of ['nx.example', 'x.nx.example', 'x.below.example']) {
      expect(await says(house, name), name).toMatchObject({ answers: ['A 127.0.0.1'] })
    }
    expect(await says(house, 'empty.example')).toMatchObject({ rcode: 'NOERROR', answers: [] })
  })

  test.each([
    ['CNAME .', { rcode: 'NXDOMAIN', answers: [] }],
    ['CNAME *.', { rcode: 'NOERROR', answers: [] }],
    ['A 192.0.2.66', { rcode: 'NOERROR', answers: ['A 192.0.2.66'] }],
    ['CNAME rpz-tcp-only.', { rcode: 'NOERROR', cut: true }],
    ['CNAME garden.example.', { answers: ['CNAME garden.example', 'A 192.0.2.14'] }],
  ])('on an address in an answer does the same: %s', async (data, expected) => {
    const house = await houseUnder(zone(`24.0.113.0.203.rpz-ip ${data}\n32.9.113.0.203.rpz-ip CNAME rpz-passthru.\n`), {
      upstream: upstreamOf({
        'bad.net A': [{ type: 'A', data: '203.0.113.7' }],
        'good.net A': [{ type: 'A', data: '203.0.113.9' }],
      }),
    })
    expect(await says(house, 'bad.net')).toMatchObject(expected)
    expect(await says(house, 'good.net')).toMatchObject({ answers: ['A 203.0.113.9'] })
    expect(await says(house, 'other.net')).toMatchObject({ answers: ['A 192.0.2.9'] })
  })

  test('on the client is for that client alone', async () => {
    const house = await houseUnder(zone('32.20.1.168.192.rpz-client-ip CNAME .\n'))
    expect((await says(house, 'www.example', { from: '192.168.1.20' })).rcode).toBe('NXDOMAIN')
    expect((await says(house, 'www.example', { from: '192.168.1.21' })).rcode).toBe('NOERROR')
  })

  test('on the client goes before what the same zone says of names', async () => {
    const house = await houseUnder(zone('32.20.1.168.192.rpz-client-ip CNAME rpz-passthru.\nbad.example CNAME .\n'))
    expect((await says(house, 'bad.example', { from: '192.168.1.20' })).rcode).toBe('NOERROR')
    expect((await says(house, 'bad.example', { from: '192.168.1.21' })).rcode).toBe('NXDOMAIN')
  })
})

describe('the answer to a blocked name', () => {
  const answerOf = async (answer: Partial<BlockAnswer>, type: string, transport: 'udp' | 'tcp' = 'udp') => {
    const sinkhole = { mode: 'loopback', addresses: [], ttl: 60, ...answer } as const
    const house = await houseUnder({ block: ['ads.example'] }, { settings: { sinkhole } })
    const { rcode, answers } = await says(house, 'ads.example', { type, transport })
    return [rcode, ...answers]
  }
  const own = { mode: 'addresses', addresses: ['192.168.1.2', 'fd00::2', 'fd00::3'] } as const

  test.each([
    [{ mode: 'loopback' }, ['NOERROR', 'A 127.0.0.1'], ['NOERROR', 'AAAA ::1']],
    [{ mode: 'zero' }, ['NOERROR', 'A 0.0.0.0'], ['NOERROR', 'AAAA ::']],
    [{ mode: 'nxdomain' }, ['NXDOMAIN'], ['NXDOMAIN']],
    [{ mode: 'nodata' }, ['NOERROR'], ['NOERROR']],
    [{ mode: 'refused' }, ['REFUSED'], ['REFUSED']],
    [own, ['NOERROR', 'A 192.168.1.2'], ['NOERROR', 'AAAA fd00::2', 'AAAA fd00::3']],
  ] as const)('is what the house says, for each family: %o', async (answer, four, six) => {
    expect(await answerOf(answer, 'A')).toEqual(four)
    expect(await answerOf(answer, 'AAAA')).toEqual(six)
    // Service records would lead round it.
    expect(await answerOf(answer, 'HTTPS')).toEqual([four[0]])
  })

  test('of a rule for another family than the own addresses have is empty, not an error', async () => {
    expect(await answerOf({ mode: 'addresses', addresses: ['192.168.1.2'] }, 'AAAA')).toEqual(['NOERROR'])
  })

  test('refused over TCP where it is drop, with the reason', async () => {
    expect(await answerOf({ mode: 'drop' }, 'A', 'tcp')).toEqual(['REFUSED'])
  })

  test('own addresses are no evidence, and the lane repeats them', async () => {
    const sinkhole = { ttl: 60, ...own }
    const house = await houseUnder({ block: ['ads.example'] }, { settings: { sinkhole } })
    await house.ask('ads.example')
    expect(house.quick(queryPacket('ads.example'))).toBeDefined()
    expect(house.entries().flatMap(({ handOuts }) => handOuts)).toEqual([])
  })
})

describe('behind the question', () => {
  const upstream = upstreamOf({
    'www.net A': [
      { type: 'CNAME', data: 'edge.net' },
      { type: 'CNAME', name: 'edge.net', data: 'x.tracker.example' },
      { type: 'A', name: 'x.tracker.example', data: '192.0.2.1' },
    ],
    'svc.net HTTPS': [{ type: 'HTTPS', data: service('pool.tracker.example') }],
    'self.net HTTPS': [{ type: 'HTTPS', data: service('.', { 4: [203, 0, 113, 7] }) }],
    'six.net HTTPS': [{ type: 'HTTPS', data: service('.', { 6: [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 0x66] }) }],
    'alias.net HTTPS': [{ type: 'HTTPS', data: service('pool.tracker.example', {}, 0) }],
    'narrow.net A': [{ type: 'A', data: '203.0.113.9' }],
    'srv.net SVCB': [{ type: 'SVCB', data: service('pool.tracker.example') }],
  })
  const house = () =>
    houseUnder(
      { block: ['||tracker.example^', '203.0.113.0/24', '203.0.113.9', '2001:db8::66'], allow: ['fine.net'] },
      { upstream },
    )

  test('every name of an alias chain is judged by the rules for names', async () => {
    expect(await says(await house(), 'www.net')).toMatchObject({
      answers: ['A 127.0.0.1'],
      reason: 'blocked by lists.block: *.tracker.example',
    })
  })

  test.each([
    ['svc.net', 'HTTPS', '*.tracker.example'],
    ['alias.net', 'HTTPS', '*.tracker.example'],
    ['srv.net', 'SVCB', '*.tracker.example'],
    ['self.net', 'HTTPS', '203.0.113.0/24'],
    ['narrow.net', 'A', '203.0.113.9/32'],
    ['six.net', 'HTTPS', '2001:db8::66/128'],
  ])('the targets and hints of service records are: %s %s', async (name, type, rule) => {
    const { rcode, answers, reason } = await says(await house(), name, { type })
    expect({ rcode, answers, reason }).toEqual({
      rcode: 'NOERROR',
      answers: type === 'A' ? ['A 127.0.0.1'] : [],
      reason: `blocked by lists.block: ${rule}`,
    })
  })

  test('each new policy judges afresh what the cache holds', async () => {
    const one = await houseUnder({ block: [] }, { upstream })
    expect((await says(one, 'www.net')).answers).toHaveLength(3)
    one.resolver.obey({ kind: 'policy', policy: await policyOf({ block: ['x.tracker.example'] }, 2) })
    expect((await says(one, 'www.net')).answers).toEqual(['A 127.0.0.1'])
    expect(one.forwarded).toEqual(['A www.net'])
  })
})
