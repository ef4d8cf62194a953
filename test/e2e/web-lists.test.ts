// Lists from the web, end to end: a real HTTPS server with a certificate of the test's own authority, its name known only to
// the test's own DNS, which askfirst has for its upstream. All of it in a network namespace.
import { createHash } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/base/clock.ts'
import { makeAuthority, makeLeaf } from '../../src/certificates/make.ts'
import type { Lists } from '../../src/control/lists-schema.ts'
import { askfirstCommand, type Home, makeHome, ready } from '../support/askfirst.ts'
import type { Served } from '../support/house/list-world.ts'
import { makePlace, type Place } from '../support/house/place.ts'
import type { Running } from '../support/house/running.ts'
import { requirePrograms } from '../support/house/tools.ts'
import { until } from '../support/house/until.ts'

const WEB = '198.51.100.80'
const ADS = 'https://lists.example/ads.txt'
const KIDS = 'https://lists.example/kids.txt'
const CHILD = '127.0.0.21'
const OTHER = '127.0.0.30'
const EVERY = 24 * HOUR

const names = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `n${i + from}.example\n`).join('')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Namespaces want root; their names are such that houses take them away if we are killed. */
const possible = process.getuid?.() === 0 && requirePrograms('ip', 'dig', 'curl')

describe.skipIf(!possible)('a list from the web', () => {
  let folder: string
  let place: Place
  let web: Running
  let program: Running
  let home: Home

  const startWeb = async (): Promise<void> => {
    const script = fileURLToPath(new URL('../support/house/list-world.ts', import.meta.url))
    web = place.spawn(process.execPath, [script, WEB, join(folder, 'key.pem'), join(folder, 'cert.pem')])
    await web.waitForLine('"serving"', { within: 20_000 })
  }
  const startAskfirst = async (): Promise<void> => {
    const [node, args] = askfirstCommand('run', '--config', home.config)
    program = place.spawn(node, args, { env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') } })
    await ready(program)
  }
  const askfirst = (...args: string[]) => {
    const [node, all] = askfirstCommand(...args, '--config', home.config)
    return place.run(node, all, { timeout: 60_000 })
  }
  const KIDS_LIST: Served = { body: 'games.example\n' }
  /** Says what stands at the list's address from now on. */
  const serve = async (ads: Served, more: Record<string, Served> = {}): Promise<void> => {
    const from = web.lines.length
    const known = {
      'lists.example': WEB,
      'mirror.example': WEB,
      'stranger.example': WEB,
      'inside.example': '192.168.7.7',
    }
    const paths = { '/ads.txt': ads, '/kids.txt': KIDS_LIST, ...more }
    web.child.stdin.write(`${JSON.stringify({ names: { ...known, 'www.example': '192.0.2.7' }, paths })}\n`)
    await web.waitForLine('"told"', { from })
  }
  const asked = (from: number) =>
    web.lines.slice(from).map(
      (line) =>
        JSON.parse(line) as {
          path?: string
          host?: string
          code?: number
          etag?: string
          since?: string
          scheme?: string
          dns?: string
        },
    )
  const lists = async (): Promise<Lists['lists']> =>
    (JSON.parse(await place.must('curl', ['-s', 'http://127.0.0.1:8053/api/v1/lists'])) as Lists).lists
  const list = async (url: string) => {
    const found = (await lists()).find(({ download }) => download?.url === url)
    if (found?.download == null) throw new Error(`there is no list from ${url}`)
    return { ...found, download: found.download }
  }
  const answer = async (name: string, from = OTHER): Promise<string> =>
    (await place.must('dig', ['+short', '+tries=1', '+time=2', '-b', from, '@127.0.0.1', name])).trim()
  /** The command is over when the list is in force, or its try has failed. */
  const refresh = async (url = ADS) => {
    expect(await askfirst('lists', '--refresh', url, '--no-compare', '--json')).toMatchObject({ code: 0 })
    return list(url)
  }
  const GOOD = { body: names(100), headers: { etag: '"v1"', 'last-modified': 'Thu, 26 Nov 2026 08:00:00 GMT' } }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'askfirst-web-'))
    const subject = { names: ['lists.example', 'mirror.example'] as [string, string], addresses: [] }
    const authority = await makeAuthority(subject, Date.now())
    const leaf = await makeLeaf(authority, subject, Date.now())
    await writeFile(join(folder, 'ca.pem'), authority.certificate)
    await writeFile(join(folder, 'cert.pem'), leaf.certificate)
    await writeFile(join(folder, 'key.pem'), leaf.key)
    place = await makePlace(`af-${process.pid}web-out`, [])
    await place.must('ip', ['address', 'add', `${WEB}/32`, 'dev', 'lo'])
    home = await makeHome(
      folder,
      {
        listen: ['127.0.0.1:53'],
        upstreams: { servers: [WEB] },
        reports: { syslog: { udp: [], tcp: [] } },
        devices: { neighbours: false },
        lists: {
          folder: join(folder, 'blocklists'),
          urls: [{ url: ADS }, { url: KIDS }],
          updates: { timeout: '5s', maxSize: '64KiB', shrink: 50 },
        },
        groups: [{ name: 'kids', members: [CHILD], lists: ['lists.example/kids.txt'] }],
      },
      { 'file.hosts': '0.0.0.0 one.example\n0.0.0.0 two.example\n' },
    )
    await startWeb()
    await serve(GOOD)
    await startAskfirst()
    await until('both lists', async () => (await lists()).filter(({ change }) => change !== null).length >= 3, 20_000)
  })
  afterAll(async () => {
    await place?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  test('is fetched over HTTPS from where our own upstream says it is, and blocks', async () => {
    expect(asked(0).filter(({ dns }) => dns === 'lists.example').length).toBeGreaterThan(0)
    expect(asked(0)).toContainEqual(
      expect.objectContaining({ scheme: 'https', host: 'lists.example', path: '/ads.txt', code: 200 }),
    )
    await until('blocked', async () => (await answer('n7.example')) === '127.0.0.1')
    expect(await answer('www.example')).toBe('192.0.2.7')
    const line = JSON.parse(await program.waitForLine('a list from the web has changed')) as object
    expect(line).toMatchObject({ rules: expect.any(Number), added: expect.any(Number), removed: 0 })
  })

  test('is for the groups that name it, like a file', async () => {
    await until('for the child', async () => (await answer('games.example', CHILD)) === '127.0.0.1')
    expect(await answer('games.example', OTHER)).toBe('')
    expect(await answer('n7.example', CHILD)).toBe('127.0.0.1')
    const wrong = program.lines.filter((one) => one.includes('no list has the name'))
    expect(wrong).toEqual([])
  })

  test('shows its age, its checksum, its last difference and when it is asked again: each list at a time of its own', async () => {
    const [ads, kids] = [await list(ADS), await list(KIDS)]
    expect(ads.download).toMatchObject({ state: 'waiting', failures: 0, why: null, sha256: sha256(GOOD.body) })
    expect(ads.change).toMatchObject({ rules: 100, added: 100, removed: 0, at: ads.download.fetched })
    const waits = [ads, kids].map(({ download: { next, checked } }) => Date.parse(next) - Date.parse(checked ?? ''))
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(0.9 * EVERY)
      expect(wait).toBeLessThanOrEqual(EVERY)
    }
    expect(waits[0]).not.toBe(waits[1])
    const page = (await askfirst('lists')).stdout
    expect(page).toMatch(
      new RegExp(`lists\\.example/ads\\.txt +\\S.* in \\d+ h.* ${sha256(GOOD.body).slice(0, 12)} +good`),
    )
    expect(page).toMatch(/Last changes[\s\S]*lists\.example\/ads\.txt +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +100 +0 +100/)
  })

  test('is asked for by entity tag and date, and left as it is where nothing is new', async () => {
    const from = web.lines.length
    const before = await list(ADS)
    const after = await refresh()
    expect(asked(from).filter(({ path }) => path === '/ads.txt')).toMatchObject([
      { code: 304, etag: '"v1"', since: 'Thu, 26 Nov 2026 08:00:00 GMT' },
    ])
    expect(asked(from).some(({ path }) => path === '/kids.txt')).toBe(false)
    expect(after.download).toMatchObject({
      fetched: before.download.fetched,
      sha256: before.download.sha256,
      failures: 0,
    })
    expect(Date.parse(after.download.checked ?? '')).toBeGreaterThan(Date.parse(before.download.checked ?? ''))
  })

  test('that has changed is in force when the refresh is over, with what was added and removed', async () => {
    await serve({ body: names(100, 10), headers: { etag: '"v2"' } })
    const { change, rules } = await refresh()
    expect(change).toMatchObject({ rules: 100, added: 10, removed: 10 })
    expect(rules).toBe(100)
    expect(await answer('n105.example')).toBe('127.0.0.1')
    expect(await answer('n7.example')).not.toBe('127.0.0.1')
  })

  test('is followed to another https server', async () => {
    const moved = { status: 302, headers: { location: 'https://mirror.example/moved.txt' } }
    await serve(moved, { '/moved.txt': { body: names(101, 10) } })
    const from = web.lines.length
    expect((await refresh()).download).toMatchObject({ failures: 0, sha256: sha256(names(101, 10)) })
    expect(asked(from).filter(({ code }) => code !== undefined)).toMatchObject([
      { host: 'lists.example', code: 302 },
      { host: 'mirror.example', path: '/moved.txt', code: 200 },
    ])
  })

  const to = (location: string): Served => ({ status: 302, headers: { location } })
  test.each<[string, Served, RegExp]>([
    ['a redirect to plain http', to('http://mirror.example/ads.txt'), /something else than https/],
    ['a redirect into the house', to('https://inside.example/ads.txt'), /inside\.example, which is inside the house/],
    ['redirects in a circle', to('/ads.txt'), /more than 5 redirects/],
    ['an error', { status: 500, body: 'oops' }, /the server answered 500/],
    ['a page for people', { body: '<!DOCTYPE html><html><body>sorry</body></html>' }, /HTML/],
    ['a list that has lost more than half', { body: names(40, 10) }, /it shrank from 101 rules to 40/],
    ['more than the bound', { size: 70_000 }, /larger than 65536 bytes/],
    ['silence', { silent: true }, /it took longer than 5 s/],
    ['a server with no certificate for its name', to('https://stranger.example/ads.txt'), /stranger\.example/],
  ])('does not take %s: the last good copy stays in force and it is said why', async (_, served, why) => {
    const before = await list(ADS)
    const from = program.lines.length
    await serve(served)
    const { download, change } = await refresh()
    expect(download.why).toMatch(why)
    expect(download).toMatchObject({ failures: before.download.failures + 1, sha256: sha256(names(101, 10)) })
    expect(change).toEqual(before.change)
    // Twice as long after each failure, and no two lists at the same time.
    const wait = Date.parse(download.next) - Date.parse(download.tried ?? '')
    const least = Math.min(MINUTE * 2 ** (download.failures - 1), 6 * HOUR)
    expect(wait).toBeGreaterThanOrEqual(least)
    expect(wait).toBeLessThanOrEqual(1.1 * least)
    expect(await answer('n105.example')).toBe('127.0.0.1')
    const told = JSON.parse(await program.waitForLine('ASKFIRST_E_LIST_DOWNLOAD', { from })) as { msg: string }
    expect(told.msg).toContain('stays in force')
  })

  test('no request of a refused redirect ever went out unencrypted', () => {
    expect(asked(0).filter(({ scheme }) => scheme === 'http')).toEqual([])
  })

  test('that is good again is taken, its failures are forgotten, and the figures have all of it', async () => {
    await serve({ body: names(102, 10) })
    const before = await list(ADS)
    const after = await refresh()
    expect(after.download).toMatchObject({ failures: 0, why: null })
    expect(after.updates).toBe(before.updates + 1)
    const metrics = await place.must('curl', ['-s', 'http://127.0.0.1:8053/metrics'])
    for (const line of [
      `askfirst_list_updates_total{list="lists.example/ads.txt"} ${after.updates}`,
      'askfirst_list_rules{list="lists.example/ads.txt"} 102',
      'askfirst_list_added_rules{list="lists.example/ads.txt"} 1',
      'askfirst_list_removed_rules{list="lists.example/ads.txt"} 0',
      'askfirst_list_fetches_total{result="failed"} 9',
    ]) {
      expect(metrics).toContain(line)
    }
    expect(after.hits).toBeGreaterThan(0)
  })

  test('is there at once after a restart while its server is gone', async () => {
    await web.stop()
    await program.stop('SIGTERM')
    const before = sha256(names(102, 10))
    await startAskfirst()
    expect(await answer('n105.example')).toBe('127.0.0.1')
    expect(await answer('games.example', CHILD)).toBe('127.0.0.1')
    expect((await list(ADS)).download).toMatchObject({ sha256: before, failures: 0 })
    const { download } = await refresh()
    expect(download).toMatchObject({ sha256: before, failures: 1 })
    expect((await askfirst('lists', '--no-compare')).stdout).toMatch(/lists\.example\/ads\.txt .*\(tries: 1\)/)
    expect(await answer('n105.example')).toBe('127.0.0.1')
  })

  test('that is not in the configuration cannot be asked for', async () => {
    const { code, stderr } = await askfirst('lists', '--refresh', 'https://elsewhere.example/')
    expect(code).toBe(1)
    expect(stderr).toContain('url: there is no list from https://elsewhere.example/ [ASKFIRST_E_HTTP_REQUEST]')
  })

  test('beside a file, whose changes are told in the same way', async () => {
    const file = join(home.lists, 'file.hosts')
    const from = program.lines.length
    await appendFile(file, '0.0.0.0 three.example\n')
    expect(JSON.parse(await program.waitForLine('a list file has changed', { from }))).toMatchObject({
      file,
      rules: 3,
      added: 1,
      removed: 0,
    })
    const found = (await lists()).find(({ path }) => path === file)
    expect(found?.change).toMatchObject({ rules: 3, added: 1, removed: 0 })
  })
})

describe.skipIf(!possible)('loading a large list', () => {
  test('says how far it is: one changing line on a terminal, log lines elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'askfirst-large-'))
    const place = await makePlace(`af-${process.pid}big-out`, [])
    try {
      const lines = Array.from({ length: 400_000 }, (_, i) => `0.0.0.0 name-${i}.of-some-length.example`).join('\n')
      const home = await makeHome(
        folder,
        {
          listen: ['127.0.0.1:53'],
          reports: { syslog: { udp: [], tcp: [] } },
          http: { listen: [] },
          devices: { neighbours: false },
        },
        Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`${i}.hosts`, `${lines}\n`])),
      )
      const [node, args] = askfirstCommand('run', '--config', home.config)
      const plain = place.spawn(node, args)
      const line = await plain.waitForLine('lists are being loaded', { within: 30_000 })
      expect(JSON.parse(line)).toMatchObject({ of: 10, list: expect.stringMatching(/^\d\.hosts$/) })
      expect(plain.lines.join('\n')).not.toContain('loading lists:')
      await plain.stop()
      await rm(join(folder, 'state'), { recursive: true, force: true })
      const onTerminal = place.spawn('script', ['-qec', [node, ...args].join(' '), '/dev/null'])
      await onTerminal.waitForLine('"msg":"started"', { within: 60_000 })
      expect(onTerminal.lines.join('\n')).toMatch(/loading lists: \d+ of 10, \d+ MiB, \d\.hosts/)
      expect(onTerminal.lines.join('\n')).not.toContain('lists are being loaded')
    } finally {
      await place.remove()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
