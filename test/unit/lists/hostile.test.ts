// Lists that somebody made to do harm: each is refused, or bounded, and named; nothing of the policy changes.
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../../src/lists/load.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide, SEED } from '../policy/build.ts'
import { folderOf, sourcesOf } from './folder.ts'
import { readerInto, readText } from './reading.ts'

/** A policy of one good list and this one, at a start; and what a reload with it comes to. */
async function beside(content: string | Uint8Array) {
  using place = folderOf({ 'good.txt': 'ads.example\n', 'hostile.txt': content })
  const sources = sourcesOf({ folder: place.folder })
  const started = await loadPolicy(sources, 'leave-out', SEED)
  if (started.kind === 'refused') throw new TypeError('nothing at all')
  const reloaded = await loadPolicy(sources, 'refuse', SEED)
  const policy = openPolicy(started.buffer, started.lists, 1)
  return { started, reloaded, blocks: (name: string) => decide(policy, name).kind === 'block' }
}

describe('a hostile list', () => {
  test.each([
    ['a web page', '<!DOCTYPE html><html><body>sign in</body></html>'],
    ['zeros', new Uint8Array(100_000)],
    ['text in UTF-16', Buffer.from('\ufeffads.example\nb.example\n', 'utf16le')],
    ['a gzip file within another', gzipSync(gzipSync('ads.example'))],
    ['broken gzip', gzipSync('ads.example\n'.repeat(1000)).subarray(0, 60)],
    ['JSON that is cut off', '["ads.example", "b.example"'],
    ['JSON within JSON within JSON', '['.repeat(1_000_000)],
  ])('that is %s is refused and named, and the others stay', async (_, content) => {
    const { started, reloaded, blocks } = await beside(content)
    expect(blocks('ads.example')).toBe(true)
    expect(started.problems).toHaveLength(1)
    expect(started.problems[0]?.place?.file).toMatch(/hostile\.txt$/)
    expect(reloaded).toMatchObject({ kind: 'refused', problems: [{ place: started.problems[0]?.place }] })
  })

  test('with ten million lines that are nothing is refused after a million of them', () => {
    const chunk = Buffer.from('no rule at all\n'.repeat(10_000))
    const reader = readerInto([])
    let problem: ReturnType<typeof reader.push>
    let chunks = 0
    for (; problem === undefined && chunks < 1000; chunks++) problem = reader.push(chunk)
    expect(problem).toMatchObject({ code: 'ASKFIRST_E_LIST_LINE', place: { file: 'list.txt' } })
    expect(chunks).toBe(101)
  })

  test('with lines of a megabyte has those rejected, and the rest counts', () => {
    const long = 'a.'.repeat(2 ** 19)
    const { rules, rejected } = readText(`${long}\nads.example\n||${long}^\n0.0.0.0 ${long}\nb.example`)
    expect(rules).toEqual(['block ads.example', 'block b.example'])
    expect(rejected).toBe(3)
  })

  test('with NULs and other control characters among its lines has those rejected', () => {
    const { rules, rejected, problems } = readText(
      `# list${' '.repeat(5000)}\nads\0.example\n\u0007b.example\nc.example\n`,
    )
    expect(rules).toEqual(['block c.example'])
    expect(rejected).toBe(2)
    expect(problems.map(({ message }) => message).join()).not.toMatch(/[\0\u0007]/)
  })

  test('of patterns that would take for ever is read in seconds, and says that there are too many', () => {
    const bombs = ['(a+)+$', '(x{1,30}){1,30}', '([a-z]+)*b', 'a{999}', '(?i)(\\w|\\d|_)*!']
    const started = performance.now()
    const text = Array.from({ length: 200_000 }, (_, i) => `/${bombs[i % bombs.length]}${i}/`).join('\n')
    const { rules, rejected, problems } = readText(text)
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(rules.length).toBeLessThan(25_000)
    expect(rejected).toBe(200_000 - rules.length)
    expect(problems.some(({ message }) => /repeat|more lines/.test(message))).toBe(true)
  })
})
