import { mkdirSync, symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findLists, isIgnored, kindOf, LISTS_MAX } from '../../../src/lists/sources.ts'
import { folderOf, sourcesOf } from './folder.ts'

describe('the folder of lists', () => {
  test('gives its files by name, whatever they are called', async () => {
    using place = folderOf({ 'b.txt': '', 'a.hosts': '', Z: '', 'my list': '', 'allow.txt': '' })
    const { lists, problems } = await findLists(sourcesOf({ folder: place.folder }))
    expect(lists.map(({ name, kind }) => [name, kind])).toEqual([
      ['Z', 'block'],
      ['a.hosts', 'block'],
      ['allow.txt', 'allow'],
      ['b.txt', 'block'],
      ['my list', 'block'],
    ])
    expect(lists[1]).toMatchObject({ path: place.path('a.hosts'), format: 'auto' })
    expect(problems).toEqual([])
  })

  test('gives links to files, and neither folders nor links that lead nowhere', async () => {
    using elsewhere = folderOf({ 'list.txt': '' })
    using place = folderOf()
    mkdirSync(place.path('folder'))
    symlinkSync(elsewhere.path('list.txt'), place.path('linked.txt'))
    symlinkSync(elsewhere.path('gone.txt'), place.path('dangling.txt'))
    const { lists } = await findLists(sourcesOf({ folder: place.folder }))
    expect(lists.map(({ name }) => name)).toEqual(['linked.txt'])
  })

  test('that does not exist is a problem with a way out', async () => {
    using place = folderOf()
    const { lists, problems } = await findLists(sourcesOf({ folder: place.path('gone'), block: ['ads.example'] }))
    expect(lists.map(({ name }) => name)).toEqual(['lists.block'])
    expect(problems).toEqual([
      {
        code: 'ASKFIRST_E_LIST_READ',
        message: 'a list cannot be read: there is no such file or folder',
        place: { file: place.path('gone') },
        hint: expect.stringContaining('lists.folder: null'),
      },
    ])
  })

  test('with more files than a policy takes is a problem', async () => {
    using place = folderOf(Object.fromEntries(Array.from({ length: LISTS_MAX + 1 }, (_, i) => [`${i}.txt`, ''])))
    const { lists, problems } = await findLists(sourcesOf({ folder: place.folder }))
    expect(lists).toHaveLength(LISTS_MAX)
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_LIST_BOUND', place: { file: place.folder } }])
  })
})

describe('the order of lists', () => {
  test("is the configuration's rules, its files, the folder's files; and a file is read once, as the configuration says", async () => {
    using place = folderOf({ 'a.txt': '', 'b.txt': '' })
    const files = [{ path: place.path('./b.txt'), kind: 'allow', format: 'hosts' }] as const
    const { lists } = await findLists(
      sourcesOf({ folder: place.folder, files, block: ['x.example'], allow: ['y.example'] }),
    )
    expect(lists.map(({ name, kind, format, path, rules }) => [name, kind, format, path, rules])).toEqual([
      ['lists.allow', 'allow', 'auto', undefined, ['y.example']],
      ['lists.block', 'block', 'auto', undefined, ['x.example']],
      ['b.txt', 'allow', 'hosts', place.path('b.txt'), []],
      ['a.txt', 'block', 'auto', place.path('a.txt'), []],
    ])
  })
})

describe('file names', () => {
  test.each([
    'allow.txt',
    'my-allow.txt',
    'Allowlist',
    'kids_allow.hosts',
    'whitelist.txt',
    'allow list.txt',
    'example-allow.txt',
    'ALLOW',
  ])('such as %s make an allowlist', (name) => {
    expect(kindOf(`/allow/${name}`)).toBe('allow')
  })

  test.each(['swallow.txt', 'allowance.txt', 'disallow.txt', 'ads.txt', 'notallowed', 'whitelisted.txt'])(
    'such as %s do not, whatever their folder is called',
    (name) => {
      expect(kindOf(`/allow/${name}`)).toBe('block')
    },
  )

  test('tell what is no list', () => {
    const ignored = [
      '.hidden',
      '.list.txt.swp',
      'list.txt~',
      'list.tmp',
      'list.bak',
      'list.orig',
      'README',
      'readme.txt',
      'NOTES.md',
    ]
    const more = ['LICENSE.license', '#list.txt#', 'list.txt.part', 'list.txt.dpkg-dist', '4913.swx']
    for (const name of [...ignored, ...more]) expect(isIgnored(name), name).toBe(true)
    for (const name of ['list', 'list.txt', 'hosts', 'tmp', 'old-ads', 'my.bak.txt', 'my readme.txt', 'template']) {
      expect(isIgnored(name), name).toBe(false)
    }
  })
})
