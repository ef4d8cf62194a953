import { describe, expect, test } from 'vitest'
import { noOptionCounts } from '../../../src/pipeline/edns.ts'
import { mergeDumps, mergeFigures, mergeLooked } from '../../../src/threads/merge.ts'
import type { Looked, NameLooked, ResolverFigures } from '../../../src/threads/messages.ts'
import { noHttpStatuses } from '../../../src/transport/accept.ts'
import type { UpstreamFigures } from '../../../src/upstream/upstream.ts'

const NOBODY = { open: 0, accepted: 0, refused: 0, displaced: 0, timedOut: 0, faulty: 0 }
const NO_FAILURES = {
  timeout: 0,
  unreachable: 0,
  untrusted: 0,
  busy: 0,
  malformed: 0,
  refused: 0,
  servfail: 0,
  bogus: 0,
}

const upstream = (server: string, own: Partial<UpstreamFigures> = {}): UpstreamFigures => ({
  server,
  transport: 'udp',
  uses: ['servers'],
  healthy: true,
  tries: 0,
  failures: NO_FAILURES,
  latency: undefined,
  inFlight: 0,
  overTcp: 0,
  strays: 0,
  cutRecords: 0,
  connections: { opened: 0, resumed: 0, foundDead: 0 },
  ...own,
})

const figures = (own: Partial<ResolverFigures> = {}): ResolverFigures => ({
  cpu: [0],
  cache: { entries: 0, bytes: 0, failures: 0, prefetches: 0, flushed: 0, restored: 0 },
  lane: 0,
  clients: 0,
  synthesised: 0,
  options: noOptionCounts(),
  floods: [],
  dropped: 0,
  proxied: { proxied: 0, faulty: 0 },
  connections: { tcp: NOBODY, tls: NOBODY, https: NOBODY },
  httpStatuses: noHttpStatuses(),
  upstreams: [],
  ...own,
})

describe('the figures of several threads', () => {
  test('are those of the one where there is one', () => {
    const one = figures({ cpu: [7], lane: 3, upstreams: [upstream('9.9.9.9:53', { tries: 2, latency: 12 })] })
    expect(mergeFigures([one])).toEqual(one)
  })

  test('add up, and leave those of each thread as they were', () => {
    const one = figures({
      cpu: [10],
      cache: { entries: 1, bytes: 100, failures: 2, prefetches: 3, flushed: 4, restored: 5 },
      lane: 4,
      clients: 5,
      synthesised: 6,
      dropped: 7,
      proxied: { proxied: 5, faulty: 1 },
      connections: { tcp: { ...NOBODY, open: 1, accepted: 9 }, tls: NOBODY, https: { ...NOBODY, faulty: 1 } },
      httpStatuses: { ...noHttpStatuses(), 200: 8, 404: 1 },
    })
    const before = structuredClone(one)
    const both = mergeFigures([one, { ...one, cpu: [30] }])
    expect(both).toMatchObject({
      cpu: [10, 30],
      cache: { entries: 2, bytes: 200, failures: 4, prefetches: 6, flushed: 8, restored: 10 },
      lane: 8,
      clients: 10,
      synthesised: 12,
      dropped: 14,
      proxied: { proxied: 10, faulty: 2 },
      connections: { tcp: { open: 2, accepted: 18 }, tls: NOBODY, https: { faulty: 2 } },
      httpStatuses: { 200: 16, 404: 2, 503: 0 },
    })
    expect(one).toEqual(before)
  })

  test('have each upstream once: counted together, slow in the measure of who asks it, down where anybody found it down', () => {
    const one = figures({
      upstreams: [
        upstream('9.9.9.9:53', { tries: 30, latency: 10, inFlight: 1, failures: { ...NO_FAILURES, timeout: 2 } }),
        upstream('tls://dns.example', { connections: { opened: 1, resumed: 1, foundDead: 0 } }),
      ],
    })
    const other = figures({
      upstreams: [
        upstream('9.9.9.9:53', { tries: 10, latency: 50, healthy: false, failures: { ...NO_FAILURES, timeout: 3 } }),
        upstream('tls://dns.example', { connections: { opened: 2, resumed: 0, foundDead: 1 } }),
      ],
    })
    expect(mergeFigures([one, other]).upstreams).toEqual([
      upstream('9.9.9.9:53', {
        tries: 40,
        latency: 20,
        inFlight: 1,
        healthy: false,
        failures: { ...NO_FAILURES, timeout: 5 },
      }),
      upstream('tls://dns.example', { connections: { opened: 3, resumed: 1, foundDead: 1 } }),
    ])
  })

  test('name who floods several threads once, the latest first', () => {
    const flood = { who: '192.168.1.9', kind: 'queries', limited: 5, since: 100, last: 200 } as const
    const one = figures({ floods: [flood] })
    const other = figures({
      floods: [
        { ...flood, limited: 7, since: 90, last: 150 },
        { ...flood, kind: 'names', last: 300 },
      ],
    })
    expect(mergeFigures([one, other]).floods).toEqual([
      { ...flood, kind: 'names', last: 300 },
      { ...flood, limited: 12, since: 90 },
    ])
  })
})

describe('what is known of a name', () => {
  const rehearsed = (text: string): NameLooked['would']['A'] => ({
    source: 'cache',
    rcode: 0,
    ttl: 1,
    records: [text],
    error: undefined,
    silent: false,
    open: false,
  })
  const kept = (type: string, ttl: number, text: string): Looked => ({
    type,
    rcode: 'NOERROR',
    ttl,
    records: [text],
    targets: [],
    addresses: [],
  })
  const looked = (text: string, ...all: Looked[]): NameLooked => ({
    kept: all,
    would: { A: rehearsed(text), AAAA: rehearsed(text), HTTPS: rehearsed(text) },
  })

  test('is told by the thread that has the newest answer, for each type', () => {
    const merged = mergeLooked([
      looked('none'),
      looked('one', kept('A', 20, 'one'), kept('AAAA', 90, 'one')),
      looked('two', kept('A', 60, 'two'), kept('AAAA', -5, 'two')),
    ])
    expect(merged.kept.map(({ type, ttl }) => [type, ttl])).toEqual([
      ['A', 60],
      ['AAAA', 90],
    ])
    expect(merged.would.A.records).toEqual(['two'])
    expect(merged.would.AAAA.records).toEqual(['one'])
    expect(merged.would.HTTPS.records).toEqual(['none'])
  })
})

describe('the caches of several threads', () => {
  const chunk = (mark: number, size = 1): Uint8Array => new Uint8Array(size).fill(mark)

  test('come in turns, so that what was used last stands first', () => {
    const merged = mergeDumps([[chunk(1), chunk(2), chunk(3)], [], [chunk(11)]])
    expect(merged.map(([mark]) => mark)).toEqual([1, 11, 2, 3])
  })

  test('are no more together than the file of one may be', () => {
    const many = Array.from({ length: 200 }, (_, i) => chunk(i, 64 * 1024))
    const merged = mergeDumps([many, many, many])
    expect(merged.reduce((sum, { length }) => sum + length, 0)).toBe(16 * 1024 ** 2)
    expect(merged.slice(0, 4).map(([mark]) => mark)).toEqual([0, 0, 0, 1])
  })
})
