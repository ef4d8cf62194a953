import { describe, expect, test } from 'vitest'
import { compilePolicy } from '../../../src/lists/compiler.ts'
import type { ListChange } from '../../../src/lists/list-changes.ts'
import type { ListSources } from '../../../src/lists/sources.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide } from '../policy/build.ts'
import { folderOf, sourcesOf } from './folder.ts'

describe('the compile worker', () => {
  test('hands over a policy in shared memory, with its lists and problems', async () => {
    using place = folderOf({ 'ads.txt': '0.0.0.0 ads.example\nbroken line\n', 'allow.txt': '*.good.example\n' })
    const result = await compilePolicy(sourcesOf({ folder: place.folder }), 'refuse')
    if (result.kind === 'refused') expect.fail(result.problems[0]?.message)
    expect(result.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(result).toMatchObject({ blocked: 1, allowed: 1, lists: [{ name: 'ads.txt' }, { name: 'allow.txt' }] })
    expect(result.problems).toMatchObject([{ code: 'ASKFIRST_E_LIST_LINE', place: { line: 2 } }])
    expect(result.ms).toBeGreaterThan(0)
    const policy = openPolicy(result.buffer, result.lists, 3)
    expect(decide(policy, 'ads.example')).toMatchObject({ kind: 'block', list: 0, line: 1 })
    expect(decide(policy, 'a.good.example')).toMatchObject({ kind: 'allow', list: 1, line: 1 })
  })

  test('tells after the result how list files have changed, where it may keep something', async () => {
    using place = folderOf({ 'ads.txt': 'a.example\nb.example\n' })
    using state = folderOf()
    const compile = () =>
      new Promise<readonly ListChange[]>((resolve) => {
        const events = { progress: () => {}, changes: resolve }
        void compilePolicy(sourcesOf({ folder: place.folder }), 'refuse', state.path('policy'), events)
      })
    expect(await compile()).toMatchObject([{ path: place.path('ads.txt'), rules: 2, added: 2, fresh: false }])
    place.write('ads.txt', 'b.example\nc.example\nd.example\n')
    expect(await compile()).toMatchObject([{ rules: 3, added: 2, removed: 1, fresh: true }])
    // From the saved policy too, and found before.
    expect(await compile()).toMatchObject([{ rules: 3, added: 2, removed: 1, fresh: false }])
  })

  test('uses a new seed each time', async () => {
    const sources = sourcesOf({ block: ['ads.example'] })
    const buffers = await Promise.all([1, 2].map(() => compilePolicy(sources, 'refuse')))
    const [one, other] = buffers.map((result) =>
      result.kind === 'compiled' ? new Uint8Array(result.buffer) : undefined,
    )
    expect(one).toBeDefined()
    expect(one).not.toEqual(other)
  })

  test('refuses, and does not fail, where a list is broken', async () => {
    const files = [{ path: '/nonexistent/list', kind: 'block', format: 'auto' }] as const
    expect(await compilePolicy(sourcesOf({ files }), 'refuse')).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'ASKFIRST_E_LIST_READ' }],
    })
  })

  test('that fails itself is a refusal too', async () => {
    const broken = { ...sourcesOf({}), block: [null] } as unknown as ListSources
    expect(await compilePolicy(broken, 'leave-out')).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'ASKFIRST_E_INTERNAL' }],
    })
  })
})
