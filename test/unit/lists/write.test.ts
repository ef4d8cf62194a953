import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadPolicy } from '../../../src/lists/load.ts'
import { mergeLists } from '../../../src/lists/merge.ts'
import { findLists } from '../../../src/lists/sources.ts'
import { type Losses, TARGETS, type Target, WRITERS } from '../../../src/lists/write/writers.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide, SEED } from '../policy/build.ts'
import { sourcesOf } from './folder.ts'
import { readText } from './reading.ts'

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

  test.each(TARGETS.filter((to) => to === 'adblock'))('decide alike when they are read back: %s', async (to) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { maxLength: 12 }),
        fc.array(rule, { maxLength: 4 }),
        fc.array(name),
        async (block, allow, asked) => {
          const policyOf = async (sources: Parameters<typeof sourcesOf>[0]) => {
            const result = await loadPolicy(sourcesOf(sources), 'refuse', SEED)
            if (result.kind === 'refused') throw new TypeError('refused')
            return openPolicy(result.buffer, result.lists, 1)
          }
          const before = await policyOf({ block, allow })
          const after = await policyOf({ block: (await written(to, block, allow)).lines })
          for (const one of asked) {
            expect(decide(after, one).kind === 'block', one).toBe(decide(before, one).kind === 'block')
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
