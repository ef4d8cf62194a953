import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../../src/lists/load.ts'
import { mergeLists } from '../../../src/lists/merge.ts'
import { findLists } from '../../../src/lists/sources.ts'
import { TARGETS, type Target } from '../../../src/lists/write/targets.ts'
import { type Losses, WRITERS } from '../../../src/lists/write/writers.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide, SEED } from '../policy/build.ts'
import { folderOf, sourcesOf } from './folder.ts'
import { readText, ruleText } from './reading.ts'

async function written(to: Target, block: readonly string[], allow: readonly string[] = []) {
  const { lists } = await findLists(sourcesOf({ block, allow }))
  const { merged, problems } = await mergeLists(lists)
  expect(problems).toEqual([])
  const losses: Losses = { trees: 0, exceptions: 0, conditional: 0 }
  return { lines: [...WRITERS[to](merged, losses)], losses }
}

const rulesOf = async (to: Target, block: readonly string[], allow: readonly string[] = []) =>
  readText((await written(to, block, allow)).lines.join('\n')).rules

describe('the merged lists', () => {
  test('leave out what stands twice, is covered, or is allowed', async () => {
    const block = [
      'ads.example',
      '*.ads.example',
      'x.ads.example',
      '*.y.ads.example',
      'ok.example',
      'b.example',
      'b.example',
    ]
    expect(
      await rulesOf('adblock', block, ['*.ok.example', 'never.example', '*.z.ads.example', 'q.ads.example']),
    ).toEqual(['block *.ads.example', 'block b.example', 'allow *.z.ads.example', 'allow q.ads.example'])
  })

  test('say of a name either that it is blocked or where it leads, as the first list does, and in one list the latter', async () => {
    const zone = ['local-zone: "a.example" redirect', 'local-data: "a.example CNAME safe.example"', '*.b.example']
    const { lines } = await written('rpz', zone)
    expect(lines.slice(-4)).toEqual([
      'b.example CNAME .',
      '*.b.example CNAME .',
      'a.example CNAME safe.example.',
      '*.a.example CNAME safe.example.',
    ])
    using place = folderOf({
      '1.txt': '||a.example^\n||b.example^$dnsrewrite=192.0.2.7',
      '2.txt': '||b.example^\n||a.example^$dnsrewrite=192.0.2.8',
    })
    const { lists } = await findLists(sourcesOf({ folder: place.folder }))
    const { merged } = await mergeLists(lists)
    expect(merged.trees).toEqual(['a.example'])
    expect(merged.conditional.map(ruleText)).toEqual(['records(A 192.0.2.7) *.b.example'])
  })

  test('say the same as an RPZ, a list for unbound or dnsmasq, and an adblock list', async () => {
    const block = ['*.ads.example', 'b.example']
    const allow = ['*.z.ads.example']
    const same = ['block *.ads.example', 'block b.example', 'allow *.z.ads.example']
    expect(await rulesOf('adblock', block, allow)).toEqual(same)
    expect(await rulesOf('dnsmasq', block, allow)).toEqual(same)
    expect([...new Set(await rulesOf('unbound', block, allow))]).toEqual(same)
    expect(await rulesOf('rpz', block, allow)).toEqual([
      'block ads.example',
      'block *.ads.example',
      'block b.example',
      'passthru z.ads.example',
      'passthru ?.z.ads.example',
    ])
  })

  test('keep conditions and actions where the format has them, and count them where it has not', async () => {
    const block = [
      '||a.example^$dnstype=AAAA',
      '||b.example^$important',
      '||c.example^$dnsrewrite=NXDOMAIN',
      '||d.example^$dnsrewrite=192.0.2.7',
      '||e.example^$dnsrewrite=NOERROR;TXT;two words',
      '||f.example^$client=192.0.2.0/24|~tv,denyallow=x.f.example',
      '/^ads[0-9]/',
      '2001:db8:0:1::/64',
      '192.0.2.9',
      '||g.example^$dnsrewrite=safe.example',
    ]
    expect(await rulesOf('adblock', block)).toEqual([
      'block *.a.example if type AAAA',
      'block *.b.example if important',
      'nxdomain *.c.example',
      'records(A 192.0.2.7) *.d.example',
      'records(TXT two words) *.e.example',
      'block *.f.example if client 192.0.2.0/24 ~tv, not under x.f.example',
      'block /^ads[0-9]/',
      'block 192.0.2.9/32',
      'alias(safe.example) *.g.example',
    ])
    expect((await rulesOf('rpz', block)).filter((rule) => !/^block c/.test(rule))).toEqual([
      'block *.c.example',
      'records(A 192.0.2.7) d.example',
      'records(A 192.0.2.7) ?.d.example',
      'records(TXT two words) e.example',
      'records(TXT two words) ?.e.example',
      'nxdomain 2001:db8:0:1::/64',
      'nxdomain 192.0.2.9/32',
      'alias(safe.example) g.example',
      'alias(safe.example) ?.g.example',
    ])
    expect((await written('hosts', block)).losses.conditional).toBe(10)
    expect((await written('adblock', block)).losses.conditional).toBe(1)
  })

  test('give an owner of a response policy zone to one rule, or to records that stand together', async () => {
    const block = [
      'alone.example',
      '||alone.example^$dnsrewrite=safe.example',
      '*.tree.example',
      '|tree.example^$dnsrewrite=safe.example',
      'passed.example',
      '@@||passed.example^$dnsrewrite',
      '||two.example^$dnsrewrite=192.0.2.7',
      '||two.example^$dnsrewrite=NOERROR;AAAA;2001:db8::7',
      '||first.example^$dnsrewrite=one.example',
      '||first.example^$dnsrewrite=other.example',
    ]
    const { lines } = await written('rpz', block)
    const of = (name: string): string[] => lines.filter((line) => line.includes(name) && !line.startsWith(';')).sort()
    expect(of('alone.example')).toEqual(['*.alone.example CNAME safe.example.', 'alone.example CNAME .'])
    expect(of('tree.example')).toEqual(['*.tree.example CNAME .', 'tree.example CNAME safe.example.'])
    expect(of('two.example')).toEqual([
      '*.two.example A 192.0.2.7',
      '*.two.example AAAA 2001:db8::7',
      'two.example A 192.0.2.7',
      'two.example AAAA 2001:db8::7',
    ])
    expect(of('first.example')).toEqual(['*.first.example CNAME one.example.', 'first.example CNAME one.example.'])
    const owners = lines.filter((line) => line.includes(' CNAME ')).map((line) => line.split(' ')[0])
    expect(new Set(owners).size).toBe(owners.length)
  })

  test('tell what plain names cannot say', async () => {
    const { lines, losses } = await written('hosts', ['*.ads.example', 'b.example'], ['q.ads.example'])
    expect(lines.slice(1)).toEqual(['0.0.0.0 ads.example', '0.0.0.0 b.example'])
    expect(losses).toEqual({ trees: 1, exceptions: 1, conditional: 0 })
    expect((await written('domains', ['b.example', 'ok.example'], ['ok.example'])).lines.slice(1)).toEqual([
      'b.example',
    ])
  })

  test('never carry control characters along', async () => {
    const { lines, losses } = await written('adblock', ['/ads\u001b2J/', 'b.example'])
    expect(lines.join('')).not.toContain('\u001b')
    expect(losses.conditional).toBe(1)
  })

  const name = fc
    .array(fc.constantFrom('a', 'b', 'ads'), { minLength: 1, maxLength: 3 })
    .map((labels) => `${labels.join('.')}.example`)
  const rule = fc.tuple(fc.boolean(), name).map(([tree, text]) => (tree ? `*.${text}` : text))

  /** What a format may say otherwise than the lists, where it can say less. */
  const mayDiffer = (to: Target, asked: string, block: readonly string[], allow: readonly string[]): boolean => {
    if (to === 'rpz' || to === 'adblock') return false
    // Plain names have nothing for what lies under one, so nothing to take out of it either.
    if (to === 'hosts' || to === 'domains') return !block.some((rule) => rule.replace('*.', '') === asked)
    return allow.some((rule) => asked.endsWith(`.${rule}`))
  }

  test.each(TARGETS)('decide alike when they are read back, but for what the format cannot say: %s', async (to) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { maxLength: 12 }),
        fc.array(rule, { maxLength: 4 }),
        fc.array(name),
        async (block, allow, others) => {
          const policyOf = async (sources: Parameters<typeof sourcesOf>[0]) => {
            const result = await loadPolicy(sourcesOf(sources), 'refuse', SEED)
            if (result.kind === 'refused') throw new TypeError('refused')
            expect(result.problems).toEqual([])
            return openPolicy(result.buffer, result.lists, 1, result.conditionals)
          }
          const before = await policyOf({ block, allow })
          const { lines } = await written(to, block, allow)
          const after = await policyOf({ block: lines })
          const stated = [...block, ...allow].map((one) => one.replace('*.', ''))
          for (const one of [...others, ...stated, ...stated.map((above) => `x.${above}`)]) {
            const [now, then] = [decide(after, one).kind === 'block', decide(before, one).kind === 'block']
            if (mayDiffer(to, one, block, allow)) expect(now && !then, one).toBe(false)
            else expect(now, one).toBe(then)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  /** Lines of adblock rules with conditions and answers of their own. */
  const option = fc.constantFrom(
    ...[
      'important',
      'dnstype=AAAA',
      'dnstype=~A|~TXT',
      'client=192.168.1.0/24',
      "client='tv\\, big'|~kid",
      'denyallow=x.a.example',
    ],
    ...[
      'dnsrewrite=NXDOMAIN',
      'dnsrewrite=NOERROR',
      'dnsrewrite=192.0.2.7',
      'dnsrewrite=2001:db8::7',
      'dnsrewrite=safe.example',
    ],
    ...[
      'dnsrewrite=NOERROR;TXT;two\\, words',
      'dnsrewrite=NOERROR;MX;10 mail.example',
      'dnsrewrite=NOERROR;SRV;1 2 53 a.example',
    ],
    ...['dnsrewrite=NOERROR;PTR;a.example.'],
  )
  const conditional = fc
    .tuple(
      fc.constantFrom('', '', '@@'),
      fc.oneof(
        name.map((text) => `||${text}^`),
        name.map((text) => `|${text}^`),
        name.map((text) => `||*.${text}^`),
        fc.constantFrom('/^ads[0-9]+\\./', '||192.0.2.9^', '*', 'ads*.example'),
      ),
      fc.uniqueArray(option, { minLength: 1, maxLength: 3, selector: (text) => text.split('=')[0] }),
    )
    .map(([exception, pattern, options]) => `${exception}${pattern}$${options.join(',')}`)

  test('of rules with conditions and answers say every rule again in an adblock list, or count it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(conditional, { maxLength: 8 }), async (lines) => {
        const before = readText(lines.join('\n'))
        fc.pre(before.rejected === 0)
        const { lines: again, losses } = await written('adblock', lines)
        const [wanted, got] = [new Set(before.rules), new Set(readText(again.join('\n')).rules)]
        for (const rule of got) expect([...wanted]).toContain(rule)
        expect(wanted.size - got.size, [...wanted].filter((rule) => !got.has(rule)).join('; ')).toBe(losses.conditional)
      }),
      { numRuns: 300 },
    )
  })

  test('of rules with conditions and answers say in a response policy zone what it can, and no rule otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(conditional, { maxLength: 8 }), async (lines) => {
        fc.pre(readText(lines.join('\n')).rejected === 0)
        const { lines: zone, losses } = await written('rpz', lines)
        const reading = readText(zone.join('\n'))
        expect(reading.rejected).toBe(0)
        expect(losses.conditional).toBeLessThanOrEqual(new Set(lines).size)
        for (const rule of reading.rules) expect(rule).not.toMatch(/ if (?!client)/)
      }),
      { numRuns: 200 },
    )
  })

  test('cut no hole into what a response policy zone covers', async () => {
    const { lines } = await written(
      'rpz',
      ['||tree.example^', '||t.a.b.tree.example^$dnsrewrite=192.0.2.7'],
      ['one.deep.tree.example'],
    )
    expect(lines.slice(4).toSorted()).toEqual(
      [
        'tree.example CNAME .',
        '*.tree.example CNAME .',
        'one.deep.tree.example CNAME rpz-passthru.',
        '*.one.deep.tree.example CNAME .',
        'deep.tree.example CNAME .',
        '*.deep.tree.example CNAME .',
        't.a.b.tree.example A 192.0.2.7',
        '*.t.a.b.tree.example A 192.0.2.7',
        'a.b.tree.example CNAME .',
        '*.a.b.tree.example CNAME .',
        'b.tree.example CNAME .',
        '*.b.tree.example CNAME .',
      ].toSorted(),
    )
  })
})
