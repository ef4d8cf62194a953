// Groups with upstreams of their own, and by the address that they ask at: the real program between name servers that know
// the same names by different addresses.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { type Running, start } from '../support/house/running.ts'
import { requirePrograms } from '../support/house/tools.ts'
import { until } from '../support/house/until.ts'
import { startWorld, type Taker } from '../support/list-takers.ts'
import { client, freePort } from '../support/name-servers.ts'

const able = requirePrograms('nsd', 'dig')

/** What the name servers of the house, of the children and of the guests say. */
const [HOUSE, CHILDREN, GUESTS] = ['192.0.2.10', '192.0.2.20', '192.0.2.30']
const [CHILD, OTHER] = ['127.0.0.2', '127.0.0.4']
/** Two addresses that askfirst is asked at. */
const [INNER, OUTER] = ['127.0.0.1', '127.0.0.3']

describe.skipIf(!able)('groups', () => {
  let folder = ''
  let home: Home
  let program: Running
  let dns = 0
  let http = 0
  const worlds: Taker[] = []
  const configOf = (children: object) => ({
    listen: [`${INNER}:${dns}`, `${OUTER}:${dns}`],
    allowFrom: ['127.0.0.0/8'],
    upstreams: {
      servers: [`127.0.0.1:${worlds[0]?.port}`],
      zones: [{ names: ['zone.example'], servers: [`127.0.0.1:${worlds[2]?.port}`] }],
    },
    groups: [
      { name: 'children', members: [CHILD], upstreams: [`127.0.0.1:${worlds[1]?.port}`], ...children },
      { name: 'guests', members: [`at:${OUTER}`], upstreams: [`127.0.0.1:${worlds[2]?.port}`], block: ['nas.example'] },
    ],
    http: { listen: [`127.0.0.1:${http}`] },
    reports: { syslog: { udp: [], tcp: [] } },
    devices: { neighbours: false },
  })
  const asked = async (from: string, at: string, name: string, ...how: string[]): Promise<string> =>
    (await client('dig', `@${at}`, '-b', from, '-p', String(dns), '+short', '+tries=1', '+time=5', ...how, name)).trim()

  const get = async (path: string) => (await (await fetch(`http://127.0.0.1:${http}/api/v1/${path}`)).json()) as never

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-'))
    for (const address of [HOUSE, CHILDREN, GUESTS]) worlds.push(await startWorld(folder, address))
    ;[dns, http] = [await freePort(), await freePort()]
    home = await makeHome(folder, configOf({}))
    const [command, args] = askfirstCommand('run', '--config', home.config)
    program = start(command, args)
    await ready(program)
  })
  afterAll(async () => {
    await program.stop()
    for (const world of worlds) await world.program.stop()
    await rm(folder, { recursive: true })
  })

  test('are asked for at their own upstreams, again and again, and none hears what another was told', async () => {
    for (let round = 0; round < 3; round++) {
      for (const how of [[], ['+tcp']]) {
        expect(await asked(CHILD, INNER, 'www.example', ...how)).toBe(CHILDREN)
        expect(await asked(OTHER, INNER, 'www.example', ...how)).toBe(HOUSE)
        expect(await asked(OTHER, OUTER, 'www.example', ...how)).toBe(GUESTS)
      }
    }
  })

  test('of one device count in the order of the file; zones go before all', async () => {
    expect(await asked(CHILD, OUTER, 'order.example')).toBe(CHILDREN)
    expect(await asked(CHILD, INNER, 'www.zone.example')).toBe(GUESTS)
  })

  test('by the address that is asked at have their rules there and nowhere else, and their figures', async () => {
    expect(await asked(OTHER, OUTER, 'nas.example')).toBe('127.0.0.1')
    expect(await asked(OTHER, OUTER, 'nas.example', '+tcp')).toBe('127.0.0.1')
    expect(await asked(OTHER, INNER, 'nas.example')).toBe(HOUSE)
    const { groups } = (await get('stats')) as { groups: { name: string }[] }
    expect(groups).toMatchObject([
      { name: 'children', queries: 8, blocked: 0 },
      { name: 'guests', queries: 9, blocked: 2 },
    ])
  })

  test('whose upstream is silent get no answer from anybody else', async () => {
    await worlds[2]?.program.stop('SIGSTOP', 1)
    expect(await asked(OTHER, OUTER, 'lost.example')).not.toContain('192.0.2')
    expect(await asked(OTHER, INNER, 'lost.example')).toBe(HOUSE)
  })

  test('are told by explain and the figures', async () => {
    const { upstreams, cached } = (await get(`explain?name=www.example&device=${CHILD}`)) as {
      upstreams: string
      cached: { records: string[] }[]
    }
    expect(upstreams).toBe('children')
    expect(cached.map(({ records }) => records)).toEqual([[CHILDREN]])
    const { upstreams: figures } = (await get('stats')) as { upstreams: { uses: string[] }[] }
    expect(figures.map(({ uses }) => uses)).toEqual([['servers'], ['zone.example', 'group:guests'], ['group:children']])
  })

  test('take other upstreams with a new configuration', async () => {
    await writeFile(
      home.config,
      JSON.stringify({ lists: { folder: home.lists }, state: join(folder, 'state'), ...configOf({ upstreams: [] }) }),
    )
    await until('the new upstreams', async () => (await asked(CHILD, INNER, 'fresh.example')) === HOUSE, 10_000)
    expect(await asked(CHILD, INNER, 'www.example')).toBe(HOUSE)
  })
})
