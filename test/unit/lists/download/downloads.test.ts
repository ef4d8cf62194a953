import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { HOUR } from '../../../../src/base/clock.ts'
import { Downloads } from '../../../../src/lists/download/downloads.ts'
import { judge } from '../../../../src/lists/download/judge.ts'
import type { DownloadRules, ListUpdate, WantedList } from '../../../../src/lists/download/wanted-list.ts'
import { TestClock } from '../../../support/in-memory.ts'
import { folderOf } from '../folder.ts'
import { body, listServer, tagged } from './list-server.ts'

const RULES: DownloadRules = { every: 24 * HOUR, timeout: 5000, maxBytes: 1_000_000, shrink: 0.5 }
const names = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `n${i + from}.example\n`).join('')

/** Downloads of these URLs into a folder, judged in this thread. */
async function downloadsOf(folder: string, urls: readonly string[], clock = new TestClock()) {
  const updates: ListUpdate[] = []
  const failures: string[] = []
  const wanted = urls.map(
    (url): WantedList => ({ url, kind: 'block', format: 'auto', subdomains: false, rewrites: false }),
  )
  const world = { clock, resolve: async () => [], userAgent: 'askfirst-test', judge }
  const downloads = await Downloads.open(folder, wanted, RULES, world, {
    changed: (some) => {
      updates.push(...some)
    },
    failed: (_, why) => failures.push(why),
  })
  return { downloads, updates, failures, clock }
}

describe('a list from a URL', () => {
  test('is fetched when it is due, and each update ends in a difference', async () => {
    using place = folderOf()
    await using server = await listServer(tagged(names(100), '"v1"'))
    const { downloads, updates, clock } = await downloadsOf(place.folder, [server.base])
    expect(downloads.copies).toEqual([])
    await downloads.round()
    expect(updates).toEqual([{ url: server.base, rules: 100, added: 100, removed: 0 }])
    expect(downloads.copies).toMatchObject([{ kind: 'block', url: server.base }])
    expect(readFileSync(downloads.copies[0]?.path as string, 'utf8')).toBe(names(100))

    await downloads.round()
    expect(server.asked).toHaveLength(1)
    clock.advance(25 * HOUR)
    await downloads.round()
    expect(server.asked).toHaveLength(2)
    expect(updates).toHaveLength(1)

    server.answers(tagged(names(100, 10), '"v2"'))
    clock.advance(25 * HOUR)
    await downloads.round()
    expect(updates[1]).toEqual({ url: server.base, rules: 100, added: 10, removed: 10 })
    expect(downloads.status[0]).toMatchObject({ failures: 0, copy: { rules: 100, fetched: clock.now() } })
  })

  test.each([
    ['has lost more of its rules than the bound', names(40), /^it shrank from 100 rules to 40/],
    ['became a web page', '<!DOCTYPE html><html>sorry</html>', /^this is an HTML or XML page/],
    ['has no rule in it', '# moved\n', /^there is no rule in it/],
    ['is an error message', `${names(60)}${'service is down\n'.repeat(100)}`, /^most of its lines fit no format/],
  ])('that %s is not taken: the last good copy stays, and the status says why', async (_, content, why) => {
    using place = folderOf()
    await using server = await listServer(body(names(100)))
    const { downloads, updates, failures, clock } = await downloadsOf(place.folder, [server.base])
    await downloads.round()
    server.answers(body(content))
    clock.advance(25 * HOUR)
    await downloads.round()
    expect(updates).toHaveLength(1)
    expect(failures[0]).toMatch(why)
    expect(downloads.status[0]).toMatchObject({ failures: 1, why: failures[0], copy: { rules: 100 } })
    expect(readFileSync(downloads.copies[0]?.path as string, 'utf8')).toBe(names(100))
    expect(readdirSync(place.folder).filter((name) => name.endsWith('.new'))).toEqual([])
  })

  test('whose server is down stays as it was, is tried again soon, and is current after that', async () => {
    using place = folderOf()
    await using server = await listServer(body(names(100)))
    const { downloads, failures, updates, clock } = await downloadsOf(place.folder, [server.base])
    await downloads.round()
    server.answers((_request, response) => response.destroy())
    clock.advance(25 * HOUR)
    await downloads.round()
    expect(failures).toHaveLength(1)
    expect(downloads.copies).toHaveLength(1)
    clock.advance(30_000)
    await downloads.round()
    expect(failures).toHaveLength(1)
    server.answers(body(names(101)))
    clock.advance(60_000)
    await downloads.round()
    expect(updates[1]).toMatchObject({ added: 1, removed: 0 })
    expect(downloads.status[0]).toMatchObject({ failures: 0, why: undefined })
  })

  test('is there at once after a restart, and not fetched again before its time', async () => {
    using place = folderOf()
    await using server = await listServer(body(names(100)))
    const first = await downloadsOf(place.folder, [server.base])
    await first.downloads.round()
    const { downloads } = await downloadsOf(place.folder, [server.base], first.clock)
    expect(downloads.copies).toHaveLength(1)
    await downloads.round()
    expect(server.asked).toHaveLength(1)
  })

  test('whose copy on disk is not what was written is fetched anew', async () => {
    using place = folderOf()
    await using server = await listServer(tagged(names(100), '"v1"'))
    const first = await downloadsOf(place.folder, [server.base])
    await first.downloads.round()
    writeFileSync(first.downloads.copies[0]?.path as string, 'bank.example\n')
    const { downloads, updates } = await downloadsOf(place.folder, [server.base], first.clock)
    expect(downloads.copies).toEqual([])
    await downloads.round()
    expect(updates).toHaveLength(1)
    expect(downloads.copies).toHaveLength(1)
  })

  test('that is no longer wanted leaves nothing behind', async () => {
    using place = folderOf()
    await using server = await listServer(body(names(100)))
    const { downloads } = await downloadsOf(place.folder, [server.base])
    await downloads.round()
    expect(readdirSync(place.folder)).toHaveLength(2)
    await downloads.use([], RULES)
    expect(readdirSync(place.folder)).toEqual([])
  })

  test('does not keep others from being fetched when it fails', async () => {
    using place = folderOf()
    await using server = await listServer((request, response) =>
      request.url === '/bad' ? response.writeHead(500).end() : response.end(names(3)),
    )
    const { downloads, updates, failures } = await downloadsOf(place.folder, [
      `${server.base}/bad`,
      `${server.base}/good`,
    ])
    await downloads.round()
    expect(failures).toEqual(['the server answered 500'])
    expect(updates).toEqual([{ url: `${server.base}/good`, rules: 3, added: 3, removed: 0 }])
  })

  test('may be asked for before its time, and says how far that is', async () => {
    using place = folderOf()
    await using server = await listServer(tagged(names(3), '"v1"'))
    const [one, two] = [`${server.base}/one`, `${server.base}/two`] as const
    const { downloads } = await downloadsOf(place.folder, [one, two])
    await downloads.round()
    expect(server.asked).toHaveLength(2)
    expect(downloads.refresh('https://nowhere.example/')).toEqual([])
    expect(downloads.refresh()).toEqual([one, two])
    expect(downloads.status.map(({ state }) => state)).toEqual(['queued', 'queued'])
    await downloads.round()
    expect(server.asked.slice(2).map(({ url, headers }) => [url, headers['if-none-match']])).toEqual([
      ['/one', '"v1"'],
      ['/two', '"v1"'],
    ])
    expect(downloads.refresh(two)).toEqual([two])
    await downloads.round()
    expect(server.asked).toHaveLength(5)
    expect(downloads.status.map(({ state }) => state)).toEqual(['waiting', 'waiting'])
  })

  test('is "loading" until its new copy is in force', async () => {
    using place = folderOf()
    await using server = await listServer(body(names(3)))
    const seen: string[] = []
    let release = (): void => {}
    const world = { clock: new TestClock(), resolve: async () => [], userAgent: 'askfirst-test', judge }
    const wanted: WantedList = { url: server.base, kind: 'block', format: 'auto', subdomains: false, rewrites: false }
    const downloads = await Downloads.open(place.folder, [wanted], RULES, world, {
      changed: async () => {
        seen.push(downloads.status[0]?.state ?? '')
        await new Promise<void>((resolve) => {
          release = resolve
          queueMicrotask(() => release())
        })
      },
      failed: () => {},
    })
    await downloads.round()
    expect(seen).toEqual(['loading'])
    expect(downloads.status[0]?.state).toBe('waiting')
  })
})
