import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/base/failure.ts'
import { makeCertificates } from '../../../src/certificates/command.ts'
import { checkPair } from '../../../src/transport/identity.ts'

const NOW = Date.parse('2026-11-26T09:00:00Z')
let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'askfirst-cert-')), 'tls')
})
afterEach(() => rm(join(folder, '..'), { recursive: true }))

const make = (change: Partial<Parameters<typeof makeCertificates>[0]> = {}) =>
  makeCertificates(
    {
      folder,
      names: ['DNS.home.arpa'],
      addresses: ['192.168.1.2', 'fd00:0::2'],
      force: false,
      renew: false,
      ...change,
    },
    NOW,
  )
const read = (file: string): Promise<string> => readFile(join(folder, file), 'utf8')

describe('askfirst cert', () => {
  test('makes an authority and a certificate from it, and says what comes next', async () => {
    const lines = (await make()) as readonly string[]
    const text = lines.join('\n')
    for (const part of [
      'name: dns.home.arpa',
      join(folder, 'cert.pem'),
      'kdig @192.168.1.2',
      'docs/encrypted-dns.md',
    ]) {
      expect(text).toContain(part)
    }
    const pair = { certificate: await read('cert.pem'), key: await read('key.pem') }
    const facts = checkPair(pair)
    expect(facts).toMatchObject({ names: ['dns.home.arpa', '*.dns.home.arpa', '192.168.1.2', 'FD00:0:0:0:0:0:0:2'] })
    const [leaf, authority] = [new X509Certificate(pair.certificate), new X509Certificate(await read('ca.pem'))]
    expect(leaf.verify(authority.publicKey)).toBe(true)
    expect(leaf.checkIssued(authority)).toBe(true)
    expect(leaf.checkHost('tv.dns.home.arpa')).toBeDefined()
    expect(leaf.ca).toBe(false)
    expect(authority.ca).toBe(true)
    // Apple takes none that is valid for longer.
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBeLessThanOrEqual(825 * 86_400_000)
  })

  test('leaves keys readable for their owner alone', async () => {
    await make()
    for (const file of ['key.pem', 'ca-key.pem']) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  })

  test('never overwrites anything unless it is forced to', async () => {
    await make()
    await rm(join(folder, 'ca.pem'))
    const before = await read('cert.pem')
    expect((await make()) as Problem).toMatchObject({
      code: 'ASKFIRST_E_CERTIFICATE',
      place: { file: join(folder, 'ca-key.pem') },
    })
    expect(await read('cert.pem')).toBe(before)
    expect(await make({ force: true })).toBeInstanceOf(Array)
    expect(await read('cert.pem')).not.toBe(before)
  })

  test('renews the certificate from the same authority, for the same names', async () => {
    await make()
    const [authority, before] = [await read('ca.pem'), await read('cert.pem')]
    expect(await make({ renew: true, names: [], addresses: [] })).toBeInstanceOf(Array)
    const after = await read('cert.pem')
    expect(after).not.toBe(before)
    expect(await read('ca.pem')).toBe(authority)
    expect(new X509Certificate(after).subjectAltName).toBe(new X509Certificate(before).subjectAltName)
    expect(checkPair({ certificate: after, key: await read('key.pem') })).toMatchObject({
      names: expect.anything() as unknown,
    })
  })

  test.each([
    [{ names: ['a..b'] }, 'no domain name'],
    [{ names: [] }, 'no name'],
    [{ addresses: ['192.168.1.256'] }, 'no IP address'],
    [{ renew: true }, 'ENOENT'],
  ])('says what is wrong with %j, and makes nothing', async (change, text) => {
    expect(((await make(change)) as Problem).message).toContain(text)
    await expect(stat(join(folder, 'cert.pem'))).rejects.toThrow()
  })
})

describe('a pair of certificate and key', () => {
  test.each([
    ['no certificate', 'x', 'key.pem', 'no PEM certificate'],
    ['the key of another', 'cert.pem', 'ca-key.pem', 'does not belong'],
    ['no key', 'cert.pem', 'ca.pem', 'cannot be used'],
  ])('with %s is refused with the reason', async (_what, certificate, key, reason) => {
    await make()
    await writeFile(join(folder, 'x'), 'not a certificate')
    expect(checkPair({ certificate: await read(certificate), key: await read(key) })).toContain(reason)
  })
})
