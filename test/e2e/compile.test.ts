// What `askfirst compile` writes, taken by the resolvers that it is for: they decide as askfirst does on the lists it was
// written from, but for what a format cannot say, and that is told.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askfirstCommand, makeHome } from '../support/askfirst.ts'
import { start } from '../support/house/running.ts'
import { requirePrograms } from '../support/house/tools.ts'
import * as takers from '../support/list-takers.ts'
import { houseUnder, says } from '../support/listed-house.ts'
import { dig } from '../support/name-servers.ts'

const able = requirePrograms('nsd', 'unbound', 'dnsmasq', 'named', 'pdns_recursor', 'dig')

const BLOCK = `ads.example
||tree.example^
shop.example
www.shop.example
||deep.tree.example^
0.0.0.0 metrics.example
*.wide.example
bücher.example
`
const ALLOW = '||ok.tree.example^\none.tree.example\nwww.shop.example\nnever.example\n'

/** Names on, above, beneath and beside the rules. */
const NAMES = [
  ...['ads.example', 'x.ads.example', 'xads.example', 'tree.example', 'x.tree.example', 'x.y.tree.example'],
  ...['deep.tree.example', 'ok.tree.example', 'x.ok.tree.example', 'notok.tree.example', 'one.tree.example'],
  ...['shop.example', 'www.shop.example', 'a.shop.example', 'metrics.example', 'wide.example', 'x.wide.example'],
  ...['xn--bcher-kva.example', 'never.example', 'x.never.example', 'other.example'],
]
/** An exception for one name covers what lies under it in some formats. */
const BELOW_EXCEPTION = 'x.one.tree.example'

describe.skipIf(!able)('what compile writes', () => {
  let folder = ''
  let world: takers.Taker
  let expected: Record<string, 'blocked' | 'open'> = {}
  const running: takers.Taker[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
    await makeHome(folder, {}, { 'block.txt': BLOCK, 'allow.txt': ALLOW })
    world = await takers.startWorld(folder)
    const house = await houseUnder({ files: { 'block.txt': BLOCK, 'allow.txt': ALLOW } })
    expected = Object.fromEntries(
      await Promise.all(
        [...NAMES, BELOW_EXCEPTION].map(async (name) => {
          const { answers } = await says(house, name)
          return [name, answers[0] === 'A 127.0.0.1' ? 'blocked' : 'open'] as const
        }),
      ),
    )
  })
  afterAll(async () => {
    for (const { program } of running.splice(0)) await program.stop()
    await world.program.stop()
    await rm(folder, { recursive: true })
  })

  /** Runs the command; the file that it wrote, and what it told of what the format cannot say. */
  async function compile(to: string, ...files: string[]): Promise<{ path: string; told: readonly string[] }> {
    const path = join(folder, `out.${to}`)
    const config = ['--config', join(folder, 'askfirst.yaml')]
    const [command, args] = askfirstCommand(...config, 'compile', '--to', to, '--output', path, ...files)
    const program = start(command, args)
    expect(await program.ended, program.lines.join('\n')).toBe(0)
    return { path, told: program.lines }
  }
  const decide = async ({ port }: takers.Taker, name: string): Promise<'blocked' | 'open'> =>
    (await dig(port, '+short', name)).includes(takers.OUTSIDE) ? 'open' : 'blocked'
  async function decisions(taker: takers.Taker, names: readonly string[]) {
    running.push(taker)
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await decide(taker, name)] as const)))
  }
  const wanted = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, expected[name]]))

  test('is decided by askfirst as the lists say', () => {
    expect(Object.keys(expected).filter((name) => expected[name] === 'open')).toEqual([
      'x.ads.example',
      'xads.example',
      'ok.tree.example',
      'x.ok.tree.example',
      'one.tree.example',
      'www.shop.example',
      'a.shop.example',
      'never.example',
      'x.never.example',
      'other.example',
    ])
  })

  test.each([
    ['BIND', takers.bindWithRpz],
    ['unbound', takers.unboundWithRpz],
    ['PowerDNS Recursor', takers.pdnsWithRpz],
  ] as const)('as a response policy zone decides alike in %s, and loses nothing', async (_, begin) => {
    const { path, told } = await compile('rpz')
    expect(told).toEqual([])
    const names = [...NAMES, BELOW_EXCEPTION]
    expect(await decisions(await begin(folder, path, world.port), names)).toEqual(wanted(names))
  })

  test.each([
    ['unbound', takers.unboundWith],
    ['dnsmasq', takers.dnsmasqWith],
  ] as const)(
    'for %s decides alike, but that an exception covers what lies under it, which is told',
    async (to, begin) => {
      const { path, told } = await compile(to)
      expect(told).toEqual([expect.stringMatching(/^1 exceptions came out wider/)])
      const taker = await begin(folder, path, world.port)
      expect(await decisions(taker, NAMES)).toEqual(wanted(NAMES))
      expect(await decide(taker, BELOW_EXCEPTION)).toBe('open')
      expect(expected[BELOW_EXCEPTION]).toBe('blocked')
    },
  )

  test('as a hosts file blocks the names themselves, and what is under a tree is told to be missing', async () => {
    const { path, told } = await compile('hosts')
    expect(told).toEqual([
      expect.stringMatching(/^2 names came out without what lies under them/),
      expect.stringMatching(/^2 exceptions came out wider or not at all/),
    ])
    const seen = await decisions(await takers.dnsmasqWithHosts(folder, path, world.port), NAMES)
    const open = ['x.tree.example', 'x.y.tree.example', 'notok.tree.example', 'x.wide.example']
    expect(seen).toEqual({ ...wanted(NAMES), ...Object.fromEntries(open.map((name) => [name, 'open'])) })
    const names = (await readFile((await compile('domains')).path, 'utf8'))
      .split('\n')
      .filter((line) => !/^#|^$/.test(line))
    expect(names.toSorted()).toEqual(NAMES.filter((name) => seen[name] === 'blocked').toSorted())
  })

  test('is what everybody gets, or what members of a group do, with the rules of run time', async () => {
    const home = join(folder, 'grouped')
    const groups = [{ name: 'children', lists: ['games.txt'], block: ['chat.example'], allow: ['fine.example'] }]
    await makeHome(
      home,
      { groups: [...groups, { name: 'lab', only: true }] },
      {
        'ads.txt': 'ads.example\nfine.example\n',
        'games.txt': 'games.example\n',
      },
    )
    await writeFile(join(home, 'rules.yaml'), 'block: [own.example]\ndevices: {192.168.1.9: {block: [tv.example]}}\n')
    const names = async (...more: string[]) => {
      const [command, args] = askfirstCommand(
        '--config',
        join(home, 'askfirst.yaml'),
        'compile',
        '--to',
        'domains',
        ...more,
      )
      const program = start(command, args)
      const code = await program.ended
      return [code, ...program.lines.filter((line) => !line.startsWith('#'))]
    }
    expect(await names()).toEqual([0, 'ads.example', 'fine.example', 'own.example'])
    expect(await names('--group', 'children')).toEqual([
      0,
      'ads.example',
      'chat.example',
      'games.example',
      'own.example',
    ])
    expect(await names('--group', 'lab')).toEqual([
      1,
      expect.stringContaining('only what is allowed'),
      expect.anything(),
    ])
    expect((await names('--group', 'nobody'))[0]).toBe(1)
  })

  test('of rules with answers of their own keeps them in a response policy zone', async () => {
    const list = join(folder, 'rules.txt')
    const rules = [
      '||nx.example^$dnsrewrite=NXDOMAIN',
      '||own.example^$dnsrewrite=192.0.2.77',
      '||six.example^$dnsrewrite=2001:db8::77',
      '||text.example^$dnsrewrite=NOERROR;TXT;two words',
      '||alias.example^$dnsrewrite=garden.example',
      '||typed.example^$dnstype=AAAA',
      '/^pattern[0-9]/',
    ]
    await writeFile(list, `${rules.join('\n')}\n`)
    const { path, told } = await compile('rpz', list)
    expect(told).toEqual([expect.stringMatching(/^2 rules with conditions/)])
    const taker = await takers.bindWithRpz(folder, path, world.port)
    running.push(taker)
    const short = async (...args: string[]) => (await dig(taker.port, '+short', ...args)).trim().split('\n')
    expect(await dig(taker.port, 'x.nx.example')).toContain('NXDOMAIN')
    expect(await short('own.example')).toEqual(['192.0.2.77'])
    expect(await short('x.own.example')).toEqual(['192.0.2.77'])
    expect(await short('six.example', 'AAAA')).toEqual(['2001:db8::77'])
    expect(await short('text.example', 'TXT')).toEqual(['"two words"'])
    expect(await short('alias.example')).toEqual(['garden.example.', takers.OUTSIDE])
  })
})
