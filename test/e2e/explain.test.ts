// "Why": everything that bears on a name, as the command and the API tell it of a running server, held against what devices
// are really answered. Loopback only: every device is a loopback address of its own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../src/control/explain-schema.ts'
import { askfirstCommand, makeHome, ready } from '../support/askfirst.ts'
import { ask, cli } from '../support/asking.ts'
import { type Running, start } from '../support/house/running.ts'
import { answerTo, type NameServer, nodataTo, startNameServer } from '../support/name-server.ts'
import { readPacket, responsePacket } from '../support/packets.ts'
import { freePorts } from '../support/ports.ts'

const TV = '127.0.0.21'
const TV_MAC = '02:00:5e:10:00:01'
/** In the allow-only group "thing", whose blocks are NXDOMAIN. */
const THING = '127.0.0.22'
/** In no group. */
const OTHER = '127.0.0.30'

let folder: string
let upstream: NameServer
let program: Running
let config: string
let dns: number
let http: string

/** The world outside: a chain of aliases to a tracker, an address of an ad server, one address for all else. */
function world(query: Buffer): Uint8Array[] {
  const { id, questions } = readPacket(query)
  const [question] = questions ?? []
  const name = question?.name.toLowerCase() ?? ''
  if (question?.type !== 'A') return [nodataTo(query)]
  const of = (...answers: object[]) => [
    responsePacket({ id: id as number, questions: [question], answers: answers as never }),
  ]
  if (name === 'cloak.example') {
    return of(
      { type: 'CNAME', name: question.name, ttl: 300, data: 'edge.cdn.example' },
      { type: 'CNAME', name: 'edge.cdn.example', ttl: 300, data: 'tracker.example' },
      { type: 'A', name: 'tracker.example', ttl: 300, data: '192.0.2.9' },
    )
  }
  if (name === 'addr.example') return [answerTo(query, '198.51.100.66')]
  if (name === 'forcesafesearch.google.com') return [answerTo(query, '192.0.2.120')]
  return [answerTo(query, '192.0.2.7')]
}

async function explain(name: string, device?: string): Promise<Explanation> {
  const query = new URLSearchParams(device === undefined ? { name } : { name, device })
  return (await (await fetch(`${http}/api/v1/explain?${query}`)).json()) as Explanation
}

/** The answer section as `explain` writes data. */
async function answered(name: string, type: 'A' | 'AAAA' | 'HTTPS', from: string) {
  const packet = readPacket(await ask(dns, name, { type }, from)) as unknown as {
    rcode: string
    answers: { data: unknown }[]
  }
  return { rcode: packet.rcode, records: packet.answers.map(({ data }) => data) }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'askfirst-explain-'))
  upstream = await startNameServer(world)
  const [first = 0, second = 0] = await freePorts(2)
  dns = first
  http = `http://127.0.0.1:${second}`
  await writeFile(join(folder, 'leases'), `0 ${TV_MAC} ${TV} tv *\n`)
  await writeFile(join(folder, 'rules.yaml'), `# mine\ndevices:\n  "${TV_MAC}":\n    allow:\n      - own.example\n`)
  const home = await makeHome(
    folder,
    {
      listen: [`127.0.0.1:${dns}`],
      upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
      reports: { syslog: { udp: [], tcp: [] } },
      http: { listen: [`127.0.0.1:${second}`] },
      devices: { neighbours: false, leases: [join(folder, 'leases')] },
      network: { inside: ['127.0.0.0/8'] },
      records: { 'nas.home.arpa': '192.168.1.10' },
      rewrites: { 'moved.example': '192.168.1.11' },
      lists: { folder: join(folder, 'blocklists'), block: ['*.inline.example'] },
      groups: [
        {
          name: 'screens',
          members: [TV_MAC],
          block: ['films.example'],
          safeSearch: ['google'],
          schedule: 'always',
        },
        { name: 'sleep', members: [TV_MAC], block: ['late.example'], schedule: 'never' },
        { name: 'guests', members: ['id:visitor', 'at:192.168.20.1'], block: ['nas.example'] },
        { name: 'thing', members: [THING], only: true, allow: ['vendor.example'], blocking: { answer: 'nxdomain' } },
      ],
      schedules: [
        { name: 'always', timeZone: 'UTC', when: [{ from: '00:00', to: '24:00' }] },
        {
          name: 'never',
          timeZone: 'UTC',
          when: [{ from: '00:00', to: '00:01' }],
          except: [{ from: '2020-01-01', to: '2099-12-31' }],
        },
      ],
    },
    {
      'a.hosts': '# ads\n0.0.0.0 ads.example\n0.0.0.0 own.example\n0.0.0.0 tracker.example\n',
      'b.txt': '! adblock\n||ads.example^\n@@||fine.ads.example^\n||alias.example^$dnsrewrite=cdn.example\n',
      'c.allow.txt': 'good.ads.example\n',
      'd.ips': '198.51.100.0/24\n',
    },
  )
  config = home.config
  program = start(...askfirstCommand('run', '--config', config))
  await ready(program)
})
afterAll(async () => {
  await program?.stop()
  await upstream?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('explain tells', () => {
  test.each([
    ['ADS.Example.', 'ads.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
  ])('the name %s as it is matched', async (written, name) => {
    expect((await explain(written)).name).toBe(name)
  })

  test('the device by any of its names, its groups in order, and what their hours say', async () => {
    for (const device of ['tv', TV, TV_MAC, `mac:${TV_MAC}`]) {
      expect(await explain('x.example', device), device).toMatchObject({
        device: `mac:${TV_MAC}`,
        deviceName: 'tv',
        groups: [
          { name: 'screens', holds: true, schedule: 'always', bonus: null, paused: false },
          { name: 'sleep', holds: false, schedule: 'never' },
          { name: 'default', holds: true, schedule: null },
        ],
      })
    }
    expect((await explain('x.example')).groups).toMatchObject([{ name: 'default' }])
  })

  test.each([
    ['id:visitor', 'guests'],
    ['door:tls id:visitor', 'guests'],
    ['at:192.168.20.1:53', 'guests'],
    ['id:somebody', undefined],
    ['at:192.168.1.1', undefined],
  ])('who asks in a certain way, without a device: %s', async (via, group) => {
    const asked = await fetch(`${http}/api/v1/explain?name=nas.example&via=${encodeURIComponent(via)}`)
    const { groups, decision, matches, wouldAnswer } = (await asked.json()) as Explanation
    expect(groups.map(({ name }) => name)).toEqual([...(group === undefined ? [] : [group]), 'default'])
    expect(decision.kind).toBe(group === undefined ? 'none' : 'block')
    expect(matches).toMatchObject([{ list: 'groups.guests.block', applies: group !== undefined }])
    expect(wouldAnswer.A.source).toBe(group === undefined ? 'upstream' : 'sinkhole')
  })

  test('every rule that matches in every list, with file, line and text, and whether its list is for the device', async () => {
    const { matches } = await explain('ads.example', OTHER)
    expect(matches).toEqual([
      {
        kind: 'block',
        list: 'a.hosts',
        path: join(folder, 'blocklists/a.hosts'),
        line: 2,
        text: '0.0.0.0 ads.example',
        subtree: false,
        covers: 'name',
        applies: true,
        why: null,
      },
      {
        kind: 'block',
        list: 'b.txt',
        path: join(folder, 'blocklists/b.txt'),
        line: 2,
        text: '||ads.example^',
        subtree: true,
        covers: 'tree',
        applies: true,
        why: null,
      },
    ])
    expect((await explain('films.example', OTHER)).matches).toMatchObject([
      { list: 'groups.screens.block', path: null, line: 1, text: 'films.example', applies: false },
    ])
    expect((await explain('x.inline.example', OTHER)).matches).toMatchObject([
      { list: 'lists.block', text: '*.inline.example' },
    ])
    expect((await explain('own.example', 'tv')).matches).toMatchObject([
      { kind: 'allow', path: join(folder, 'rules.yaml'), line: 5, text: 'own.example', applies: true },
      { kind: 'block', list: 'a.hosts', line: 3, applies: true },
    ])
  })

  test.each([
    ['ads.example', OTHER, 'block', 'a.hosts', 'block-list'],
    ['good.ads.example', OTHER, 'allow', 'c.allow.txt', 'allow-list'],
    ['fine.ads.example', OTHER, 'allow', 'b.txt', 'exception'],
    ['own.example', 'tv', 'allow', `rules.yaml ${TV_MAC} allow`, 'device-allow'],
    ['films.example', 'tv', 'block', 'groups.screens.block', 'block-list'],
    ['vendor.example', THING, 'allow', 'groups.thing.allow', 'allow-list'],
    ['else.example', THING, 'block', 'only what is allowed', 'allow-only'],
  ])(
    'which rule won for %s and %s, and by which clause of the precedence',
    async (name, device, kind, list, clause) => {
      const { decision } = await explain(name, device)
      expect(decision).toMatchObject({ kind, list })
      expect(decision.clause).toMatch(new RegExp(`clause \\d of 8: ${clause}$`))
    },
  )

  test('that no rule that applies matches where it is so, and a parent that is blocked without it', async () => {
    expect((await explain('late.example', 'tv')).decision).toEqual({
      kind: 'none',
      clause: 'no rule that applies matches this name',
    })
    expect((await explain('sub.tracker.example')).parent).toEqual({ name: 'tracker.example', list: 'a.hosts', line: 4 })
  })

  test('the chain of aliases, what the policy says of each, and what the cache holds', async () => {
    expect((await explain('cloak.example', OTHER)).aliases).toEqual([])
    expect((await explain('cloak.example', OTHER)).cached).toEqual([])
    await ask(dns, 'cloak.example', {}, OTHER)
    const { aliases, cached, decision, wouldAnswer } = await explain('cloak.example', OTHER)
    expect(decision.kind).toBe('none')
    expect(aliases).toEqual([
      { name: 'edge.cdn.example', kind: 'none', list: null, line: null },
      { name: 'tracker.example', kind: 'block', list: 'a.hosts', line: 4 },
    ])
    expect(cached).toMatchObject([
      { type: 'A', rcode: 'NOERROR', stale: false, records: ['edge.cdn.example', 'tracker.example', '192.0.2.9'] },
    ])
    expect(cached[0]?.ttl).toBeGreaterThan(0)
    expect(wouldAnswer.A).toMatchObject({
      source: 'inspect',
      records: ['127.0.0.1'],
      error: 'blocked by a.hosts: tracker.example',
    })
  })

  test('an address in the answer that a rule is for', async () => {
    await ask(dns, 'addr.example', {}, OTHER)
    const { aliases, wouldAnswer } = await explain('addr.example', OTHER)
    expect(aliases).toEqual([{ name: '198.51.100.66', kind: 'block', list: 'd.ips', line: 1 }])
    expect(wouldAnswer.A).toMatchObject({ source: 'inspect', records: ['127.0.0.1'] })
  })

  test('safe search, for the devices that want it', async () => {
    await ask(dns, 'www.google.com', {}, TV)
    expect(await explain('www.google.com', 'tv')).toMatchObject({
      safeSearch: { target: 'forcesafesearch.google.com', engines: ['google'] },
      wouldAnswer: {
        A: { source: 'safe-search', records: ['forcesafesearch.google.com', '192.0.2.120'], error: 'safe search' },
        HTTPS: { source: 'safe-search', records: [] },
      },
    })
    expect((await explain('www.google.com', OTHER)).safeSearch).toBeNull()
  })

  test('what the house answers itself, and where that stands', async () => {
    expect(await explain('nas.home.arpa')).toMatchObject({
      local: [{ source: 'config', text: 'records: nas.home.arpa' }],
      wouldAnswer: { A: { source: 'local', records: ['192.168.1.10'] }, AAAA: { source: 'local', records: [] } },
    })
    expect(await explain('moved.example')).toMatchObject({
      local: [{ source: 'rewrite' }],
      wouldAnswer: { A: { source: 'local', records: ['192.168.1.11'] } },
    })
    expect(await explain('localhost')).toMatchObject({
      wouldAnswer: { A: { source: 'special', records: ['127.0.0.1'] } },
    })
    // The answer that a rule gives: it leads on to another name.
    await ask(dns, 'alias.example', {}, OTHER)
    expect((await explain('alias.example', OTHER)).wouldAnswer.A).toMatchObject({
      source: 'sinkhole',
      records: ['cdn.example', '192.0.2.7'],
    })
  })

  test('every pause that holds for the device, and what is answered meanwhile', async () => {
    const pause = (body: object) =>
      fetch(`${http}/api/v1/pause`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    await pause({ seconds: 600, group: 'screens' })
    await pause({ seconds: 600, device: 'tv' })
    const paused = await explain('films.example', 'tv')
    expect(paused.pauses).toMatchObject([
      { of: 'group', name: 'screens', by: 'HTTP from 127.0.0.1' },
      { of: 'device', name: TV_MAC },
    ])
    expect(paused.groups[0]).toMatchObject({ name: 'screens', paused: true })
    expect(paused.decision.kind).toBe('block')
    expect(paused.wouldAnswer.A.source).toBe('upstream')
    expect((await explain('films.example', OTHER)).pauses).toEqual([])
    const page = (await cli('explain', 'films.example', '--device', 'tv', '--config', config)).text
    expect(page).toMatch(/paused for the group screens until .* \(HTTP from 127\.0\.0\.1\)/)
    await pause({ seconds: 0, group: 'screens' })
    await pause({ seconds: 0, device: 'tv' })
    await pause({ seconds: 600 })
    expect((await explain('ads.example', OTHER)).pauses).toMatchObject([{ of: 'all', name: null }])
    expect((await explain('ads.example', OTHER)).wouldAnswer.A.source).toBe('upstream')
    await pause({ seconds: 0 })
    expect((await explain('ads.example', OTHER)).wouldAnswer.A.source).toBe('sinkhole')
  })

  test('what would be answered for A, AAAA and HTTPS: what is answered then', async () => {
    const names = [
      'ads.example',
      'good.ads.example',
      'own.example',
      'films.example',
      'late.example',
      'cloak.example',
      'addr.example',
      'alias.example',
      'www.google.com',
      'nas.home.arpa',
      'moved.example',
      'localhost',
      'vendor.example',
      'x.test',
      'use-application-dns.net',
      'x.inline.example',
    ]
    const types = ['A', 'AAAA', 'HTTPS'] as const
    // Everything is in the cache then; what is not is the upstream's to say.
    for (const from of [TV, THING, OTHER])
      for (const name of names) for (const type of types) await answered(name, type, from)
    for (const from of [TV, THING, OTHER]) {
      for (const name of names) {
        const { wouldAnswer } = await explain(name, from)
        for (const type of types) {
          const { rcode, records, source } = wouldAnswer[type]
          expect({ rcode, records }, `${name} ${type} for ${from}, by ${source}`).toEqual(
            await answered(name, type, from),
          )
        }
      }
    }
  })

  test('all of it on a terminal too', async () => {
    const { code, text } = await cli('explain', 'WWW.google.com', '--device', 'tv', '--config', config)
    expect(code).toBe(0)
    for (const part of [
      `www.google.com for tv (mac:${TV_MAC}): not blocked`,
      'groups: screens (always: on), sleep (never: off), default',
      'safe search: answered as forcesafesearch.google.com',
      'What would be answered',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toMatch(/A +forcesafesearch\.google\.com 192\.0\.2\.120 +NOERROR +\d.* safe-search/)
    const cloaked = (await cli('explain', 'cloak.example', '--config', config)).text
    expect(cloaked).toContain('leads on to tracker.example: block by a.hosts, line 4')
    expect(cloaked).toContain('In the cache')
    const blocked = (await cli('explain', 'ads.example', '--config', config)).text
    expect(blocked).toContain(`${join(folder, 'blocklists/a.hosts')}:2: 0.0.0.0 ads.example`)
    expect(blocked).toContain('clause 7 of 8: block-list')
  })
})
