import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileCommand, lintCommand } from '../../../src/list-commands.ts'
import { lintList } from '../../../src/lists/lint.ts'
import { listFrom } from '../../../src/lists/sources.ts'
import { folderOf } from './folder.ts'

const LIST = `# a list
ads.example
ads.example
*.b.example
x.b.example
@@||ok.example^
ok.example
no rule at all
||y.example^$third-party
/^ads/
`

function terminal() {
  const said = { out: '', err: '' }
  const stream = (to: 'out' | 'err') => ({
    write: (text: string) => {
      said[to] += text
    },
  })
  return { said, out: stream('out'), err: stream('err'), env: {} }
}

describe('a check of a list', () => {
  test('finds rules by kind, rejects with their lines, and what is said twice or for nothing', async () => {
    using place = folderOf({ 'x.txt': LIST })
    const report = await lintList(listFrom({ path: place.path('x.txt'), kind: 'block', format: 'auto' }))
    expect(report).toMatchObject({
      lines: 10,
      rules: { names: 4, trees: 2, conditional: 1, exceptions: 1 },
      rejected: 1,
      skipped: { modifier: 1 },
      problems: [{ place: { line: 8 } }],
      twice: { count: 1, examples: [{ line: 3, name: 'ads.example' }] },
      covered: { count: 1, examples: [{ line: 5, name: 'x.b.example' }] },
      contrary: { count: 1, examples: [{ line: 7, name: 'ok.example' }] },
    })
  })

  test('ends well only where every line is understood', async () => {
    using place = folderOf({ 'x.txt': LIST, 'good.txt': 'ads.example\n', 'page.txt': '<html>' })
    const { said, ...to } = terminal()
    expect(await lintCommand(place.path('x.txt'), { format: 'auto', json: false }, to)).toBe(1)
    expect(said.out).toContain(
      '4 rules for a name alone, 2 with everything under it, 1 with conditions; 1 of all allow',
    )
    expect(said.out).toContain('x.txt:8: several words')
    expect(await lintCommand(place.path('good.txt'), { format: 'auto', json: false }, to)).toBe(0)
    expect(await lintCommand(place.path('page.txt'), { format: 'auto', json: false }, to)).toBe(1)
    expect(said.err).toContain('HTML')
    const { said: json, ...asJson } = terminal()
    await lintCommand(place.path('good.txt'), { format: 'domains', json: true }, asJson)
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, rules: { names: 1 }, confidence: 1 })
  })
})

describe('the command that writes lists for other resolvers', () => {
  test('writes files or the lists of a configuration, whole, and says what was lost', async () => {
    using place = folderOf({
      'a.txt': '*.ads.example\n',
      'allow.txt': 'b.example\n',
      'list.txt': 'b.example\nc.example\n',
      'conf.yaml':
        'lists:\n  folder: null\n  files: [{ path: a.txt }, { path: list.txt }, { path: allow.txt, kind: allow }]\n',
    })
    const { said, ...to } = terminal()
    const options = { to: 'hosts' as const, output: undefined }
    expect(
      await compileCommand('', [place.path('a.txt'), place.path('list.txt'), place.path('allow.txt')], options, to),
    ).toBe(0)
    expect(said.out.split('\n').slice(1)).toEqual(['0.0.0.0 ads.example', '0.0.0.0 c.example', ''])
    expect(said.err).toMatch(/^1 names came out without what lies under them/)
    expect(
      await compileCommand(place.path('conf.yaml'), [], { to: 'unbound', output: place.path('out.conf') }, to),
    ).toBe(0)
    expect(readFileSync(place.path('out.conf'), 'utf8')).toContain(
      'local-zone: "ads.example." always_null\nlocal-data: "c.example. A 0.0.0.0"',
    )
  })

  test('writes nothing where a list cannot be read', async () => {
    using place = folderOf({ 'a.txt': 'ads.example\n' })
    const { said, ...to } = terminal()
    expect(
      await compileCommand('', [place.path('a.txt'), place.path('gone.txt')], { to: 'domains', output: undefined }, to),
    ).toBe(1)
    expect(said.out).toBe('')
    expect(said.err).toContain('ASKFIRST_E_LIST_READ')
  })
})
