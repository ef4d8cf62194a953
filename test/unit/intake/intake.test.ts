import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../../src/base/clock.ts'
import { Intake, type IntakeOptions } from '../../../src/intake/intake.ts'
import { MAX_LINE } from '../../../src/intake/lines.ts'
import { utc, zoneNamed } from '../../../src/intake/zone.ts'
import type { Report } from '../../../src/ledger/report.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const setUp = (options: Partial<IntakeOptions> = {}) => {
  const reports: Report[] = []
  const time = { now: NOON }
  const clock = { now: () => time.now, ticks: () => 0 }
  const intake = new Intake({ clock, zone: utc, onReport: (report) => reports.push(report), live: true, ...options })
  const health = (source = 'test') => intake.health.find((entry) => entry.source === source)
  return { intake, reports, time, health }
}
const packet = (dport = 443): string =>
  `FW: IN=eth1 OUT=eth0 SRC=192.168.0.55 DST=203.0.113.9 LEN=60 PROTO=UDP SPT=4 DPT=${dport} LEN=9`
const at = (clock: string, dport?: number): string => `Nov 22 ${clock} gw kernel: ${packet(dport)}`

describe('every line is counted once', () => {
  test('as a report, a line of others, one in an unknown format, or a reject', () => {
    const { intake, reports, health } = setUp()
    const lines = [
      at('12:00:00'),
      'Nov 22 12:00:00 gw cron[1]: nothing to see',
      'filterlog[1]: 5,,,1000000103,igb1,match,pass,in,4,0x0,,64,0,0,DF,6,tcp,60,10.0.0.5,203.0.113.9,5,443',
      'FW: IN=eth1 OUT=eth0 SRC=192.168.0.55',
    ]
    for (const line of lines) intake.take(line, 'test')
    expect(reports).toHaveLength(1)
    expect(health()).toMatchObject({ lines: 4, reports: 1, notOurs: 1, unknownFormat: 1, rejected: 1 })
    expect(health()?.bytes).toBe(lines.join('').length)
  })

  test('also when it comes as bytes with others, or is too long', () => {
    const { intake, health } = setUp()
    intake.take(Buffer.from(`${packet()}\n\n${'x'.repeat(MAX_LINE + 1)}\r\nnoise ü\n${packet()}`), 'test')
    intake.take('y'.repeat(MAX_LINE + 1), 'test')
    expect(health()).toMatchObject({ lines: 5, reports: 2, notOurs: 1, rejected: 2 })
    expect(health()?.rejects.map(({ reason }) => reason)).toEqual(['longer than 8192 bytes', 'longer than 8192 bytes'])
  })

  test('and a post is told what became of its lines, without those of others', () => {
    const { intake } = setUp()
    intake.take(packet(), 'http')
    const body = `${packet()}\n${packet(80)}\nnoise\n{"src_ip":"192.0.2.1"}\nPROTO=TCP SPT=1 DPT=2\n`
    expect(intake.takeText(body, 'http')).toEqual({ reports: 2, notOurs: 1, unknownFormat: 1, rejected: 1 })
    expect(intake.takeText(Buffer.from(packet()), 'http')).toEqual({
      reports: 1,
      notOurs: 0,
      unknownFormat: 0,
      rejected: 0,
    })
    expect(intake.takeText('', 'http')).toEqual({ reports: 0, notOurs: 0, unknownFormat: 0, rejected: 0 })
  })

  test('at its own source, and a source is known before its first line', () => {
    const { intake, reports } = setUp()
    intake.open('syslog/udp')
    intake.take(packet(), '/var/log/ulog')
    expect(intake.health.map(({ source, lines }) => [source, lines])).toEqual([
      ['syslog/udp', 0],
      ['/var/log/ulog', 1],
    ])
    expect(reports[0]?.source).toBe('/var/log/ulog')
  })
})

describe('rejected lines', () => {
  test('are kept, the latest five, escaped and cut', () => {
    const { intake, time, health } = setUp()
    for (let i = 1; i <= 7; i++) {
      time.now = NOON + i
      intake.take(`\u001b]0;owned\u0007 ${i} IN=a OUT=b ${'z'.repeat(2000)}`, 'test')
    }
    const { rejects, rejected } = health() ?? { rejects: [], rejected: 0 }
    expect(rejected).toBe(7)
    expect(rejects.map((reject) => reject.time - NOON)).toEqual([3, 4, 5, 6, 7])
    expect(rejects[0]?.reason).toBe('cut: no SRC= and DST=')
    expect(rejects[0]?.line).toMatch(/^\\u001b\]0;owned\\u0007 3 IN=a OUT=b z+…$/)
    expect(rejects[0]?.line.length).toBeLessThan(330)
  })

  test('of a health that was handed out do not change any more', () => {
    const { intake, health } = setUp()
    intake.take('IN=a OUT=b', 'test')
    const before = health()
    intake.take('IN=a OUT=b', 'test')
    expect(before).toMatchObject({ rejected: 1, rejects: [{ line: 'IN=a OUT=b' }] })
  })
})

describe('the time of a live report', () => {
  test('is the stamp, where it lies within ten minutes of arrival', () => {
    const { intake, reports, health } = setUp()
    for (const clock of ['12:00:00', '11:50:00', '12:09:59']) intake.take(at(clock), 'test')
    expect(reports.map(({ time, precision }) => [time - NOON, precision])).toEqual([
      [0, 1000],
      [-10 * MINUTE, 1000],
      [10 * MINUTE - SECOND, 1000],
    ])
    expect(health()).toMatchObject({ clockDisagrees: 0 })
  })

  test('is arrival where the stamp lies further away, and that is counted', () => {
    const { intake, reports, health } = setUp()
    for (const clock of ['11:00:00', '13:00:00', '12:00:00']) intake.take(at(clock), 'test')
    expect(reports.map(({ time, precision }) => [time - NOON, precision])).toEqual([
      [0, 0],
      [0, 0],
      [0, 1000],
    ])
    expect(health()).toMatchObject({ clockDisagrees: 2, reports: 3 })
  })

  test('is arrival where there is no stamp', () => {
    const { intake, reports, health } = setUp()
    intake.take(`[ 12.345678] ${packet()}`, 'test')
    expect(reports[0]).toMatchObject({ time: NOON, precision: 0 })
    expect(health()).toMatchObject({ clockDisagrees: 0, clockSkew: undefined })
  })

  test('counts from the zone of the firewall', () => {
    const zone = zoneNamed('Europe/Berlin')
    const { intake, reports } = setUp(zone === undefined ? {} : { zone })
    intake.take(at('13:00:00'), 'test')
    expect(reports[0]?.time).toBe(NOON)
  })

  test('tells how far the clocks are apart, slowly enough that one late line does not matter', () => {
    const { intake, health } = setUp()
    const iso = (ms: number): string => `${new Date(NOON + ms).toISOString()} gw kernel: ${packet()}`
    intake.take(iso(3000), 'test')
    expect(health()?.clockSkew).toBeCloseTo(3000, -1)
    intake.take(iso(-5000), 'test')
    expect(health()?.clockSkew).toBeCloseTo(2500, -1)
    for (let i = 0; i < 100; i++) intake.take(iso(HOUR), 'test')
    expect(health()?.clockSkew).toBeGreaterThan(0.98 * HOUR)
  })
})

describe('the time of a report from the past', () => {
  test('is always the stamp, in the year nearest to the reference that is given', () => {
    const { intake, reports, health } = setUp({ live: false })
    intake.take(at('08:00:00'), 'log', Date.UTC(2019, 10, 1))
    intake.take('2011-01-01T00:00:00Z gw kernel: '.concat(packet()), 'log', Date.UTC(2019, 10, 1))
    expect(reports.map(({ time }) => time)).toEqual([Date.UTC(2019, 10, 22, 8), Date.UTC(2011, 0, 1)])
    expect(health('log')).toMatchObject({ clockDisagrees: 0, clockSkew: undefined })
  })
})

describe('the health of a source', () => {
  test('has the time of the latest line and of the latest report', () => {
    const { intake, time, health } = setUp()
    intake.take(packet(), 'test')
    time.now += 5 * SECOND
    intake.take('noise', 'test')
    expect(health()).toMatchObject({ lastReportAt: NOON, lastLineAt: NOON + 5 * SECOND })
    time.now += 5 * SECOND
    intake.sink('test').overlong('xxx')
    expect(health()).toMatchObject({ lastLineAt: NOON + 10 * SECOND, rejected: 1 })
  })

  test('has who was refused, and what keeps the source from working until it does not', () => {
    const { intake, health } = setUp()
    intake.refuse('test', '198.51.100.7')
    intake.refuse('test', '198.51.100.8')
    const problem = { code: 'ASKFIRST_E_REPORTS', message: 'gone' } as const
    intake.note('test', problem)
    expect(health()).toMatchObject({ refusedSenders: 2, lastRefused: '198.51.100.8', problem, lines: 0 })
    intake.note('test', undefined)
    expect(health()?.problem).toBeUndefined()
  })
})
