import { existsSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compilePolicy } from '../../../src/lists/compiler.ts'
import type { ListSources } from '../../../src/lists/sources.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { until } from '../../support/house/until.ts'
import { decide } from '../policy/build.ts'
import { folderOf, sourcesOf } from './folder.ts'

/** Compiles, and waits for the last that the worker does: nothing is written after that. */
async function compileWhole(sources: ListSources, saved: string) {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const result = await compilePolicy(sources, 'leave-out', saved, { progress: () => {}, changes: resolve })
  if (result.kind === 'compiled') await promise
  return result
}

/** The same of a folder of lists. */
async function compile(folder: string, saved: string) {
  const before = existsSync(saved) ? statSync(saved).mtimeMs : 0
  const result = await compileWhole(sourcesOf({ folder }), saved)
  if (result.kind === 'refused') throw new Error(result.problems[0]?.message)
  const bytes = Buffer.from(new Uint8Array(result.buffer).slice())
  return {
    ...result,
    bytes,
    written: () => until('the policy to be saved', () => existsSync(saved) && statSync(saved).mtimeMs > before),
  }
}

describe('a saved policy', () => {
  test('is taken while no list has changed: the same bytes, lists and problems', async () => {
    using lists = folderOf({ 'ads.txt': 'ads.example\nbroken line\n' })
    using state = folderOf({})
    const saved = join(state.folder, 'deeper', 'policy')
    const first = await compile(lists.folder, saved)
    await first.written()
    const { ms: _, bytes, written: __, buffer, ...rest } = await compile(lists.folder, saved)
    // A new compilation has a new seed, and so other bytes.
    expect(bytes.equals(first.bytes)).toBe(true)
    expect(rest).toMatchObject({ blocked: 1, lists: [{ name: 'ads.txt', rejected: 1 }] })
    expect(rest.problems).toEqual(first.problems)
    expect(decide(openPolicy(buffer, rest.lists, 1), 'ads.example')).toMatchObject({ kind: 'block', line: 1 })
    expect(statSync(saved).mode & 0o777).toBe(0o600)
  })

  test('needs no worker at a start', async () => {
    using lists = folderOf({ 'ads.txt': 'ads.example\n' })
    using state = folderOf({})
    const saved = join(state.folder, 'policy')
    const sources = sourcesOf({ folder: lists.folder })
    let workers = 0
    const count = (): void => void workers++
    process.on('worker', count)
    try {
      await (await compile(lists.folder, saved)).written()
      expect(workers).toBe(1)
      expect(await compilePolicy(sources, 'leave-out', saved)).toMatchObject({ kind: 'compiled', blocked: 1 })
      expect(workers).toBe(1)
    } finally {
      process.off('worker', count)
    }
  })

  test('is passed over when a list has other content, even of the same size and date', async () => {
    using lists = folderOf({ 'ads.txt': 'ads.example\n' })
    using state = folderOf({})
    const saved = join(state.folder, 'policy')
    await (await compile(lists.folder, saved)).written()
    const file = join(lists.folder, 'ads.txt')
    const { atime, mtime } = statSync(file)
    writeFileSync(file, 'bad.example\n')
    utimesSync(file, atime, mtime)
    const second = await compile(lists.folder, saved)
    expect(decide(openPolicy(second.buffer, second.lists, 1), 'bad.example')).toMatchObject({ kind: 'block' })
    await second.written()
  })

  test.each([
    ['cut off', (path: string) => truncateSync(path, statSync(path).size - 1)],
    ['of another byte', (path: string) => flip(path, statSync(path).size - 1)],
    ['of another version', (path: string) => flip(path, 8)],
    ['with lengths that it does not have', (path: string) => flip(path, 51)],
    ['empty', (path: string) => writeFileSync(path, '')],
    ['no policy', (path: string) => writeFileSync(path, 'a'.repeat(1000))],
  ])('that is %s is compiled anew and written again', async (_, damage) => {
    using lists = folderOf({ 'ads.txt': 'ads.example\n' })
    using state = folderOf({})
    const saved = join(state.folder, 'policy')
    const first = await compile(lists.folder, saved)
    await first.written()
    damage(saved)
    const second = await compile(lists.folder, saved)
    expect(second.bytes.equals(first.bytes)).toBe(false)
    await second.written()
    expect((await compile(lists.folder, saved)).bytes.equals(second.bytes)).toBe(true)
  })

  test('tells again which list was left out, and why', async () => {
    using lists = folderOf({ 'page.txt': '<!DOCTYPE html><html></html>\n', 'ads.txt': 'ads.example\n' })
    using state = folderOf({})
    const saved = join(state.folder, 'policy')
    const first = await compile(lists.folder, saved)
    await first.written()
    const second = await compile(lists.folder, saved)
    expect(second).toMatchObject({ blocked: 1, problems: [{ code: 'ASKFIRST_E_LIST_LINE' }] })
    expect(second.bytes.equals(first.bytes)).toBe(true)
  })

  test('is not made where a list cannot be read, and a folder that cannot be written to changes nothing', async () => {
    using state = folderOf({ file: '' })
    const nowhere = join(state.folder, 'file', 'policy')
    using lists = folderOf({ 'ads.txt': 'ads.example\n' })
    expect(await compile(lists.folder, nowhere)).toMatchObject({ blocked: 1 })
    const saved = join(state.folder, 'policy')
    const files = [{ path: lists.path('missing'), kind: 'block', format: 'auto' }] as const
    const sources = sourcesOf({ folder: lists.folder, files })
    for (let i = 0; i < 2; i++) await compileWhole(sources, saved)
    expect(existsSync(saved)).toBe(false)
  })
})

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] as number) ^ 0x55
  writeFileSync(path, bytes)
}
