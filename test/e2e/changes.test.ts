// What people change while the server runs: over the command line and the API, and by hand in the file that both write.
// Each change is seen by what a device is answered. Loopback only: every device is a loopback address of its own.
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '../../src/control/explain-schema.ts'
import type { Stats } from '../../src/control/stats-schema.ts'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import { address, cli } from '../support/asking.ts'
import { type Running, start } from '../support/house/running.ts'
import { until } from '../support/house/until.ts'
import { answerTo, type NameServer, startNameServer } from '../support/name-server.ts'
import { freePorts } from '../support/ports.ts'

const OUTSIDE = '192.0.2.7'
const BLOCKED = '127.0.0.1'
/** In the group "children"; its lease says that it is called Tablet. */
const TABLET = '127.0.0.21'
const TABLET_MAC = '02:00:5e:10:00:01'
/** In the group "bedtime", whose hours are always on. */
const BED = '127.0.0.22'
/** In no group, and without a MAC. */
const OTHER = '127.0.0.30'

const MINE = `# Rules of the Example family. In git: ask Ann before you change them.

allow:
  - "*.school.example" # homework

# What nobody needs
block:
  - zzz.example
  - aaa.example # stays second
`

let folder: string
let home: Home
let rules: string
let upstream: NameServer
let program: Running
let dns: number
let http: string

const run = async (): Promise<void> => {
  program = start(...askfirstCommand('run', '--config', home.config))
  await ready(program)
}
const restart = async (): Promise<void> => {
  expect(await program.stop('SIGTERM')).toBe(0)
  await run()
}
const command = (...args: string[]) => cli(...args, '--config', home.config)
const written = (): Promise<string> => readFile(rules, 'utf8')

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${http}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, never> & { error?: object } }
}

/** Resolves when the device is answered so; a change over the API or the command line is with the resolver at once. */
const gets = (name: string, from: string, data: string): Promise<unknown> =>
  until(`${name} for ${from} to be ${data}`, async () => (await address(dns, name, from)) === data)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'askfirst-changes-'))
  upstream = await startNameServer((query) => [answerTo(query, OUTSIDE)])
  const [first = 0, second = 0] = await freePorts(2)
  dns = first
  http = `http://127.0.0.1:${second}`
  const leases = join(folder, 'dnsmasq.leases')
  await writeFile(leases, `0 ${TABLET_MAC} ${TABLET} Tablet *\n`)
  home = await makeHome(
    folder,
    {
      listen: [`127.0.0.1:${dns}`],
      upstreams: { servers: [`127.0.0.1:${upstream.endpoint.port}`] },
      reports: { syslog: { udp: [], tcp: [] } },
      http: { listen: [`127.0.0.1:${second}`] },
      devices: { neighbours: false, leases: [leases] },
      network: { inside: ['127.0.0.0/8'] },
      groups: [
        { name: 'children', members: [TABLET], block: ['games.example'] },
        { name: 'bedtime', members: [BED], block: ['night.example'], schedule: 'always' },
      ],
      schedules: [{ name: 'always', timeZone: 'UTC', when: [{ from: '00:00', to: '24:00' }] }],
    },
    { 'test.hosts': '0.0.0.0 ads.example\n0.0.0.0 more.example\n' },
  )
  rules = join(folder, 'rules.yaml')
  await writeFile(rules, MINE)
  await run()
})
afterAll(async () => {
  await program?.stop()
  await upstream?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a change at run time', () => {
  test('begins from what stands in the file', async () => {
    expect(await address(dns, 'zzz.example', OTHER)).toBe(BLOCKED)
    expect(await address(dns, 'games.example', TABLET)).toBe(BLOCKED)
    expect(await address(dns, 'games.example', OTHER)).toBe(OUTSIDE)
    expect(await address(dns, 'night.example', BED)).toBe(BLOCKED)
  })

  test('blocks a name for everybody: in force when the command has ended', async () => {
    expect(await address(dns, 'new.example', OTHER)).toBe(OUTSIDE)
    const { code, text } = await command('block', 'NEW.example')
    expect({ code, text }).toEqual({ code: 0, text: `new.example is blocked for everybody (${rules})` })
    await gets('new.example', OTHER, BLOCKED)
    expect(await address(dns, 'sub.new.example', OTHER)).toBe(OUTSIDE)
    expect(await post('/api/v1/rules', { kind: 'block', name: '*.new.example' })).toMatchObject({ status: 200 })
    await gets('sub.new.example', OTHER, BLOCKED)
  })

  test('allows a name whatever lists say, for a group or one device by its name only', async () => {
    expect((await command('allow', 'games.example', '--group', 'children')).code).toBe(0)
    await gets('games.example', TABLET, OUTSIDE)
    expect((await command('allow', 'ads.example', '--device', 'tablet')).text).toContain(`allowed for ${TABLET_MAC}`)
    await gets('ads.example', TABLET, OUTSIDE)
    expect(await address(dns, 'ads.example', OTHER)).toBe(BLOCKED)
    await post('/api/v1/rules', { kind: 'block', name: 'chat.example', device: OTHER })
    await gets('chat.example', OTHER, BLOCKED)
    expect(await address(dns, 'chat.example', TABLET)).toBe(OUTSIDE)
  })

  test('takes its opposite back', async () => {
    await command('block', 'ads.example', '--device', TABLET)
    await gets('ads.example', TABLET, BLOCKED)
    expect((await written()).match(/ads\.example/g)).toHaveLength(1)
  })

  test('names a device, which is then called so everywhere', async () => {
    expect((await command('name', 'tablet', "Anna's tablet")).code).toBe(0)
    const devices = (await (await fetch(`${http}/api/v1/devices`)).json()) as {
      devices: { mac: string; name: string }[]
    }
    expect(devices.devices.find(({ mac }) => mac === TABLET_MAC)?.name).toBe("Anna's tablet")
    const explained = JSON.parse((await command('explain', 'chat.example', '--device', "anna's TABLET", '--json')).text)
    expect(explained).toMatchObject({ device: `mac:${TABLET_MAC}`, deviceName: "Anna's tablet" })
  })

  test('is written with the comments and the order that stood there, whole, and nothing is left beside it', async () => {
    const text = await written()
    const lines = text.split('\n')
    const order = ['# Rules of the Example', '"*.school.example" # homework', '# What nobody needs', '- zzz.example']
    const at = [...order, '- aaa.example # stays second', '- new.example'].map((part) =>
      lines.findIndex((line) => line.includes(part)),
    )
    expect(at).not.toContain(-1)
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect((await readdir(folder)).filter((name) => name.includes('rules'))).toEqual(['rules.yaml'])
  })

  test('while many are made at once, who reads the file sees each time a whole one', async () => {
    let done = false
    const seen: string[] = []
    const reader = (async () => {
      while (!done) seen.push(await written())
    })()
    const names = Array.from({ length: 12 }, (_, i) => `many-${i}.example`)
    const answers = await Promise.all(names.map((name) => post('/api/v1/rules', { kind: 'block', name })))
    done = true
    await reader
    expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200))
    expect(seen.every((text) => text.startsWith('# Rules of the Example') && text.endsWith('\n'))).toBe(true)
    expect(seen.every((text) => text.includes('# stays second') && text.includes("Anna's tablet"))).toBe(true)
    for (const name of names) expect(await address(dns, name, OTHER)).toBe(BLOCKED)
  })

  test('that was acknowledged is there after a kill at any moment, in a whole file', async () => {
    const acknowledged: string[] = []
    const names = Array.from({ length: 40 }, (_, i) => `killed-${i}.example`)
    const posting = names.map(async (name) => {
      const answer = await post('/api/v1/rules', { kind: 'block', name }).catch(() => undefined)
      if (answer?.status === 200) acknowledged.push(name)
    })
    await until('some to be acknowledged', () => acknowledged.length >= 3, 20_000)
    await program.stop('SIGKILL')
    await Promise.all(posting)
    expect(acknowledged.length).toBeLessThan(names.length)
    const text = await written()
    expect(text.startsWith('# Rules of the Example') && text.endsWith('\n')).toBe(true)
    await run()
    for (const name of acknowledged) expect(await address(dns, name, OTHER), name).toBe(BLOCKED)
    expect(await address(dns, 'new.example', OTHER)).toBe(BLOCKED)
  })

  test('survives a restart', async () => {
    await restart()
    for (const [name, from, data] of [
      ['new.example', OTHER, BLOCKED],
      ['games.example', TABLET, OUTSIDE],
      ['ads.example', TABLET, BLOCKED],
      ['chat.example', OTHER, BLOCKED],
      ['many-3.example', OTHER, BLOCKED],
    ] as const) {
      expect(await address(dns, name, from), name).toBe(data)
    }
    expect((await command('explain', 'x.example', '--device', "Anna's tablet", '--json')).code).toBe(0)
  })

  test('made by hand is live, and one with a mistake is told with its place and changes nothing', async () => {
    await writeFile(rules, (await written()).replace('- aaa.example', '- hand.example'))
    await gets('hand.example', OTHER, BLOCKED)
    await gets('aaa.example', OTHER, OUTSIDE)
    const good = await written()
    const from = program.lines.length
    await writeFile(rules, good.replace('block:', 'block:\n  - "half'))
    const told = JSON.parse(await program.waitForLine('ASKFIRST_E_CONFIG_SYNTAX', { from })) as object
    expect(told).toMatchObject({ file: rules, line: expect.any(Number) })
    expect(await address(dns, 'hand.example', OTHER)).toBe(BLOCKED)
    // What is half written is not overwritten by a command.
    const { code, text } = await command('block', 'late.example')
    expect(code).toBe(1)
    expect(text).toMatch(new RegExp(`^${rules}:\\d+:\\d+: .*\\[ASKFIRST_E_RULES_WRITE\\]`))
    expect(await written()).toContain('"half')
    await writeFile(rules, good)
    await until('mended', async () => (await command('block', 'late.example')).code === 0)
    await gets('late.example', OTHER, BLOCKED)
  })
})

describe('a pause', () => {
  test('of all, a group and a device holds for them, is written, survives a restart, and ends', async () => {
    expect((await command('pause', '10', '--group', 'children')).text).toContain(`(${rules})`)
    await gets('more.example', TABLET, OUTSIDE)
    expect(await address(dns, 'more.example', OTHER)).toBe(BLOCKED)
    expect(await post('/api/v1/pause', { seconds: 600, device: OTHER })).toMatchObject({
      status: 200,
      body: { active: true, file: rules },
    })
    await gets('more.example', OTHER, OUTSIDE)
    expect(await address(dns, 'more.example', BED)).toBe(BLOCKED)
    await restart()
    expect(await address(dns, 'more.example', TABLET)).toBe(OUTSIDE)
    expect(await address(dns, 'more.example', OTHER)).toBe(OUTSIDE)
    expect(await address(dns, 'more.example', BED)).toBe(BLOCKED)

    expect((await command('pause', '10')).code).toBe(0)
    await gets('more.example', BED, OUTSIDE)
    await restart()
    await gets('more.example', BED, OUTSIDE)
    for (const whom of [[], ['--group', 'children'], ['--device', OTHER]]) {
      expect((await command('pause', '0', ...whom)).text).toBe('blocked again')
    }
    for (const from of [TABLET, OTHER, BED]) await gets('more.example', from, BLOCKED)
    expect(await written()).not.toContain('pause')
  })

  test('may be written by hand', async () => {
    const text = await written()
    const end = new Date(Date.now() + 600_000).toISOString()
    await writeFile(rules, `${text}pause:\n  until: ${end} # guests\n`)
    await gets('more.example', BED, OUTSIDE)
    await writeFile(rules, text)
    await gets('more.example', BED, BLOCKED)
  })

  test('is over when its time is', async () => {
    await post('/api/v1/pause', { seconds: 1 })
    await gets('more.example', OTHER, OUTSIDE)
    await gets('more.example', OTHER, BLOCKED)
  })
})

describe('bonus minutes', () => {
  test('let a group do without its hours, are written, and survive a restart', async () => {
    const { code, text } = await command('bonus', '30', 'bedtime')
    expect(code).toBe(0)
    expect(text).toMatch(/^the group bedtime does not hold from .* to .*Z \(/)
    await gets('night.example', BED, OUTSIDE)
    await restart()
    expect(await address(dns, 'night.example', BED)).toBe(OUTSIDE)
    const explained = (await (
      await fetch(`${http}/api/v1/explain?name=night.example&device=${BED}`)
    ).json()) as Explanation
    expect(explained.groups).toMatchObject([{ name: 'bedtime', holds: false, schedule: 'always' }, { name: 'default' }])
    // Taken back by hand.
    await writeFile(rules, (await written()).replace(/\n {4}bonus:\n {6}from: .*\n {6}to: .*/, ''))
    await gets('night.example', BED, BLOCKED)
  })
})

describe('the figures', () => {
  test('have each group with its queries and blocks, the pauses, and what was given and written', async () => {
    const stats = async () => (await (await fetch(`${http}/api/v1/stats`)).json()) as Stats
    const before = await stats()
    const of = (all: Stats, name: string) => all.groups.find((group) => group.name === name)
    for (const name of ['more.example', 'plain.example']) await address(dns, name, TABLET)
    await address(dns, 'more.example', OTHER)
    await command('pause', '10', '--group', 'bedtime')
    await command('block', 'counted.example')
    const after = await stats()
    expect(after.groups.map(({ name }) => name)).toEqual(['children', 'bedtime'])
    const [was, is] = [of(before, 'children'), of(after, 'children')]
    expect(is).toMatchObject({ holds: true, schedule: null, members: 1, pausedUntil: null })
    expect([is?.queries, is?.blocked]).toEqual([(was?.queries ?? 0) + 2, (was?.blocked ?? 0) + 1])
    expect(of(after, 'bedtime')).toMatchObject({ schedule: 'always', pausedUntil: expect.any(String) })
    expect(after.changes).toMatchObject({
      written: before.changes.written + 2,
      blockRules: before.changes.blockRules + 1,
      names: 1,
      problems: 0,
      pausedGroups: 1,
    })
    const metrics = await (await fetch(`${http}/metrics`)).text()
    for (const line of [
      `askfirst_group_queries_total{group="children"} ${is?.queries}`,
      'askfirst_group_paused{group="bedtime"} 1',
      `askfirst_changes_total{result="written"} ${after.changes.written}`,
      `askfirst_own_rules{kind="block"} ${after.changes.blockRules}`,
      'askfirst_list_hits_total{list="test.hosts"}',
    ]) {
      expect(metrics).toContain(line)
    }
    expect((await command('stats')).text).toMatch(/children +always +1 +\d+ +\d+/)
    await command('pause', '0', '--group', 'bedtime')
  })
})

describe('what cannot be', () => {
  test.each([
    [['block', 'not a name'], /^name: .*not a domain name \[ASKFIRST_E_HTTP_REQUEST\]/],
    [
      ['block', 'a.example', '--device', 'radio'],
      /^device: there is no device called radio \[ASKFIRST_E_HTTP_REQUEST\]/,
    ],
    [['allow', 'a.example', '--group', 'nobody'], /^group: there is no group nobody \[ASKFIRST_E_HTTP_REQUEST\]/],
    [['pause', '5', '--group', 'nobody'], /^group: there is no group nobody/],
    [['pause', 'soon'], /^seconds: .*\[ASKFIRST_E_HTTP_REQUEST\]/],
    [['bonus', '5', 'children'], /^group: the group children has no hours/],
    [['name', OTHER, 'radio'], /^device: the MAC of 127\.0\.0\.30 is not known/],
    [['explain', 'a.example', '--device', 'radio'], /^device: there is no device called radio/],
  ])('%j ends with 1, code and place, and writes nothing', async (args, words) => {
    const before = await written()
    const { code, text } = await command(...args)
    expect(code).toBe(1)
    expect(text).toMatch(words)
    expect(await written()).toBe(before)
  })

  test('a read-only file: a rule does not hold, a pause does until a restart, and both say so', async () => {
    await chmod(rules, 0o444)
    const { code, text } = await command('block', 'never.example')
    expect(code).toBe(1)
    expect(text).toContain(`${rules} rules: the file of rules cannot be written: EACCES [ASKFIRST_E_RULES_WRITE]`)
    expect(await address(dns, 'never.example', OTHER)).toBe(OUTSIDE)
    expect((await command('pause', '10')).text).toContain('not written down: a restart ends it')
    await gets('more.example', OTHER, OUTSIDE)
    expect((await command('pause', '0')).code).toBe(0)
    await gets('more.example', OTHER, BLOCKED)
    await chmod(rules, 0o644)
  })

  test('a list that is broken: the rule is written, and it is said that it does not hold yet', async () => {
    const list = join(home.lists, 'test.hosts')
    const good = await readFile(list, 'utf8')
    await writeFile(list, '<!DOCTYPE html><html><body>captive portal</body></html>\n')
    const { status, body } = await post('/api/v1/rules', { kind: 'block', name: 'waits.example' })
    expect(status).toBe(409)
    expect(body.error).toMatchObject({ code: 'ASKFIRST_E_LIST_LINE', place: { file: list } })
    expect(await address(dns, 'waits.example', OTHER)).toBe(OUTSIDE)
    await writeFile(list, good)
    await gets('waits.example', OTHER, BLOCKED)
  })
})
