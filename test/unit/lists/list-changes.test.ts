import { readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { changesOf } from '../../../src/lists/list-changes.ts'
import { findLists } from '../../../src/lists/sources.ts'
import { folderOf, sourcesOf } from './folder.ts'

const names = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `n${i + from}.example\n`).join('')

/** A folder of lists, and one of what is kept of them. */
async function lookAt(lists: string, kept: string, now: number, subdomains = false) {
  const files = [{ path: `${lists}/a.txt`, kind: 'block', format: 'auto', subdomains }] as const
  const found = await findLists(sourcesOf({ folder: lists, files }))
  const changes = await changesOf(found.lists, kept, now)
  return changes.map(({ path, ...change }) => ({ ...change, name: path.slice(lists.length + 1) }))
}

describe('a list file', () => {
  test('is new at first, and each change after that is told with what was added and removed', async () => {
    using place = folderOf({ 'a.txt': names(10), 'b.txt': names(3) })
    using kept = folderOf()
    const folder = `${kept.folder}/changes`
    expect(await lookAt(place.folder, folder, 1)).toEqual([
      { name: 'a.txt', at: 1, rules: 10, added: 10, removed: 0, fresh: false },
      { name: 'b.txt', at: 1, rules: 3, added: 3, removed: 0, fresh: false },
    ])
    place.write('a.txt', `${names(10, 4)}n99.example\n`)
    expect(await lookAt(place.folder, folder, 2)).toEqual([
      { name: 'a.txt', at: 2, rules: 11, added: 5, removed: 4, fresh: true },
      { name: 'b.txt', at: 1, rules: 3, added: 3, removed: 0, fresh: false },
    ])
    // Looked at again: what was found stays.
    expect((await lookAt(place.folder, folder, 3))[0]).toEqual({
      name: 'a.txt',
      at: 2,
      rules: 11,
      added: 5,
      removed: 4,
      fresh: false,
    })
  })

  test('that got another comment, or was only touched, is the same', async () => {
    using place = folderOf({ 'a.txt': names(10) })
    using kept = folderOf()
    await lookAt(place.folder, kept.folder, 1)
    place.write('a.txt', `# comment\n${names(10)}`)
    expect(await lookAt(place.folder, kept.folder, 2)).toMatchObject([{ at: 1, added: 10, fresh: false }])
    utimesSync(place.path('a.txt'), 5, 5)
    expect(await lookAt(place.folder, kept.folder, 3)).toMatchObject([{ at: 1, fresh: false }])
  })

  test('that is read otherwise is a change', async () => {
    using place = folderOf({ 'a.txt': names(10) })
    using kept = folderOf()
    await lookAt(place.folder, kept.folder, 1)
    expect(await lookAt(place.folder, kept.folder, 2, true)).toMatchObject([
      { at: 2, added: 10, removed: 10, fresh: true },
    ])
  })

  test('that cannot be read keeps its last change; one that is gone leaves nothing', async () => {
    using place = folderOf({ 'a.txt': names(10), 'b.txt': names(3) })
    using kept = folderOf()
    await lookAt(place.folder, kept.folder, 1)
    place.write('b.txt', '<html>')
    expect((await lookAt(place.folder, kept.folder, 2))[1]).toMatchObject({ name: 'b.txt', at: 1, rules: 3 })
    const found = await findLists(sourcesOf({ files: [{ path: place.path('a.txt'), kind: 'block', format: 'auto' }] }))
    await changesOf(found.lists, kept.folder, 3)
    expect(readdirSync(kept.folder)).toHaveLength(1)
  })

  test('whose kept numbers are damaged counts as new', async () => {
    using place = folderOf({ 'a.txt': names(10) })
    using kept = folderOf()
    await lookAt(place.folder, kept.folder, 1)
    const [file = ''] = readdirSync(kept.folder)
    writeFileSync(kept.path(file), 'x'.repeat(600))
    expect(await lookAt(place.folder, kept.folder, 2)).toMatchObject([{ at: 2, added: 10, fresh: false }])
    expect(await lookAt(place.folder, kept.folder, 3)).toMatchObject([{ at: 2 }])
  })

  test('from the web is left out: its differences come with its downloads', async () => {
    using place = folderOf({ 'x.list': names(3) })
    using kept = folderOf()
    const file = { path: place.path('x.list'), kind: 'block', format: 'auto', url: 'https://lists.example/x' } as const
    const found = await findLists(sourcesOf({ files: [file], block: ['a.example'] }))
    expect(await changesOf(found.lists, kept.folder, 1)).toEqual([])
  })
})
