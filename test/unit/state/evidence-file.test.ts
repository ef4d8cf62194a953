import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../../src/base/clock.ts'
import type { Problem } from '../../../src/base/failure.ts'
import { Ledger } from '../../../src/ledger/ledger.ts'
import type { StateRecord } from '../../../src/ledger/state.ts'
import { type EvidenceFile, openEvidenceFile } from '../../../src/state/evidence-file.ts'
import { HEADER, lineOf, recordOf, versionOf } from '../../../src/state/record-line.ts'
import { NOON, report } from '../ledger/report.ts'

const root = mkdtempSync(join(tmpdir(), 'askfirst-state-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newFolder = (): string => join(root, String(folders++))

const newLedger = (born = Date.now()): Ledger => new Ledger({ born, learning: 0, deviceLearning: 0 })
const answer = (i = 7) => ({
  time: Date.now(),
  client: '192.168.1.10',
  name: `n${i}.example`,
  handOuts: [{ address: `203.0.113.${i}`, ttl: 60 }],
})
const connection = (i = 7) => report({ dst: `203.0.113.${i}`, time: Date.now() })

async function opened(folder: string, ledger: Ledger): Promise<{ file: EvidenceFile; problems: Problem[] }> {
  const problems: Problem[] = []
  return { file: await openEvidenceFile(folder, ledger, (problem) => problems.push(problem)), problems }
}

const logOf = (folder: string): string => readFileSync(join(folder, 'evidence.log'), 'utf8')

describe('the state file', () => {
  test('brings evidence, devices, findings and the birth of the ledger over a restart', async () => {
    const folder = newFolder()
    const born = Date.now() - 3 * DAY
    const before = newLedger(born)
    const { file, problems } = await opened(folder, before)
    before.take(answer())
    before.bind('192.168.1.10', '02:00:00:00:00:10', Date.now(), 'neighbours')
    before.judgeNow(connection(9))
    await file.close()
    const after = newLedger()
    const again = await opened(folder, after)
    expect([...problems, ...again.problems]).toEqual([])
    expect(after.stats().born).toBe(born)
    expect(after.judgeNow(connection()).verdict.kind).toBe('asked')
    expect(after.judgeNow(connection()).device).toBe('mac:02:00:00:00:00:10')
    expect(after.findings()).toMatchObject([{ dst: '203.0.113.9' }])
    expect(after.stats().lostUntil).toBe(0)
    await again.file.close()
  })

  test('what is new reaches the disk by itself, so that a kill -9 costs half a second at most', async () => {
    const folder = newFolder()
    const ledger = newLedger()
    const { file } = await opened(folder, ledger)
    ledger.take(answer())
    await vi.waitFor(() => expect(logOf(folder)).toContain('n7.example'), { timeout: 5000, interval: 20 })
    const killed = newFolder()
    cpSync(folder, killed, { recursive: true })
    const after = newLedger()
    await (await opened(killed, after)).file.close()
    expect(after.judgeNow(connection()).verdict.kind).toBe('asked')
    await file.close()
  })

  test('is for its owner alone: it tells who asked for what', async () => {
    const folder = newFolder()
    await (await opened(folder, newLedger())).file.close()
    expect(statSync(join(folder, 'evidence.log')).mode & 0o077).toBe(0)
    expect(statSync(folder).mode & 0o077).toBe(0)
  })

  test('cut at any byte it is read up to there, and the server starts', async () => {
    const folder = newFolder()
    const before = newLedger(NOON)
    const { file } = await opened(folder, before)
    for (let i = 1; i <= 5; i++) before.take(answer(i))
    await file.close()
    const whole = readFileSync(join(folder, 'evidence.log'))
    for (let at = HEADER.length + 1; at < whole.length; at += 31) {
      const cut = newFolder()
      cpSync(folder, cut, { recursive: true })
      writeFileSync(join(cut, 'evidence.log'), whole.subarray(0, at))
      const after = newLedger()
      const { file: again, problems } = await opened(cut, after)
      await again.close()
      expect(problems).toEqual([])
      const complete = whole.subarray(0, at).toString().split('\n').slice(0, -1)
      expect(after.stats().evidence.handOuts).toBe(complete.filter((line) => line.startsWith('["hand-out"')).length)
    }
  })

  test('damage in the middle sets the file aside, uses the rest, and calls nothing direct for an hour', async () => {
    const folder = newFolder()
    const before = newLedger(Date.now() - 9 * DAY)
    const { file } = await opened(folder, before)
    for (let i = 1; i <= 3; i++) before.take(answer(i))
    await file.close()
    const path = join(folder, 'evidence.log')
    writeFileSync(path, logOf(folder).replace('n2.example', 'n2\u0000.exa'))
    const after = newLedger()
    const { file: again, problems } = await opened(folder, after)
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_STATE' }])
    expect(readdirSync(folder).filter((name) => name.startsWith('evidence.log.damaged-'))).toHaveLength(1)
    expect(after.judgeNow(connection(1)).verdict.kind).toBe('asked')
    expect(after.judgeNow(connection(2)).verdict).toEqual({ kind: 'unproven', reason: 'evidence-lost' })
    await again.close()
    const third = await opened(folder, newLedger())
    await third.file.close()
    expect(third.problems).toEqual([])
  })

  test.each([
    ['of a later version', `${HEADER.replace('1', '2')}\n["birth",1]\n`],
    ['that is no state file', 'Nov 22 11:53:44 hello\n'],
    ['that is empty', ''],
    ['of one endless line', 'x'.repeat(200_000)],
  ])('a file %s is set aside whole, told, and left as it was', async (_, content) => {
    const folder = newFolder()
    await (await opened(folder, newLedger())).file.close()
    writeFileSync(join(folder, 'evidence.log'), content)
    const ledger = newLedger()
    const { file, problems } = await opened(folder, ledger)
    await file.close()
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_STATE' }])
    const aside = readdirSync(folder).find((name) => name.startsWith('evidence.log.damaged-'))!
    expect(readFileSync(join(folder, aside), 'utf8')).toBe(content)
    expect(ledger.stats().evidence.handOuts).toBe(0)
  })

  test('after a stop of more than a minute answers may be missing; after a shorter one they are not', async () => {
    const folder = newFolder()
    await (await opened(folder, newLedger(NOON))).file.close()
    const path = join(folder, 'evidence.log')
    const verdictAfter = async (stopped: number) => {
      utimesSync(path, new Date(), new Date(Date.now() - stopped))
      const ledger = newLedger()
      await (await opened(folder, ledger)).file.close()
      return ledger.judgeNow(connection()).verdict.kind
    }
    expect(await verdictAfter(30_000)).toBe('direct-ip')
    expect(await verdictAfter(5 * MINUTE)).toBe('unproven')
  })

  test('it does not grow for ever: what is renewed again and again is written anew as a whole', async () => {
    const folder = newFolder()
    const ledger = newLedger(NOON)
    const file = await openEvidenceFile(folder, ledger, () => {}, { compactFrom: 64 * 1024 })
    let round = 0
    let largest = 0
    await vi.waitFor(
      () => {
        for (let i = 0; i < 500; i++) {
          const handOuts = [{ address: `5.0.${i >> 8}.${i & 255}`, ttl: 60 }]
          ledger.take({ time: NOON + round * HOUR, client: '192.168.1.1', name: 'renewed.example', handOuts })
        }
        round++
        const { size } = statSync(join(folder, 'evidence.log'))
        const shrank = size < largest
        largest = Math.max(largest, size)
        expect(shrank).toBe(true)
      },
      { timeout: 15_000, interval: 50 },
    )
    await file.close()
    expect(ledger.stats().evidence.handOuts).toBe(500)
    expect(largest).toBeLessThan(8 * 1024 ** 2)
  })

  test('a folder that is a file is told, and the ledger works on without', async () => {
    const folder = newFolder()
    writeFileSync(folder, 'x')
    const ledger = newLedger()
    const { file, problems } = await opened(folder, ledger)
    expect(problems).toMatchObject([{ code: 'ASKFIRST_E_STATE', hint: expect.stringContaining('restart') }])
    ledger.take(answer())
    expect(ledger.judgeNow(connection()).verdict.kind).toBe('asked')
    await file.close()
  })

  test('a left-over of an interrupted write does not disturb', async () => {
    const folder = newFolder()
    const { file } = await opened(folder, newLedger())
    await file.close()
    appendFileSync(join(folder, 'evidence.log.new'), 'half')
    const { file: again, problems } = await opened(folder, newLedger())
    await again.close()
    expect(problems).toEqual([])
    expect(existsSync(join(folder, 'evidence.log.new'))).toBe(false)
  })
})

describe('a line of the state file', () => {
  const records: readonly StateRecord[] = [
    { kind: 'birth', at: NOON },
    { kind: 'lost', at: NOON },
    {
      kind: 'address',
      address: {
        address: 'fd00::10',
        mac: '02:00:00:00:00:10',
        shared: true,
        name: 'phone "x"\n',
        first: NOON,
        last: NOON + 1,
        asks: true,
      },
    },
    {
      kind: 'hand-out',
      handOut: {
        device: 'ip:192.168.1.10',
        address: '203.0.113.7',
        name: undefined,
        first: NOON,
        last: NOON,
        until: NOON + DAY,
      },
    },
  ]

  test.each(records.map((record) => [record.kind, record] as const))('of kind %s comes back as it was', (_, record) => {
    expect(recordOf(lineOf(record))).toEqual(record)
    expect(lineOf(record)).not.toContain('\n')
  })

  test('a finding comes back as it was', () => {
    const ledger = newLedger(0)
    const { finding } = ledger.judgeNow(report({ dport: undefined, proto: '47', rule: 'x\u001b[0m' }))
    const record = { kind: 'finding', finding: finding! } as const
    expect(recordOf(lineOf(record))).toEqual(record)
  })

  test.each([
    '',
    '{}',
    '[]',
    '["birth"]',
    '["birth",-1]',
    '["hand-out","ip:x","203.0.113.7","a.example",1,1,2]',
    '["hand-out","ip:192.168.1.1","203.0.113.007","a.example",1,1,2]',
    '["hand-out","ip:192.168.1.1","203.0.113.7","a..example",1,1,2]',
    '["hand-out","ip:192.168.1.1","203.0.113.7","a\\u001bx.example",1,1,2]',
    '["hand-out","ip:192.168.1.1","203.0.113.7","a.example",3,1,2]',
    '["address","192.168.1.1","xx",null,1,1,0,0]',
    '["finding",{"id":"x"}]',
    '["unknown",1]',
  ])('%s is damaged', (line) => expect(recordOf(line)).toBeUndefined())

  test('no text makes reading throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        recordOf(text)
        versionOf(text)
      }),
    )
  })
})
