import { appendFileSync, renameSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { readListFile } from '../../../src/lists/file.ts'
import { ListReader } from '../../../src/lists/read.ts'
import { folderOf } from './folder.ts'
import { readerInto } from './reading.ts'

/** A reader that does something at its first rule. */
const readerThat = (act: () => void): ListReader => {
  let done = false
  const rule = (): boolean => {
    if (!done) act()
    done = true
    return true
  }
  return new ListReader(() => ({}), 'auto', { wire: new Uint8Array(256), rule, conditional: () => 'taken' })
}

describe('a list file', () => {
  test('gives every line, whatever its size, packed or not', async () => {
    for (const count of [0, 1, 2, 40_000]) {
      const text = Array.from({ length: count }, (_, i) => `name-${i}.example`).join('\n')
      using place = folderOf({ plain: text, packed: gzipSync(text) })
      for (const name of ['plain', 'packed']) {
        const rules: string[] = []
        expect(await readListFile(place.path(name), readerInto(rules))).toMatchObject({ lines: count, rejected: 0 })
        expect(rules).toHaveLength(count)
        expect(rules.at(-1)).toBe(count === 0 ? undefined : `block name-${count - 1}.example`)
      }
    }
  })

  test('that is written to while it is read is not used', async () => {
    using place = folderOf({ list: 'a.example\nb.example\n' })
    const path = place.path('list')
    expect(
      await readListFile(
        path,
        readerThat(() => appendFileSync(path, 'c.example\n')),
      ),
    ).toMatchObject({
      code: 'ASKFIRST_E_LIST_READ',
      message: expect.stringContaining('changed while it was read'),
    })
  })

  test('that is replaced or goes while it is read is not used', async () => {
    using place = folderOf({ list: 'a.example\n', other: 'b.example\n' })
    const [path, other] = [place.path('list'), place.path('other')]
    expect(
      await readListFile(
        path,
        readerThat(() => renameSync(other, path)),
      ),
    ).toMatchObject({ code: 'ASKFIRST_E_LIST_READ' })
    expect(
      await readListFile(
        path,
        readerThat(() => renameSync(path, other)),
      ),
    ).toMatchObject({ code: 'ASKFIRST_E_LIST_READ' })
  })

  test('that stays as it is is used', async () => {
    using place = folderOf({ list: 'a.example\n' })
    expect(
      await readListFile(
        place.path('list'),
        readerThat(() => undefined),
      ),
    ).toMatchObject({ lines: 1 })
  })
})
