import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { difference, digestOf, overlaps } from '../../../src/lists/digest.ts'
import type { FoundList } from '../../../src/lists/sources.ts'

const inline = (rules: readonly string[], subdomains = false): FoundList =>
  ({ name: 'x', kind: 'block', format: 'auto', subdomains, path: undefined, rules }) as unknown as FoundList

async function rulesOf(...rules: string[]): Promise<Float64Array> {
  const digest = await digestOf(inline(rules))
  if ('code' in digest) throw new TypeError(digest.message)
  return digest.rules
}

describe('the digest of a list', () => {
  test('has each rule once, whatever line it stands in', async () => {
    const rules = await rulesOf(
      'ads.example',
      '0.0.0.0 ADS.example',
      '*.ads.example',
      '@@|ads.example^',
      '/^ads/',
      '/^ads/',
    )
    expect(rules).toHaveLength(4)
    expect([...rules]).toEqual([...rules].sort((a, b) => a - b))
  })

  test('tells what was added and removed', async () => {
    const before = await rulesOf('a.example', 'b.example', 'c.example')
    const after = await rulesOf('b.example', 'c.example', 'd.example', '||x.example^$dnstype=A')
    expect(difference(before, after)).toEqual({ added: 2, removed: 1 })
    expect(difference(before, before)).toEqual({ added: 0, removed: 0 })
    expect(difference(new Float64Array(), after)).toEqual({ added: 4, removed: 0 })
  })

  test('tells what lists have in common', async () => {
    const lists = await Promise.all([
      rulesOf('a.example', 'b.example', 'c.example'),
      rulesOf('b.example'),
      rulesOf('b.example', 'c.example', 'z.example'),
    ])
    expect(overlaps([...lists, undefined])).toEqual([
      {
        unique: 1,
        shared: [
          { list: 2, rules: 2 },
          { list: 1, rules: 1 },
        ],
      },
      { unique: 0, shared: expect.any(Array) },
      { unique: 1, shared: expect.any(Array) },
      { unique: 0, shared: [] },
    ])
  })

  test('counts as sets do', async () => {
    const names = fc.array(fc.integer({ min: 0, max: 40 }).map((i) => `n${i}.example`))
    await fc.assert(
      fc.asyncProperty(names, names, async (one, other) => {
        const [a, b] = [new Set(one), new Set(other)]
        const added = [...b].filter((name) => !a.has(name)).length
        const removed = [...a].filter((name) => !b.has(name)).length
        expect(difference(await rulesOf(...one), await rulesOf(...other))).toEqual({ added, removed })
      }),
    )
  })
})
