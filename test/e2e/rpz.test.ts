// The same response policy zones in BIND, unbound and askfirst: what each rule means to the client is the same.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requirePrograms } from '../support/house/tools.ts'
import * as takers from '../support/list-takers.ts'
import { houseUnder, says } from '../support/listed-house.ts'
import { dig } from '../support/name-servers.ts'
import { responsePacket } from '../support/packets.ts'

const able = requirePrograms('nsd', 'named', 'unbound', 'dig')
const HEAD = '$TTL 60\n@ SOA localhost. root.localhost. 1 60 60 432000 60\n  NS localhost.\n'

/** `bindOnly`: unbound 1.17 goes on with the names of the zone, which the draft (§5) does not. */
const ZONES: Readonly<Record<string, { zone: string; ask: readonly string[]; bindOnly?: true }>> = {
  names: {
    zone: `nx.example CNAME .
*.nx.example CNAME .
*.below.example CNAME .
empty.example CNAME *.
own.example A 192.0.2.77
own.example A 192.0.2.78
slow.example CNAME rpz-tcp-only.
garden.example CNAME fine.example.
*.wide.example CNAME .
pass.wide.example CNAME rpz-passthru.
`,
    ask: [
      ...['nx.example', 'x.nx.example', 'x.y.nx.example', 'below.example', 'x.below.example', 'empty.example'],
      ...['own.example', 'x.own.example', 'slow.example', 'slow.example +tcp', 'garden.example', 'fine.example'],
      ...[
        'wide.example',
        'x.wide.example',
        'pass.wide.example',
        'nx.example AAAA',
        'own.example AAAA',
        'own.example TXT',
      ],
    ],
  },
  'addresses, with a name that passes': {
    zone: 'pass.example CNAME rpz-passthru.\n24.0.2.0.192.rpz-ip CNAME .\n',
    ask: ['pass.example', 'other.example', 'other.example TXT'],
  },
  'addresses, with one that passes': {
    zone: '32.10.2.0.192.rpz-ip CNAME rpz-passthru.\n24.0.2.0.192.rpz-ip CNAME *.\n',
    ask: ['other.example'],
  },
  'a client that passes, whatever name it asks for': {
    zone: '32.1.0.0.127.rpz-client-ip CNAME rpz-passthru.\nnx.example CNAME .\n',
    ask: ['nx.example', 'other.example'],
    bindOnly: true,
  },
  'a client that is blocked, whatever name passes': {
    zone: '24.0.0.0.127.rpz-client-ip CNAME .\npass.example CNAME rpz-passthru.\n',
    ask: ['pass.example', 'other.example', 'other.example TXT'],
  },
  'a client that is not this one': {
    zone: '32.9.0.0.127.rpz-client-ip CNAME .\nnx.example CNAME .\n',
    ask: ['nx.example', 'other.example'],
  },
  'names that go before addresses': {
    zone: 'own.example A 192.0.2.77\nempty.example CNAME *.\n24.0.2.0.192.rpz-ip CNAME .\n',
    ask: ['own.example', 'empty.example', 'other.example'],
  },
  'addresses that become others': { zone: '32.10.2.0.192.rpz-ip A 192.0.2.99\n', ask: ['other.example'] },
}

describe.skipIf(!able)('a response policy zone', () => {
  let folder = ''
  let world: takers.Taker
  const running: takers.Taker[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
    world = await takers.startWorld(folder)
  })
  afterAll(async () => {
    for (const { program } of running.splice(0)) await program.stop()
    await world.program.stop()
    await rm(folder, { recursive: true })
  })

  /** `NXDOMAIN`, `NOERROR cut`, `NOERROR 192.0.2.10`. */
  async function theirs({ port }: takers.Taker, question: string): Promise<string> {
    const text = await dig(port, '+ignore', '+notcp', ...question.split(' '))
    const rcode = /status: (\w+)/.exec(text)?.[1]
    const cut = /flags:[^;]* tc\b/.test(text)
    const addresses = [...text.matchAll(/^\S+\s+\d+\s+IN\s+A\s+(\S+)$/gm)].map(([, address]) => address as string)
    return [rcode, ...(cut ? ['cut'] : []), ...addresses.sort()].join(' ')
  }
  async function ours(house: Awaited<ReturnType<typeof houseUnder>>, question: string): Promise<string> {
    const [name = '', ...how] = question.split(' ')
    const transport = how.includes('+tcp') ? 'tcp' : 'udp'
    const type = how.find((word) => !word.startsWith('+')) ?? 'A'
    const { rcode, cut, answers } = await says(house, name, { type, transport, from: '127.0.0.1' })
    const addresses = answers.flatMap((text) => /^A (.*)$/.exec(text)?.[1] ?? [])
    return [rcode, ...(cut ? ['cut'] : []), ...addresses.sort()].join(' ')
  }

  test.each(Object.keys(ZONES))('of %s means the same in askfirst as in BIND and unbound', async (what) => {
    const { zone, ask, bindOnly = false } = ZONES[what] as (typeof ZONES)[string]
    const file = join(folder, `${what.replaceAll(/\W/g, '')}.rpz`)
    await writeFile(file, HEAD + zone)
    const house = await houseUnder(
      { files: { 'policy.rpz': HEAD + zone } },
      {
        upstream: ({ name, type }) =>
          responsePacket({
            questions: [{ type: type === 1 ? 'A' : type === 16 ? 'TXT' : 'AAAA', name } as never],
            answers: type === 1 ? [{ type: 'A', name, ttl: 60, data: takers.OUTSIDE }] : [],
          }),
      },
    )
    const expected = Object.fromEntries(
      await Promise.all(ask.map(async (one) => [one, await ours(house, one)] as const)),
    )
    for (const begin of bindOnly ? [takers.bindWithRpz] : [takers.bindWithRpz, takers.unboundWithRpz]) {
      const taker = await begin(folder, file, world.port)
      running.push(taker)
      const seen = await Promise.all(ask.map(async (one) => [one, await theirs(taker, one)] as const))
      expect(Object.fromEntries(seen), taker.program.command).toEqual(expected)
    }
  })
})
