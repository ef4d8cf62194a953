// From the bytes of a list to the answer of a question: what the issue of a list promises, through the whole pipeline.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { parsePrefix } from '../../../src/base/address.ts'
import { loadPolicy } from '../../../src/lists/load.ts'
import { NO_NAMES } from '../../../src/names/snapshot.ts'
import { NO_GROUPS } from '../../../src/pipeline/profiles.ts'
import { groupOf } from '../../support/group.ts'
import { inMemory } from '../../support/in-memory.ts'
import { houseUnder, says } from '../../support/listed-house.ts'
import { readPacket } from '../../support/packets.ts'

/** Whether each name is blocked. */
async function blocked(house: Awaited<ReturnType<typeof houseUnder>>, ...names: string[]): Promise<boolean[]> {
  return Promise.all(names.map(async (name) => /^(A 127\.0\.0\.1)$/.test((await says(house, name)).answers[0] ?? '')))
}

/** A house under one file of these bytes. */
async function houseUnderFile(bytes: Uint8Array, change: { subdomains?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'askfirst-lists-'))
  try {
    const path = join(folder, 'list')
    writeFileSync(path, bytes)
    const files = [{ path, kind: 'block', format: 'auto', ...change }] as const
    const compiled = await loadPolicy({ folder: null, files, block: [], allow: [] }, 'refuse', [1, 2, 3])
    if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems))
    return inMemory({ policy: { buffer: compiled.buffer, lists: compiled.lists, generation: 1 } })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a plain name means that name only; with subdomains it means what lies under it, too', async () => {
  const text = Buffer.from('ads.example\n0.0.0.0 pixel.example\n@@fine.ads.example\n')
  const names = ['ads.example', 'x.ads.example', 'x.pixel.example', 'fine.ads.example', 'x.fine.ads.example'] as const
  expect(await blocked(await houseUnderFile(text), ...names)).toEqual([true, false, false, false, false])
  const house = await houseUnderFile(text, { subdomains: true })
  expect(await blocked(house, ...names)).toEqual([true, true, true, false, false])
})

test('a list may be packed, with a byte order mark, line ends of Windows, dots at the end and names in any script', async () => {
  const text =
    '\ufeff# a list\r\nADS.example.\r\n  bücher.example \r\n! remark\r\nb.example ; remark\r\n// remark\r\nlast.example'
  for (const bytes of [Buffer.from(text), gzipSync(text)]) {
    const house = await houseUnderFile(bytes)
    const names = ['ads.example', 'xn--bcher-kva.example', 'b.example', 'last.example', 'other.example']
    expect(await blocked(house, ...names)).toEqual([true, true, true, true, false])
  }
})

test('a warning list of MISP blocks its names and addresses', async () => {
  const list = {
    name: 'a warning list',
    type: 'hostname',
    version: 3,
    matching_attributes: ['domain'],
    list: ['bad.example', '.tree.example'],
  }
  const house = await houseUnderFile(Buffer.from(JSON.stringify(list, null, 2)))
  expect(await blocked(house, 'bad.example', 'x.bad.example', 'x.tree.example', 'domain', 'other.example')).toEqual([
    true,
    false,
    true,
    false,
    false,
  ])
})

test('nothing that stands in a list takes away the names of the machine and of the house', async () => {
  const block = [
    ...['0.0.0.0 localhost', '127.0.0.1 localhost.localdomain', '::1 ip6-localhost', '||localhost^', '*.localhost'],
    ...['||arpa^', '||home.arpa^$important', '0.0.0.0 nas.home.arpa', '/home/', '||lan^'],
  ]
  const nas = { kind: 'A', name: 'nas.home.arpa', ttl: 60, address: '192.168.1.9' } as const
  const names = { ...NO_NAMES, records: new Map([['nas.home.arpa', [nas]]]), zones: ['home.arpa'] }
  const house = await houseUnder({ block }, { names })
  expect((await says(house, 'localhost')).answers).toEqual(['A 127.0.0.1'])
  expect((await says(house, 'localhost', { type: 'AAAA' })).answers).toEqual(['AAAA ::1'])
  expect((await says(house, '1.0.0.127.in-addr.arpa', { type: 'PTR' })).answers).toEqual(['PTR localhost'])
  expect((await says(house, 'nas.home.arpa')).answers).toEqual(['A 192.168.1.9'])
  expect((await says(house, 'nobody.home.arpa')).rcode).toBe('NXDOMAIN')
  const kinds = house.entries().map(({ outcome }) => outcome.kind)
  expect(kinds).toEqual(['special', 'special', 'special', 'local', 'local'])
})

test('a redirected zone of unbound has the data that stand beside it, and blocks where there are none', async () => {
  const house = await houseUnder({
    files: {
      'safe.conf':
        'server:\n  local-zone: "www.search.example" redirect\n  local-data: "www.search.example CNAME strict.example"\n' +
        '  local-zone: "shop.example" redirect\n  local-data: "shop.example A 192.0.2.7"\n  local-zone: "ads.example" redirect\n',
    },
  })
  expect((await says(house, 'www.search.example')).answers[0]).toBe('CNAME strict.example')
  expect((await says(house, 'de.www.search.example')).answers[0]).toBe('CNAME strict.example')
  expect((await says(house, 'x.shop.example')).answers).toEqual(['A 192.0.2.7'])
  expect(await says(house, 'shop.example', { type: 'AAAA' })).toMatchObject({ answers: [], rcode: 'NOERROR' })
  expect((await says(house, 'x.ads.example')).answers).toEqual(['A 127.0.0.1'])
})

test('records for services are given as rules state them, without hints that nobody would know of', async () => {
  const house = await houseUnder({
    block: [
      '||x.example^$dnsrewrite=NOERROR;HTTPS;1 . alpn=h3\\,h2 port=8443',
      'local-data: "y.example HTTPS 2 cdn.example. ipv4hint=192.0.2.7 alpn=h2"',
    ],
  })
  const data = async (name: string) => {
    const [answer] = (
      readPacket(await house.ask(name, { type: 'HTTPS' })) as unknown as { answers: { data: Buffer }[] }
    ).answers
    return answer?.data.toString('hex')
  }
  expect(await data('a.x.example')).toBe('000100' + '00010006' + '026833' + '026832' + '00030002' + '20fb')
  expect(await data('y.example')).toBe('0002' + '0363646e076578616d706c6500' + '00010003' + '026832')
  expect((await says(house, 'x.example')).answers).toEqual([])
})

test('an open zone of unbound lets pass what a zone around it blocks, but not its own data', async () => {
  const house = await houseUnder({
    files: {
      'zones.conf':
        'local-zone: "x.example" static\nlocal-zone: "ok.x.example" transparent\nlocal-data: "ads.ok.x.example A 0.0.0.0"\n',
    },
  })
  expect(await blocked(house, 'x.example', 'ok.x.example', 'a.ok.x.example', 'ads.ok.x.example')).toEqual([
    true,
    false,
    false,
    true,
  ])
})

test('a service that a group blocks is blocked for its members, by the shipped list', async () => {
  const children = { name: 'children', lists: [], block: [], allow: [], services: ['tiktok'], only: false }
  const group = groupOf('children', [{ kind: 'range', prefix: parsePrefix('192.168.1.20') as never }])
  const house = await houseUnder(
    { audience: { groups: [children], answers: [], own: [] } },
    { household: { ...NO_GROUPS, groups: [group] } },
  )
  const from = '192.168.1.20'
  expect(await says(house, 'www.tiktok.com', { from })).toMatchObject({
    answers: ['A 127.0.0.1'],
    reason: expect.stringContaining('service tiktok'),
  })
  expect((await says(house, 'www.tiktok.com')).answers[0]).not.toBe('A 127.0.0.1')
})
