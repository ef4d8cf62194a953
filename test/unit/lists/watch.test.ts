import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ListSources } from '../../../src/lists/sources.ts'
import { watchLists } from '../../../src/lists/watch.ts'
import { folderOf, sourcesOf } from './folder.ts'

/** Watches, and gives a promise for each change to come. Short times, so that tests need not wait long. */
function watching(sources: Partial<ListSources>, times = { quiet: 20, patience: 2000, poll: 60_000 }) {
  let changes = 0
  let wake = (): void => undefined
  const watch = watchLists(
    sourcesOf(sources),
    () => {
      changes++
      wake()
    },
    times,
  )
  let seen = 0
  const next = async (): Promise<void> => {
    if (changes === seen) await new Promise<void>((resolve) => (wake = resolve))
    seen++
  }
  return { next, changes: () => changes, [Symbol.dispose]: () => watch.close() }
}

const listed = (path: string) => ({ files: [{ path, kind: 'block', format: 'auto' }] }) as const

describe('watching lists', () => {
  test('tells of a file that is written, added, removed, renamed or replaced', async () => {
    using place = folderOf({ 'a.txt': 'a.example' })
    using watch = watching({ folder: place.folder })
    place.write('a.txt', 'a.example\nb.example')
    await watch.next()
    place.write('b.txt', 'b.example')
    await watch.next()
    unlinkSync(place.path('a.txt'))
    await watch.next()
    renameSync(place.path('b.txt'), place.path('c.txt'))
    await watch.next()
    place.write('c.txt.tmp', 'd.example')
    renameSync(place.path('c.txt.tmp'), place.path('c.txt'))
    await watch.next()
    expect(watch.changes()).toBe(5)
  })

  test('tells of a file of the configuration, also after it was replaced or missing', async () => {
    using place = folderOf({ 'list.txt': 'a.example' })
    const path = place.path('list.txt')
    using watch = watching(listed(path))
    place.write('new', 'b.example')
    renameSync(place.path('new'), path)
    await watch.next()
    unlinkSync(path)
    await watch.next()
    place.write('list.txt', 'c.example')
    await watch.next()
    place.write('list.txt', 'c.example\nd.example')
    await watch.next()
    expect(watch.changes()).toBe(4)
  })

  test('does not tell of files that are no lists, nor of a folder that was merely looked at', async () => {
    using place = folderOf({ 'a.txt': 'a.example' })
    using watch = watching({ folder: place.folder })
    place.write('.a.txt.swp', 'x')
    place.write('a.txt~', 'x')
    mkdirSync(place.path('folder'))
    const { atimeMs, mtimeMs } = statSync(place.path('a.txt'))
    utimesSync(place.path('a.txt'), atimeMs / 1000 + 100, mtimeMs / 1000)
    place.write('b.txt', 'b.example')
    await watch.next()
    place.write('c.txt', 'c.example')
    await watch.next()
    expect(watch.changes()).toBe(2)
  })

  test('tells of many steps as of one change', async () => {
    using place = folderOf()
    using watch = watching({ folder: place.folder }, { quiet: 200, patience: 60_000, poll: 60_000 })
    for (let i = 0; i < 50; i++) place.write('a.txt', 'a.example\n'.repeat(i))
    await watch.next()
    place.write('b.txt', 'b.example')
    await watch.next()
    expect(watch.changes()).toBe(2)
  })

  test('goes on when the folder itself is replaced or comes only later', async () => {
    using place = folderOf()
    const folder = place.path('lists')
    using watch = watching({ folder }, { quiet: 20, patience: 2000, poll: 50 })
    for (const round of [1, 2]) {
      mkdirSync(folder)
      place.write(join('lists', 'a.txt'), `a${round}.example`)
      await watch.next()
      rmSync(folder, { recursive: true })
      await watch.next()
    }
    expect(watch.changes()).toBe(4)
  })

  test('looks from time to time where the system gives no events', async () => {
    using elsewhere = folderOf({ 'a.txt': 'a.example' })
    // A list behind a link: events come for the folder of the link only.
    using place = folderOf()
    symlinkSync(elsewhere.path('a.txt'), place.path('link.txt'))
    using watch = watching({ folder: place.folder }, { quiet: 20, patience: 2000, poll: 50 })
    elsewhere.write('a.txt', 'a.example\nb.example')
    await watch.next()
    expect(watch.changes()).toBe(1)
  })

  test('ends when it is closed', async () => {
    using place = folderOf({ 'a.txt': 'a.example' })
    let told = 0
    watchLists(sourcesOf({ folder: place.folder }), () => told++, { quiet: 1, patience: 100, poll: 1 }).close()
    place.write('a.txt', 'b.example, longer')
    // Another watch that sees the same change is told; the closed one is not.
    using other = watching({ folder: place.folder })
    place.write('a.txt', 'c.example, longer still')
    await other.next()
    expect(told).toBe(0)
  })
})
