import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type FetchRules, fetchList } from '../../../../src/lists/download/fetch-list.ts'
import { folderOf } from '../folder.ts'
import { body, listServer, tagged } from './list-server.ts'

const RULES: FetchRules = {
  resolve: async () => [],
  maxBytes: 1_000_000,
  timeout: 5000,
  userAgent: 'askfirst-test',
}

const order = (url: string, into: string) => ({ url, into, etag: undefined, lastModified: undefined })

describe('fetching a list', () => {
  test('writes what came, with its checksum and what the server says of it', async () => {
    using place = folderOf()
    await using server = await listServer(tagged('ads.example\n', '"v1"'))
    const fetched = await fetchList(order(`${server.base}/x.txt`, place.path('x')), RULES)
    expect(fetched).toMatchObject({
      kind: 'new',
      bytes: 12,
      etag: '"v1"',
      lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT',
    })
    expect(readFileSync(place.path('x'), 'utf8')).toBe('ads.example\n')
    expect(server.asked[0]?.headers).toMatchObject({ 'user-agent': 'askfirst-test', 'accept-encoding': 'gzip' })
  })

  test('asks whether there is anything new, and leaves the file alone where there is not', async () => {
    using place = folderOf()
    await using server = await listServer(tagged('ads.example\n', '"v1"'))
    const fetched = await fetchList(
      { ...order(server.base, place.path('x')), etag: '"v1"', lastModified: 'a date' },
      RULES,
    )
    expect(fetched).toEqual({ kind: 'same' })
    expect(server.asked[0]?.headers).toMatchObject({ 'if-none-match': '"v1"', 'if-modified-since': 'a date' })
    expect(existsSync(place.path('x'))).toBe(false)
  })

  test('keeps what comes packed as it is', async () => {
    using place = folderOf()
    const packed = gzipSync('ads.example\n')
    await using server = await listServer(body(packed, { 'content-encoding': 'gzip' }))
    expect(await fetchList(order(server.base, place.path('x')), RULES)).toMatchObject({ kind: 'new' })
    expect(gunzipSync(readFileSync(place.path('x'))).toString()).toBe('ads.example\n')
  })

  test.each([
    ['larger than the bound', body('x'.repeat(1_000_001)), /^larger than 1000000 bytes/],
    [
      'an error',
      (_: unknown, response: { writeHead: (code: number) => { end: () => void } }) => response.writeHead(404).end(),
      /^the server answered 404/,
    ],
    ['packed otherwise', body('x', { 'content-encoding': 'br' }), /^it is packed in a way/],
    ['cut off', body('ads.example', { 'content-length': '100' }), /cut off|aborted|broken off/],
    [
      'nothing new, though it was not asked',
      (_: unknown, response: { writeHead: (code: number) => { end: () => void } }) => response.writeHead(304).end(),
      /does not fit/,
    ],
  ])('fails where it is %s', async (_, answer, why) => {
    using place = folderOf()
    await using server = await listServer((request, response) => {
      answer(request as never, response as never)
      setTimeout(() => response.destroy(), 50).unref()
    })
    const fetched = await fetchList(order(server.base, place.path('x')), RULES)
    expect(fetched.kind === 'failed' ? fetched.why : fetched.kind).toMatch(why)
  })

  test('fails where it takes too long, the look-up of the name included', async () => {
    using place = folderOf()
    await using server = await listServer(() => undefined)
    const slow = { ...RULES, timeout: 50 }
    expect(await fetchList(order(server.base, place.path('x')), slow)).toMatchObject({
      why: 'it took longer than 0.05 s',
    })
    const never = { ...slow, resolve: () => new Promise<string[]>(() => undefined) }
    expect(await fetchList(order('http://lists.example/', place.path('x')), never)).toMatchObject({ why: /longer/ })
  })

  test('looks names up as the resolver does, and goes nowhere where that says nothing', async () => {
    using place = folderOf()
    const asked: string[] = []
    const resolve = async (name: string): Promise<string[]> => {
      asked.push(name)
      return []
    }
    expect(await fetchList(order('https://gone.example/x', place.path('x')), { ...RULES, resolve })).toMatchObject({
      why: 'there is no address for gone.example',
    })
    expect(asked).toEqual(['gone.example'])
  })

  test('says so where the name is blocked by the house itself', async () => {
    using place = folderOf()
    const resolve = async (): Promise<string[]> => ['127.0.0.1', '::1']
    expect(await fetchList(order('https://lists.example/', place.path('x')), { ...RULES, resolve })).toMatchObject({
      why: expect.stringContaining("blocked by the house's own lists"),
    })
  })

  test.each([
    ['http://other.example/x', /something else than https/],
    ['ftp://other.example/x', /something else than https/],
    ['https://nowhere.example/x', /no address for nowhere\.example/],
  ])('follows a redirect to https only: %s', async (location, why) => {
    using place = folderOf()
    await using server = await listServer((_request, response) => response.writeHead(302, { location }).end())
    const fetched = await fetchList(order(server.base, place.path('x')), RULES)
    expect(fetched.kind === 'failed' ? fetched.why : '').toMatch(why)
  })

  test('tells how many bytes have come', async () => {
    using place = folderOf()
    await using server = await listServer(body('x'.repeat(500_000)))
    const seen: number[] = []
    await fetchList(order(server.base, place.path('x')), { ...RULES, progress: (bytes) => seen.push(bytes) })
    expect(seen.at(-1)).toBe(500_000)
  })
})
