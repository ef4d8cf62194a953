import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Compilation, loadPolicy, type OnBroken } from '../../../src/lists/load.ts'
import type { ListSources } from '../../../src/lists/sources.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide, SEED } from '../policy/build.ts'
import { folderOf, sourcesOf } from './folder.ts'

const load = (sources: Partial<ListSources>, onBroken: OnBroken = 'refuse'): Promise<Compilation> =>
  loadPolicy(sourcesOf(sources), onBroken, SEED)

async function compiled(sources: Partial<ListSources>, onBroken: OnBroken = 'refuse') {
  const result = await load(sources, onBroken)
  if (result.kind === 'refused') throw new TypeError(`refused: ${result.problems[0]?.message}`)
  return { ...result, policy: openPolicy(result.buffer, result.lists, 1) }
}

async function refused(sources: Partial<ListSources>) {
  const result = await load(sources)
  if (result.kind === 'compiled') throw new TypeError('not refused')
  return result.problems
}

describe('loading', () => {
  test('makes one policy of all lists, and says what was in each', async () => {
    using place = folderOf({
      'ads.hosts': '# ads\n0.0.0.0 localhost\n0.0.0.0 ads.example pixel.example\n0.0.0.0 ads.example\n',
      'allow.txt': 'pixel.example\n*.shop.example\n',
      'mixed.txt': '||tracker.example^\nbroken line\nads.example\n||x.example^$popup',
    })
    const { policy, lists, blocked, allowed, problems } = await compiled({ folder: place.folder, block: ['*.zip'] })
    expect({ blocked, allowed }).toEqual({ blocked: 4, allowed: 2 })
    expect(lists).toEqual([
      {
        name: 'lists.block',
        path: undefined,
        kind: 'block',
        formats: ['wildcard'],
        rules: 1,
        lines: 1,
        rejected: 0,
        confidence: 1,
        skipped: {},
        subdomains: false,
      },
      {
        name: 'ads.hosts',
        path: place.path('ads.hosts'),
        kind: 'block',
        formats: ['hosts'],
        rules: 2,
        lines: 4,
        rejected: 0,
        confidence: 1,
        skipped: { own: 1 },
        subdomains: false,
      },
      {
        name: 'allow.txt',
        path: place.path('allow.txt'),
        kind: 'allow',
        formats: ['domains', 'wildcard'],
        rules: 2,
        lines: 2,
        rejected: 0,
        confidence: 0.5,
        skipped: {},
        subdomains: false,
      },
      {
        name: 'mixed.txt',
        path: place.path('mixed.txt'),
        kind: 'block',
        formats: ['adblock'],
        rules: 2,
        lines: 4,
        rejected: 1,
        confidence: expect.closeTo(2 / 3),
        skipped: { modifier: 1 },
        subdomains: false,
      },
    ])
    expect(problems).toMatchObject([
      { code: 'ASKFIRST_E_LIST_LINE', place: { file: place.path('mixed.txt'), line: 2 } },
    ])
    expect(decide(policy, 'ads.example')).toMatchObject({ kind: 'block', list: 1, line: 3 })
    expect(decide(policy, 'pixel.example')).toMatchObject({ kind: 'allow', list: 2, line: 1 })
    expect(decide(policy, 'a.shop.example')).toMatchObject({ kind: 'allow', list: 2, line: 2 })
    expect(decide(policy, 'a.tracker.example')).toMatchObject({ kind: 'block', list: 3, line: 1 })
    expect(decide(policy, 'a.zip')).toMatchObject({ kind: 'block', list: 0, line: 1 })
  })

  test('takes an exception as such in any list', async () => {
    const { policy } = await compiled({
      block: ['*.example', '@@||good.example^'],
      allow: ['||fine.example^', '@@||well.example^'],
    })
    for (const name of ['good.example', 'fine.example', 'x.well.example'])
      expect(decide(policy, name).kind, name).toBe('allow')
    expect(decide(policy, 'bad.example').kind).toBe('block')
  })

  test('reads packed files', async () => {
    using place = folderOf({ 'ads.txt.gz': gzipSync('0.0.0.0 ads.example\n'.repeat(50_000)) })
    const { lists, policy } = await compiled({ folder: place.folder })
    expect(lists[0]).toMatchObject({ lines: 50_000, rules: 1, formats: ['hosts'] })
    expect(decide(policy, 'ads.example').kind).toBe('block')
  })

  test('makes an empty policy of nothing, and of a list of comments', async () => {
    using place = folderOf({ 'empty.txt': '', 'comments.txt': '# only\n\n# comments\n' })
    const { blocked, allowed, lists, problems } = await compiled({ folder: place.folder })
    expect({ blocked, allowed, problems }).toEqual({ blocked: 0, allowed: 0, problems: [] })
    expect(lists.map(({ lines }) => lines)).toEqual([3, 0])
  })

  test('names the rule of the configuration that is broken', async () => {
    const { problems, policy } = await compiled({ block: ['ads.example', 'a..b', '<b>', 'c.example\nd.example'] })
    expect(problems.map(({ place }) => place)).toEqual([
      { path: 'lists.block[1]' },
      { path: 'lists.block[2]' },
      { path: 'lists.block[3]' },
    ])
    expect(decide(policy, 'd.example').kind).toBe('none')
  })
})

describe('a list that is broken as a whole', () => {
  const good = { 'good.txt': 'ads.example\n' }

  test('refuses the whole load, so that the policy before stays', async () => {
    using place = folderOf({ ...good, 'page.txt': '<!DOCTYPE html>', 'zip.txt': 'PK\u0003\u0004' })
    expect(await refused({ folder: place.folder })).toMatchObject([
      {
        code: 'ASKFIRST_E_LIST_LINE',
        message: expect.stringContaining('HTML'),
        place: { file: place.path('page.txt') },
      },
      { code: 'ASKFIRST_E_LIST_READ', message: expect.stringContaining('ZIP'), place: { file: place.path('zip.txt') } },
    ])
  })

  test('may be a file of the configuration that is missing, a folder, or one that may not be read', async () => {
    using place = folderOf(good)
    const file = (path: string) => ({ path, kind: 'block', format: 'auto' }) as const
    expect(await refused({ files: [file(place.path('gone.txt'))] })).toMatchObject([
      {
        code: 'ASKFIRST_E_LIST_READ',
        message: expect.stringContaining('no such file'),
        place: { file: place.path('gone.txt') },
      },
    ])
    expect(await refused({ files: [file(place.folder)] })).toMatchObject([
      { code: 'ASKFIRST_E_LIST_READ', message: expect.stringContaining('no regular file') },
    ])
    expect(await refused({ folder: place.path('gone') })).toMatchObject([{ code: 'ASKFIRST_E_LIST_READ' }])
    if (process.getuid?.() !== 0) {
      chmodSync(place.path('good.txt'), 0)
      expect(await refused({ folder: place.folder })).toMatchObject([
        { message: expect.stringContaining('permission denied') },
      ])
    }
  })

  test('may be a named pipe, which is not waited for', async () => {
    using place = folderOf(good)
    execFileSync('mkfifo', [place.path('pipe')])
    expect(await refused({ files: [{ path: place.path('pipe'), kind: 'block', format: 'auto' }] })).toMatchObject([
      { message: expect.stringContaining('no regular file') },
    ])
  })

  test('may be a packed file that is cut off or broken', async () => {
    const packed = gzipSync('ads.example\n'.repeat(1000))
    for (const bytes of [
      packed.subarray(0, packed.length - 9),
      Buffer.concat([packed.subarray(0, 20), Buffer.alloc(50)]),
    ]) {
      using place = folderOf({ ...good, 'cut.gz': bytes })
      expect(await refused({ folder: place.folder })).toMatchObject([
        { code: 'ASKFIRST_E_LIST_READ', message: expect.stringContaining('gzip data are broken or cut off') },
      ])
    }
  })

  test('may be a small packed file that unpacks beyond the bound', async () => {
    const zeros = gzipSync(Buffer.alloc(64 * 1024 ** 2, '#'))
    using place = folderOf({ ...good, 'bomb.gz': Buffer.concat(Array(9).fill(zeros)) })
    expect(await refused({ folder: place.folder })).toMatchObject([
      { code: 'ASKFIRST_E_LIST_BOUND', place: { file: place.path('bomb.gz') }, message: 'larger than 512 MiB' },
    ])
  })

  test('is left out at a start, with nothing of it taken, and keeps its number', async () => {
    const cut = gzipSync(Array.from({ length: 50_000 }, (_, i) => `half${i}.example`).join('\n'))
    using place = folderOf({ 'a.gz': cut.subarray(0, cut.length - 100), 'b.txt': '<html>', ...good })
    const { policy, lists, blocked, problems } = await compiled({ folder: place.folder }, 'leave-out')
    expect(blocked).toBe(1)
    expect(decide(policy, 'half0.example').kind).toBe('none')
    expect(decide(policy, 'ads.example')).toMatchObject({ kind: 'block', list: 2, line: 1 })
    expect(lists.map(({ name, rules, lines }) => [name, rules, lines])).toEqual([
      ['a.gz', 0, 0],
      ['b.txt', 0, 0],
      ['good.txt', 1, 1],
    ])
    expect(problems.map(({ place }) => place?.file)).toEqual([place.path('a.gz'), place.path('b.txt')])
  })

  test('does not keep a start from the other lists where it is the folder', async () => {
    const { policy, problems } = await compiled(
      { folder: '/nonexistent/blocklists', block: ['ads.example'] },
      'leave-out',
    )
    expect(decide(policy, 'ads.example').kind).toBe('block')
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_LIST_READ' }])
  })
})
