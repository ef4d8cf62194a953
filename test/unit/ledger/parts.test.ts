import { describe, expect, test } from 'vitest'
import { parsePrefix } from '../../../src/base/address.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import { ageText } from '../../../src/ledger/age-text.ts'
import { Docket } from '../../../src/ledger/docket.ts'
import { exemptions } from '../../../src/ledger/exemption.ts'
import { Findings } from '../../../src/ledger/findings.ts'
import { flat } from '../../../src/ledger/flat.ts'
import { knownResolver } from '../../../src/ledger/known-resolvers.ts'
import { reached } from '../../../src/ledger/nat64.ts'
import { Peers } from '../../../src/ledger/peers.ts'
import { SourceClocks } from '../../../src/ledger/source-clock.ts'
import type { Finding, Judgement } from '../../../src/ledger/verdict.ts'
import { NOON, report } from './report.ts'

describe('the docket', () => {
  test('hands out in order of arrival, each item one hold-back after it came', () => {
    const docket = new Docket<string>(5 * SECOND, 10)
    docket.submit('a', NOON)
    docket.submit('b', NOON + 1)
    expect(docket.due(NOON + 5 * SECOND - 1)).toEqual([])
    expect(docket.due(NOON + 5 * SECOND)).toEqual(['a'])
    expect(docket.due(NOON + DAY)).toEqual(['b'])
    expect(docket.size).toBe(0)
  })

  test('refuses and counts what comes while it is full, and takes again when there is room', () => {
    const docket = new Docket<number>(SECOND, 100_000)
    for (let i = 0; i < 100_100; i++) docket.submit(i, NOON + i)
    expect([docket.size, docket.refused]).toEqual([100_000, 100])
    expect(docket.due(NOON + SECOND + 9)).toHaveLength(10)
    expect(docket.submit(1, NOON)).toBe(true)
    expect(docket.size).toBe(99_991)
  })

  test('each item is handed out once, whenever it came', () => {
    const docket = new Docket<number>(0, 10)
    docket.submit(1, NOON)
    const seen: number[] = []
    for (let looks = 0; looks < 5; looks++) {
      for (const item of docket.due(NOON)) {
        seen.push(item)
        if (item < 4) docket.submit(item + 1, NOON)
      }
    }
    expect(seen).toEqual([1, 2, 3, 4])
  })
})

const direct = (said: Partial<Judgement['report']>, kind: 'plain' | 'ntp' = 'plain'): Omit<Judgement, 'finding'> => ({
  report: report(said),
  device: `ip:${said.src ?? '192.168.1.10'}`,
  verdict: { kind: 'direct-ip', class: kind },
  reason: 'nobody asked',
})

describe('findings', () => {
  test('are one for each device, address, port and day, with the same id wherever they are made', () => {
    const [one, two] = [new Findings(), new Findings()]
    for (const findings of [one, two]) {
      findings.take(direct({}))
      findings.take(direct({ time: NOON + HOUR, sport: 5 }))
      findings.take(direct({ dport: 80 }))
      findings.take(direct({ src: '192.168.1.11' }))
      findings.take(direct({ time: NOON + DAY }))
    }
    expect(one.list()).toHaveLength(4)
    expect(one.list().map(({ id }) => id)).toEqual(two.list().map(({ id }) => id))
    expect(one.list()[0]).toMatchObject({ day: '2026-11-23' })
    expect(one.list().find(({ count }) => count === 2)).toMatchObject({
      first: NOON,
      last: NOON + HOUR,
      day: '2026-11-22',
    })
  })

  test('are made of direct-ip and dns-bypass alone', () => {
    const findings = new Findings()
    const verdict = { kind: 'asked', names: [] } as const
    expect(findings.take({ ...direct({}), verdict })).toBeUndefined()
    expect(findings.size).toBe(0)
  })

  test('hostile rule text is escaped', () => {
    const finding = new Findings().take(direct({ rule: 'x\u001b[2Jy' }))
    expect(finding?.rule).toBe('x\\u001b[2Jy')
  })

  test('score by kind, port and insistence, and stay between 0 and 100', () => {
    const findings = new Findings()
    const plain = findings.take(direct({ dport: 8443 }))!
    const web = findings.take(direct({ dport: 443 }))!
    const clock = findings.take(direct({ dport: 123, action: 'rejected' }, 'ntp'))!
    let often: Finding | undefined
    for (let i = 0; i < 5000; i++) often = findings.take(direct({ dport: 80 }))
    expect([plain.score, web.score, clock.score, often?.score]).toEqual([55, 65, 0, 75])
  })

  test('are at most 10,000 by default, the one counted longest ago goes', () => {
    const findings = new Findings()
    findings.take(direct({ dst: '198.51.100.1' }))
    for (let i = 0; i < 9_999; i++) findings.take(direct({ dst: `5.0.${i >> 8}.${i & 255}` }))
    findings.take(direct({ dst: '198.51.100.1' }))
    for (let i = 0; i < 9_999; i++) findings.take(direct({ dst: `6.0.${i >> 8}.${i & 255}` }))
    expect(findings.size).toBe(10_000)
    expect(findings.list().find(({ dst }) => dst === '198.51.100.1')?.count).toBe(2)
  })

  test('are stored when they are new, when they double, and otherwise every ten minutes', () => {
    const stored: number[] = []
    const findings = new Findings({ store: ({ count }) => stored.push(count) })
    for (let i = 0; i < 100; i++) findings.take(direct({ time: NOON + i }))
    findings.take(direct({ time: NOON + 10 * MINUTE + 100 }))
    expect(stored).toEqual([1, 2, 4, 8, 16, 32, 64, 101])
  })

  test('a time beyond the calendar does not throw', () => {
    const findings = new Findings()
    for (const time of [Number.NaN, -1, 1e300, Number.POSITIVE_INFINITY]) {
      expect(findings.take(direct({ time }))?.day).toMatch(/^\d{4}-\d\d-\d\d$/)
    }
  })
})

describe('peers', () => {
  test('are many from five distinct ones within ten minutes on', () => {
    const peers = new Peers()
    for (let i = 1; i <= 4; i++) peers.note('ip:a', `203.0.113.${i}`, NOON)
    peers.note('ip:a', '203.0.113.4', NOON)
    expect(peers.many('ip:a', NOON)).toBe(false)
    peers.note('ip:a', '203.0.113.5', NOON + 9 * MINUTE)
    expect(peers.many('ip:a', NOON)).toBe(true)
    expect(peers.many('ip:a', NOON + 11 * MINUTE)).toBe(false)
    expect(peers.many('ip:b', NOON)).toBe(false)
  })

  test('a device with thousands of peers is still one with many', () => {
    const peers = new Peers()
    for (let i = 0; i < 5000; i++) peers.note('ip:a', `5.0.${i >> 8}.${i & 255}`, NOON + i)
    expect(peers.many('ip:a', NOON + 5000)).toBe(true)
  })
})

describe('the clocks of firewalls', () => {
  const place = (clocks: SourceClocks, time: number, arrival: number, said = {}) =>
    clocks.place(report({ time, ...said }), arrival)

  test('a clock that is right leaves the stamps alone', () => {
    const clocks = new SourceClocks()
    place(clocks, NOON, NOON + 5)
    expect(place(clocks, NOON + MINUTE, NOON + MINUTE + 3 * SECOND)).toEqual({
      time: NOON + MINUTE + 5,
      end: NOON + MINUTE + 5,
    })
  })

  test('nothing began after its report arrived, however fast the clock', () => {
    const began = place(new SourceClocks(), NOON + HOUR, NOON, { precision: 1000 })
    expect(began).toEqual({ time: NOON, end: NOON })
  })

  test('a slow clock is known by the fastest report, and a clock that is set right is followed', () => {
    const clocks = new SourceClocks()
    place(clocks, NOON - 40 * SECOND, NOON + 800)
    place(clocks, NOON - 39 * SECOND, NOON + SECOND + 10)
    expect(place(clocks, NOON - 30 * SECOND, NOON + 15 * SECOND)).toEqual({
      time: NOON + 10 * SECOND + 10,
      end: NOON + 10 * SECOND + 10,
    })
    place(clocks, NOON + MINUTE, NOON + MINUTE + 10)
    expect(place(clocks, NOON + 2 * MINUTE, NOON + 2 * MINUTE + 500).time).toBe(NOON + 2 * MINUTE + 10)
  })

  test('a clock that falls behind while it runs is believed after ten minutes', () => {
    const clocks = new SourceClocks()
    place(clocks, NOON, NOON)
    for (let minute = 1; minute <= 11; minute++) {
      place(clocks, NOON + minute * MINUTE - 30 * SECOND, NOON + minute * MINUTE)
    }
    expect(place(clocks, NOON + 12 * MINUTE - 30 * SECOND, NOON + 12 * MINUTE).time).toBe(NOON + 12 * MINUTE)
  })

  test('another sender over the same source has its own clock', () => {
    const clocks = new SourceClocks()
    place(clocks, NOON - HOUR / 10, NOON, { src: '192.168.2.1' })
    expect(place(clocks, NOON, NOON + 5).time).toBe(NOON + 5)
  })
})

describe('exemptions', () => {
  const prefixes = (...texts: string[]) => texts.map((text) => parsePrefix(text)!)

  test('all that is said must match, the first that does is named by its place', () => {
    const find = exemptions([
      { to: prefixes('198.51.100.0/24'), protocol: 'udp', port: 51_820, because: 'VPN' },
      { from: prefixes('192.168.1.0/28', 'fd00::/8'), because: 'server' },
      { mac: ['02-00-00-00-00-AA'], because: 'console' },
    ])
    const found = (said: Parameters<typeof report>[0], device = 'ip:192.168.1.99') =>
      find(report({ src: '192.168.1.99', ...said }), device)?.rule
    expect(found({ dst: '198.51.100.9', proto: 'udp', dport: 51_820 })).toBe('exempt[0]')
    expect(found({ dst: '198.51.100.9', proto: 'tcp', dport: 51_820 })).toBeUndefined()
    expect(found({ src: '192.168.1.3' })).toBe('exempt[1]')
    expect(found({ src: 'fd00::1', dst: '2001:db8::1' })).toBe('exempt[1]')
    expect(found({}, 'mac:02:00:00:00:00:aa')).toBe('exempt[2]')
    expect(found({ mac: '02:00:00:00:00:aa' })).toBe('exempt[2]')
    expect(found({})).toBeUndefined()
  })
})

describe('known resolvers', () => {
  test.each([
    ['8.8.8.8', 'Google Public DNS'],
    ['2606:4700:4700::1111', 'Cloudflare DNS'],
    ['45.90.28.77', 'NextDNS'],
    ['2a07:a8c1::1', 'NextDNS'],
    ['194.242.2.4', 'Mullvad DNS'],
  ])('%s is that of %s', (address, operator) => expect(knownResolver(address)).toBe(operator))

  test.each(['8.8.8.9', '104.16.248.249', '172.64.41.3', '2606:4700::6810:f8f9', '192.168.1.1', 'nonsense'])(
    '%s is not known as one: it serves other things too, or nothing',
    (address) => expect(knownResolver(address)).toBeUndefined(),
  )
})

describe('the address that is reached', () => {
  test.each([
    ['64:ff9b::cb00:7107', '203.0.113.7'],
    ['64:ff9b::808:808', '8.8.8.8'],
    ['64:ff9b::1', '0.0.0.1'],
    ['64:ff9b:1::cb00:7107', '64:ff9b:1::cb00:7107'],
    ['64:ff9b::1:cb00:7107', '64:ff9b::1:cb00:7107'],
    ['203.0.113.7', '203.0.113.7'],
    ['64:ff9b::zz', '64:ff9b::zz'],
  ])('of %s is %s', (address, expected) => expect(reached(address)).toBe(expected))
})

describe('lengths of time in words', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1200, '1.2 s'],
    [59_000, '59 s'],
    [5 * MINUTE, '5 min'],
    [3.5 * HOUR, '3.5 h'],
    [3 * DAY, '3 days'],
  ])('%d ms are %s', (ms, text) => expect(ageText(ms)).toBe(text))
})

test('flat text is equal text, whatever is in it', () => {
  for (const text of ['', 'www.example.org', 'bücher 日本 \u0000']) expect(flat(text)).toBe(text)
})
