// Real published lists against counts and names that an independent parser made (../shared/data/README.md).
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parsePrefix, prefixText } from '../../../src/base/address.ts'
import { nameFromWire, parseName } from '../../../src/base/name.ts'
import { readListFile } from '../../../src/lists/file.ts'
import { loadPolicy } from '../../../src/lists/load.ts'
import { ListReader, type ListSink } from '../../../src/lists/read.ts'
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

/** A name, or an address or range, as we write it. */
const canonical = (text: string): string => {
  const prefix = parsePrefix(text)
  if (prefix !== undefined) return prefixText(prefix).replace(/\/(32|128)$/, '')
  return parseName(text.replace(/^\./, '')) ?? text
}

async function namesIn(file: string) {
  const names = new Set<string>()
  const addresses = new Set<string>()
  const wire = new Uint8Array(256)
  const rule = (exception: boolean): boolean => {
    if (!exception) names.add(nameFromWire(wire, 0))
    return true
  }
  const conditional: ListSink['conditional'] = ({ target }) => {
    if (target.kind === 'address') addresses.add(prefixText(target.prefix).replace(/\/(32|128)$/, ''))
    return 'taken'
  }
  const reading = await readListFile(
    `${DATA}/${file}`,
    new ListReader(() => ({ file }), 'auto', { wire, rule, conditional }),
  )
  if ('code' in reading) throw new TypeError(reading.message)
  return { names, addresses, reading }
}

describe.skipIf(!there)('a published list', () => {
  test.each(expected)('%s gives the names that are expected, and no line of it is rejected', async (file, wanted) => {
    const found = await namesIn(file)
    const { reading } = found
    const names = wanted.format === 'ip' ? found.addresses : found.names
    const more = MORE[file] ?? []
    for (const name of more) expect(names.delete(name), name).toBe(true)
    expect(names.size).toBe(wanted.unique)
    const digest = createHash('sha256')
      .update([...names].sort().join('\n'))
      .digest('hex')
    expect(digest).toBe(wanted.sha256_of_sorted_unique_lf_joined)
    expect(reading.rejected).toBe(0)
    expect(reading.formats[0]).toBe(wanted.format)
    expect(reading.confidence).toBeGreaterThan(0.9)
  })

  test.each([
    // `||192.0.2.1^` and the like: counted there as plain_ip_or_tld and left aside, here rules for answers.
    ['blocklists/adblock/adguard-sdn-filter-2019-04-13.txt', 63],
    ['blocklists/adblock/easylist-network-rules-2019.txt', 5],
    // 106 there, of which two are top-level domains.
    ['blocklists/adblock/easylist-full-2025.txt', 104],
  ])('%s has addresses besides names', async (file, count) => {
    expect((await namesIn(file)).addresses.size).toBe(count)
  })

  // The number of strings in `list`, or in the array, by a JSON parser.
  test.each([
    ['doh/dibdot-doh-domains.json', 'names'],
    ['doh/dibdot-doh-ipv4.json', 'addresses'],
    ['ip/misp-public-dns-v4.json', 'addresses'],
    ['ip/misp-vpn-ipv4.cidr.json', 'addresses'],
    ['json/disposable-domains-2.0.1.json.gz', 'names'],
    ['json/misp-dynamic-dns.json', 'names'],
    ['json/misp-public-dns-hostname.json', 'names'],
  ] as const)('%s gives all %s that a JSON parser finds', async (file, what) => {
    const bytes = readFileSync(`${DATA}/blocklists/${file}`)
    const parsed = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as
      | string[]
      | { list: string[] }
    const wanted = new Set((Array.isArray(parsed) ? parsed : parsed.list).map(canonical))
    const found = await namesIn(`blocklists/${file}`)
    const skipped = Object.values(found.reading.skipped).reduce((sum, count) => sum + count, 0)
    expect(found.reading.formats).toEqual(['json'])
    // Some strings of the list of resolvers by name are addresses; four of them, such as `252/24.x.ru`, are nothing.
    const all = [...found.names, ...found.addresses]
    expect(all.length + skipped + found.reading.rejected).toBe(wanted.size)
    for (const one of all) expect(wanted.has(one), one).toBe(true)
    expect(found[what].size).toBeGreaterThan(0.99 * wanted.size)
  })

  test('as an RPZ gives what it gives as wildcards', async () => {
    const [zone, stars] = await Promise.all([
      namesIn('blocklists/rpz/DERIVED-hagezi-light.rpz.gz'),
      namesIn('blocklists/wildcard/hagezi-light.wildcard.txt.gz'),
    ])
    expect(zone.reading).toMatchObject({ rejected: 0, skipped: {}, formats: ['rpz'], confidence: 1 })
    expect(zone.names).toEqual(stars.names)
  })

  test.each(['dns64-rpz', 'rpz-base-tld2s', 'rpz-base', 'rpz-rpz', 'rpzextra-first-rpz.local'])(
    'of the tests of BIND, %s, has no line that is not understood',
    async (name) => {
      const { reading } = await namesIn(`blocklists/rpz/bind-${name}.db`)
      expect(reading).toMatchObject({ rejected: 0, skipped: {}, formats: ['rpz'] })
    },
  )
})

describe.skipIf(!there)('the same list in several formats', async () => {
  const path = (format: string): string => `${DATA}/blocklists/same-list-six-formats/doh-vpn-proxy-bypass.${format}.txt`
  const policyOf = async (format: string) => {
    const result = await loadPolicy(
      sourcesOf({ files: [{ path: path(format), kind: 'block', format: 'auto' }] }),
      'refuse',
      SEED,
    )
    if (result.kind === 'refused') throw new TypeError(result.problems[0]?.message)
    expect(result.lists[0]).toMatchObject({ formats: [format], confidence: 1 })
    return openPolicy(result.buffer, result.lists, 1)
  }
  const names = ['hosts', 'domains', 'wildcard', 'adblock', 'dnsmasq', 'unbound']
  const [hosts, domains, wildcard, ...others] = (there ? await Promise.all(names.map(policyOf)) : []) as [
    Policy,
    Policy,
    Policy,
    ...Policy[],
  ]
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

  test('decides alike as wildcards, adblock rules, dnsmasq and unbound: those names and everything under them', () => {
    for (const name of [...full, ...short].flatMap(around)) {
      for (const other of others) expect(decide(other, name).kind, name).toBe(decide(wildcard, name).kind)
    }
    for (const name of short.flatMap((name) => [name, `www.${name}`]))
      expect(decide(wildcard, name).kind, name).toBe('block')
  })

  test('covers with its wildcards every name of the longer form', () => {
    for (const name of full) expect(decide(wildcard, name).kind, name).toBe('block')
  })
})

type Policy = ReturnType<typeof openPolicy>
