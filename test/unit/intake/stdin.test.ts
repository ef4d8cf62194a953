import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Intake } from '../../../src/intake/intake.ts'
import { readLines } from '../../../src/intake/sources/stdin.ts'
import { utc } from '../../../src/intake/zone.ts'
import type { Report } from '../../../src/ledger/report.ts'

const setUp = () => {
  const reports: Report[] = []
  const intake = new Intake({
    clock: { now: () => 1000, ticks: () => 0 },
    zone: utc,
    onReport: (report) => reports.push(report),
    live: true,
  })
  return { intake, reports }
}
const NEW =
  '[NEW] udp 17 30 src=10.0.0.5 dst=203.0.113.9 sport=5 dport=53 [UNREPLIED] src=203.0.113.9 dst=10.0.0.5 sport=53 dport=5'

describe('a stream of lines', () => {
  test('is read to its end, over chunk borders, the last line without a newline too', async () => {
    const { intake, reports } = setUp()
    const bytes = Buffer.from(`${NEW}\n${NEW}\nnoise\n${NEW}`)
    await readLines(
      Readable.from([bytes.subarray(0, 100), bytes.subarray(100, 130), bytes.subarray(130)]),
      intake,
      'pipe',
    )
    expect(reports.map(({ dport, source }) => [dport, source])).toEqual([
      [53, 'pipe'],
      [53, 'pipe'],
      [53, 'pipe'],
    ])
    expect(intake.health).toMatchObject([{ source: 'pipe', lines: 4, reports: 3, notOurs: 1 }])
  })

  test('that fails is over, with the reason in its health', async () => {
    const { intake } = setUp()
    const stream = new Readable({ read: () => undefined })
    const done = readLines(stream, intake, 'pipe')
    stream.push(`${NEW}\nhalf a`)
    stream.destroy(new Error('the pipe broke'))
    await done
    expect(intake.health[0]?.problem).toMatchObject({ code: 'ASKFIRST_E_REPORTS', message: 'pipe: the pipe broke' })
  })
})
