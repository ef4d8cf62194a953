// Real published lists against counts and names that an independent parser made (../shared/data/README.md).
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { nameFromWire } from '../../../src/base/name.ts'
import { readListFile } from '../../../src/lists/file.ts'
import { FORMATS, type FormatName } from '../../../src/lists/line.ts'
import { loadPolicy } from '../../../src/lists/load.ts'
import { ListReader } from '../../../src/lists/read.ts'
import { openPolicy } from '../../../src/policy/policy.ts'
import { decide, SEED } from '../policy/build.ts'
import { sourcesOf } from './folder.ts'

const DATA = '../shared/data'
const there = existsSync(`${DATA}/blocklists/EXPECTED.json`)

interface Expected {
  readonly format: string
  readonly unique: number
  readonly sha256_of_sorted_unique_lf_joined: string
}
const expected: [string, Expected][] = there
  ? Object.entries<Expected>(JSON.parse(readFileSync(`${DATA}/blocklists/EXPECTED.json`, 'utf8')))
  : []

/** Names that we block and the other parser does not, each with its reason. There are none the other way round. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'blocklists/adblock/adguard-sdn-filter-2019-04-13.txt': [
    // `||банрек.рус^` and three others: the other parser knows ASCII names only; a resolver is asked for the A-labels.
    'xn--80abnuns.xn--p1acf',
    'xn-----7kcnh2ac3afebiffxijf2d6a5e.xn--p1ai',
    'xn--80affy2c3b.xn--p1ai',
    'xn--u1aaw.xn--p1ai',
    // Plain names in an adblock list: counted there as `bare_domain` and left aside. Lists for resolvers have them as
    // names, so they are rules here, for that name only.
    'octopusads.net',
    'us6odtasve.ru',
    't.yesware.com',
  ],
  'blocklists/adblock/easylist-full-2025.txt': [
    // `||admi2fib4exit^`: names of one label are left aside there; with `||` they are top-level domains here.
    'admi2fib4exit',
    'javascriptbasics',
  ],
}

const lists = expected.filter(([, { format }]) => FORMATS.includes(format as FormatName))

async function namesIn(file: string) {
  const names = new Set<string>()
  const wire = new Uint8Array(256)
  const rule = (exception: boolean): boolean => {
    if (!exception) names.add(nameFromWire(wire, 0))
    return true
  }
  const reading = await readListFile(
    `${DATA}/${file}`,
    new ListReader(() => ({ file }), 'auto', { wire, rule, conditional: () => 'taken' }),
  )
  if ('code' in reading) throw new TypeError(reading.message)
  return { names, reading }
}

describe.skipIf(!there)('a published list', () => {
  test.each(lists)('%s gives the names that are expected, and no line of it is rejected', async (file, wanted) => {
    const { names, reading } = await namesIn(file)
    const more = MORE[file] ?? []
    for (const name of more) expect(names.delete(name), name).toBe(true)
    expect(names.size).toBe(wanted.unique)
    const digest = createHash('sha256')
      .update([...names].sort().join('\n'))
      .digest('hex')
    expect(digest).toBe(wanted.sha256_of_sorted_unique_lf_joined)
    expect(reading.rejected).toBe(0)
    expect(reading.formats[0]).toBe(wanted.format)
  })

  test('is there in each of the four formats', () => {
    expect(new Set(lists.map(([, { format }]) => format))).toEqual(new Set(FORMATS))
  })
})

describe.skipIf(!there)('the same list in several formats', async () => {
  const path = (format: string): string => `${DATA}/blocklists/same-list-six-formats/doh-vpn-proxy-bypass.${format}.txt`
  const policyOf = async (format: FormatName) => {
    const result = await loadPolicy(
      sourcesOf({ files: [{ path: path(format), kind: 'block', format: 'auto' }] }),
      'refuse',
      SEED,
    )
    if (result.kind === 'refused') throw new TypeError(result.problems[0]?.message)
    return openPolicy(result.buffer, result.lists, 1)
  }
  const policies = there ? await Promise.all(FORMATS.map(policyOf)) : []
  const [hosts, domains, wildcard, adblock] = policies as [Policy, Policy, Policy, Policy]
  const full = there
    ? [...(await namesIn('blocklists/same-list-six-formats/doh-vpn-proxy-bypass.hosts.txt')).names]
    : []
  const short = there
    ? [...(await namesIn('blocklists/same-list-six-formats/doh-vpn-proxy-bypass.adblock.txt')).names]
    : []
  /** Each name, the names above it, and two under it. */
  const around = (name: string): string[] => {
    const labels = name.split('.')
    return [`www.${name}`, `a.b.${name}`, ...labels.map((_, i) => labels.slice(i).join('.'))]
  }

  test('decides alike as hosts and as plain names: those names only', () => {
    for (const name of full.flatMap(around)) expect(decide(hosts, name).kind, name).toBe(decide(domains, name).kind)
    for (const name of full) expect(decide(hosts, name).kind, name).toBe('block')
    expect(full.filter((name) => decide(hosts, `x-x.${name}`).kind === 'block')).toEqual([])
  })

  test('decides alike as wildcards and as adblock rules: those names and everything under them', () => {
    for (const name of [...full, ...short].flatMap(around)) {
      expect(decide(wildcard, name).kind, name).toBe(decide(adblock, name).kind)
    }
    for (const name of short.flatMap((name) => [name, `www.${name}`]))
      expect(decide(adblock, name).kind, name).toBe('block')
  })

  test('covers with its wildcards every name of the longer form', () => {
    for (const name of full) expect(decide(wildcard, name).kind, name).toBe('block')
  })
})

type Policy = ReturnType<typeof openPolicy>
