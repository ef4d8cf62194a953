// The files as they are on disk, replaced as ACME clients and people do it.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY } from '../../../src/base/clock.ts'
import type { Problem } from '../../../src/base/failure.ts'
import { type Made, makeAuthority, makeLeaf, type Subject } from '../../../src/certificates/make.ts'
import { CertificateKeeper } from '../../../src/server/certificate-keeper.ts'
import { systemClock } from '../../../src/system-clock.ts'
import type { Pair } from '../../../src/transport/identity.ts'
import { until } from '../../support/house/until.ts'

const SUBJECT: Subject = { names: ['dns.example'], addresses: [] }
let folder: string
let authority: Made
let keeper: CertificateKeeper
const renewed: Pair[] = []
const problems: Problem[] = []
const files = () => ({ certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })

async function put({ certificate, key }: Made): Promise<void> {
  for (const [path, text] of [
    [files().certificate, certificate],
    [files().key, key],
  ] as const) {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  }
}

const open = () =>
  CertificateKeeper.open(files(), systemClock, {
    renewed: (pair) => void renewed.push(pair),
    problem: (problem) => void problems.push(problem),
  })

beforeEach(async () => {
  renewed.length = 0
  problems.length = 0
  folder = await mkdtemp(join(tmpdir(), 'askfirst-pair-'))
  authority = await makeAuthority(SUBJECT, Date.now())
  await put(await makeLeaf(authority, SUBJECT, Date.now()))
  keeper = (await open()) as CertificateKeeper
})
afterEach(async () => {
  keeper.close()
  await rm(folder, { recursive: true })
})

describe('the certificate in use', () => {
  test('is replaced when both files are, and nothing is told of the moment between the two', async () => {
    const next = await makeLeaf(authority, SUBJECT, Date.now())
    await put(next)
    await until('it is taken', () => renewed.length === 1)
    expect(renewed[0]?.key).toBe(next.key)
    expect(keeper.pair.certificate).toBe(next.certificate)
    expect(problems).toEqual([])
  })

  test('stays where the new pair is broken, which is told once, and is replaced when that is mended', async () => {
    const before = keeper.pair
    await writeFile(files().key, authority.key)
    await until('it is told', () => problems.length > 0, 8000)
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['ASKFIRST_E_CERTIFICATE', 'the key does not belong to the certificate'],
    ])
    expect(keeper.problem).toBeDefined()
    expect(keeper.pair).toBe(before)
    await put(await makeLeaf(authority, SUBJECT, Date.now()))
    await until('it is taken', () => renewed.length === 1)
    expect(keeper.problem).toBeUndefined()
  })

  test('is not replaced by one that has ended', async () => {
    await put(await makeLeaf(authority, SUBJECT, Date.now() - 900 * DAY))
    await until('it is told', () => problems.length > 0, 8000)
    expect(problems[0]?.message).toContain('out of date')
    expect(renewed).toEqual([])
  })
})

test('at the start a broken pair is a problem with the file, and one that is about to end is a word of warning', async () => {
  await put(await makeLeaf(authority, SUBJECT, Date.now() - 816 * DAY))
  const old = await open()
  expect(old).toBeInstanceOf(CertificateKeeper)
  ;(old as CertificateKeeper).close()
  expect(problems[0]?.message).toContain('ends on')
  await rm(files().key)
  expect(await open()).toMatchObject({
    code: 'ASKFIRST_E_CERTIFICATE',
    place: { file: files().key },
    message: 'there is no such file',
  })
})
