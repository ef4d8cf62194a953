import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../../src/lists/load.ts'
import { type LoadProgress, paced } from '../../../src/lists/load-progress.ts'
import type { Log } from '../../../src/log.ts'
import { showLoading } from '../../../src/server/show-loading.ts'
import { TestClock } from '../../support/in-memory.ts'
import { folderOf, sourcesOf } from './folder.ts'

const at = (bytes: number): LoadProgress => ({ list: 'big\u001b.txt', number: 2, of: 3, bytes })

describe('progress of loading', () => {
  test('tells the list, the how many-th it is, and what was read so far', async () => {
    const text = `${'0.0.0.0 ads.example\n'.repeat(20_000)}`
    using place = folderOf({ 'a.hosts': text, 'b.hosts': text })
    const seen: LoadProgress[] = []
    await loadPolicy(sourcesOf({ folder: place.folder }), 'refuse', [1, 2, 3], (progress) => seen.push(progress))
    expect(seen[0]).toMatchObject({ list: 'a.hosts', number: 1, of: 2 })
    expect(seen.at(-1)).toEqual({ list: 'b.hosts', number: 2, of: 2, bytes: 2 * text.length })
    expect(seen.map(({ bytes }) => bytes)).toEqual(seen.map(({ bytes }) => bytes).sort((a, b) => a - b))
  })

  test('is told where it takes longer than a second, and twice a second then', () => {
    const clock = new TestClock()
    const told: number[] = []
    const tell = paced(({ bytes }) => told.push(bytes), clock.ticks)
    for (let i = 0; i <= 25; i++) {
      tell(at(i))
      clock.advance(100)
    }
    expect(told).toEqual([10, 15, 20, 25])
  })

  test('is one line on a terminal, gone when it is over, and safe to show', () => {
    let text = ''
    const screen = { isTTY: true, write: (more: string) => (text += more) }
    const loading = showLoading(screen, {} as Log, new TestClock())
    loading.over()
    expect(text).toBe('')
    loading.progress(at(45 * 1024 ** 2))
    expect(text).toBe('\r\u001b[Kloading lists: 2 of 3, 45 MiB, big\\u001b.txt')
    loading.over()
    expect(text.endsWith('\r\u001b[K')).toBe(true)
  })

  test('elsewhere is a log line now and then, and nothing is written past the log', () => {
    const clock = new TestClock()
    const lines: object[] = []
    const log = { info: (fields: object) => lines.push(fields) } as unknown as Log
    const screen = {
      write: () => {
        throw new Error('written')
      },
    }
    const loading = showLoading(screen, log, clock)
    for (let i = 0; i < 12; i++) {
      loading.progress(at(i))
      clock.advance(500)
    }
    loading.over()
    expect(lines).toEqual([0, 10].map((bytes) => ({ list: 'big\\u001b.txt', number: 2, of: 3, bytes })))
  })
})
