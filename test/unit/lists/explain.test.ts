import { describe, expect, test } from 'vitest'
import { explainName } from '../../../src/lists/explain.ts'
import { folderOf, sourcesOf } from './folder.ts'

describe('explaining a name', () => {
  test('tells every rule that matches in every list, as it stands there', async () => {
    using place = folderOf({
      'ads.hosts':
        '# ads\n0.0.0.0 other.example\n0.0.0.0 x.example ads.example y.example # why\n0.0.0.0 b@d ads.example\n',
      'allow.txt': 'ads.example\nb.ads.example\n',
      'wild.txt': '*.example\n||ads.example^\n@@||ads.example^$popup\n@@||example^\n',
    })
    const { rules, problems } = await explainName(
      'ads.example',
      sourcesOf({ folder: place.folder, block: ['*.Example'] }),
    )
    const at = (file: string, line: number, text: string, kind: string, covers: 'name' | 'tree') => ({
      list: file,
      path: place.path(file),
      line,
      text,
      kind,
      covers,
      without: undefined,
    })
    expect(rules).toEqual([
      {
        list: 'lists.block',
        path: undefined,
        line: 1,
        text: '*.Example',
        kind: 'block',
        covers: 'tree',
        without: undefined,
      },
      at('ads.hosts', 3, '0.0.0.0 x.example ads.example y.example # why', 'block', 'name'),
      at('ads.hosts', 4, '0.0.0.0 b@d ads.example', 'block', 'name'),
      at('allow.txt', 1, 'ads.example', 'allow', 'name'),
      at('wild.txt', 1, '*.example', 'block', 'tree'),
      at('wild.txt', 2, '||ads.example^', 'block', 'tree'),
      at('wild.txt', 4, '@@||example^', 'allow', 'tree'),
    ])
    expect(problems).toEqual([])
  })

  test('finds rules above a name only where they cover its sub-domains', async () => {
    const sources = sourcesOf({
      block: ['example', 'b.example', '*.b.example', 'a.b.example', '*.a.b.example', '*.xb.example'],
    })
    const { rules } = await explainName('a.b.example', sources)
    expect(rules.map(({ text }) => text)).toEqual(['*.b.example', 'a.b.example', '*.a.b.example'])
    expect((await explainName('.', sources)).rules).toEqual([])
  })

  test('says what each rule covers, and which let pass', async () => {
    using place = folderOf({
      'a.txt': '||ads.example^$dnstype=A\n/^ads/\n||*.example^\n*$denyallow=com\n@@||ads.example^$dnsrewrite\n',
      'z.rpz': '$TTL 60\n@ SOA a. b. 1 2 3 4 5\nads.example CNAME rpz-passthru.\n*.example CNAME .\n',
    })
    const { rules } = await explainName('ads.example', sourcesOf({ folder: place.folder }))
    expect(rules.map(({ kind, covers }) => `${kind} ${covers}`)).toEqual([
      'block tree',
      'block pattern',
      'block below',
      'block every',
      'allow tree',
      'allow name',
      'block below',
    ])
  })

  test('knows rules that are taken back, in whatever list, and answers that a list may not give', async () => {
    using place = folderOf({
      'a.txt': '||ads.example^\nads.example\n||ads.example^$dnstype=A\n||ads.example^$dnsrewrite=192.0.2.7\n',
      'z.txt': '||ads.example^$badfilter\n||ads.example^$dnstype=A,badfilter\n',
    })
    const files = [{ path: place.path('a.txt'), kind: 'block', format: 'auto', rewrites: false }] as const
    const { rules } = await explainName('ads.example', { ...sourcesOf({ folder: place.folder }), files })
    expect(rules.map(({ line, without }) => [line, without])).toEqual([
      [1, 'badfilter'],
      [2, undefined],
      [3, 'badfilter'],
      [4, 'rewrites'],
    ])
  })

  test('tells lists that cannot be read, and goes on with the others', async () => {
    using place = folderOf({ 'a.txt': '<html>', 'b.txt': 'ads.example' })
    const { rules, problems } = await explainName('ads.example', sourcesOf({ folder: place.folder }))
    expect(rules).toMatchObject([{ list: 'b.txt' }])
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_LIST_LINE', place: { file: place.path('a.txt') } }])
  })

  test('shows hostile lines escaped and cut, and a bounded number of them', async () => {
    const line = `0.0.0.0 ads.example # \u001b[31m${'x'.repeat(1000)}\n`
    using place = folderOf({ 'a.txt': line.repeat(1000) })
    const { rules } = await explainName('ads.example', sourcesOf({ folder: place.folder }))
    expect(rules).toHaveLength(100)
    expect(rules[0]?.text).toMatch(/^0\.0\.0\.0 ads\.example # \\u001b\[31mx+…$/)
    expect(rules[0]?.text.length).toBeLessThan(300)
  })
})
