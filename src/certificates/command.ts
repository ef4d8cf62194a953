// What "askfirst cert" does: makes the files, never over others, and says what comes next. Text and files only.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Address, addressBytes, parseAddress } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import { type Name, parseName } from '../base/name.ts'
import { safeText } from '../base/text.ts'
import { type Made, makeAuthority, makeLeaf, type Subject } from './make.ts'
import { namesIn } from './names-in.ts'

/** What is asked for. */
export interface CertRequest {
  readonly folder: string
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  /** Overwrite what is there. */
  readonly force: boolean
  /** Keep the authority, make a new certificate for what the old one is for. */
  readonly renew: boolean
}

/** The files, by what they hold. */
const FILES = { authority: 'ca.pem', authorityKey: 'ca-key.pem', certificate: 'cert.pem', key: 'key.pem' } as const

/** Makes the files; the lines to print, or why not. */
export async function makeCertificates(request: CertRequest, now: EpochMs): Promise<readonly string[] | Problem> {
  try {
    return request.renew ? await renew(request, now) : await begin(request, now)
  } catch (fault) {
    return problem(request.folder, `the files cannot be made: ${safeText(String((fault as Error).message))}`)
  }
}

async function begin(
  { folder, names, addresses, force }: CertRequest,
  now: EpochMs,
): Promise<readonly string[] | Problem> {
  const subject = readSubject(names, addresses)
  if (typeof subject === 'string') return problem(folder, subject)
  await mkdir(folder, { recursive: true })
  if (!force) {
    for (const file of Object.values(FILES)) {
      const isThere = await readFile(join(folder, file)).then(
        () => true,
        (fault: NodeJS.ErrnoException) => fault.code !== 'ENOENT',
      )
      if (isThere) return problem(join(folder, file), 'is there already, and would be overwritten', OVERWRITE)
    }
  }
  const authority = await makeAuthority(subject, now)
  await write(folder, FILES.authority, FILES.authorityKey, authority)
  await write(folder, FILES.certificate, FILES.key, await makeLeaf(authority, subject, now))
  return nextSteps(folder, subject)
}

async function renew({ folder }: CertRequest, now: EpochMs): Promise<readonly string[] | Problem> {
  const read = (file: string): Promise<string> => readFile(join(folder, file), 'latin1')
  const authority = { certificate: await read(FILES.authority), key: await read(FILES.authorityKey) }
  const subject = namesIn(await read(FILES.certificate))
  if (subject === undefined) return problem(join(folder, FILES.certificate), 'names nobody that it is for')
  await write(folder, FILES.certificate, FILES.key, await makeLeaf(authority, subject, now))
  return [
    `${join(folder, FILES.certificate)} is new, for ${subject.names.join(', ')}; a running askfirst takes it by itself.`,
  ]
}

/** The key first, each whole or not at all: whoever reads meanwhile finds no half of a file. */
async function write(folder: string, certificate: string, key: string, made: Made): Promise<void> {
  for (const [file, text, mode] of [
    [key, made.key, 0o600],
    [certificate, made.certificate, 0o644],
  ] as const) {
    const path = join(folder, file)
    await rm(`${path}.new`, { force: true })
    await writeFile(`${path}.new`, text, { mode, flag: 'wx' })
    await rename(`${path}.new`, path)
  }
}

function readSubject(names: readonly string[], addresses: readonly string[]): Subject | string {
  const read: Name[] = []
  for (const text of names) {
    const name = parseName(text)
    if (name === undefined || name === '.') return `"${safeText(text)}" is no domain name`
    read.push(name)
  }
  const ips: Address[] = []
  for (const text of addresses) {
    const address = parseAddress(text)
    if (address === undefined || addressBytes(address) === undefined) return `"${safeText(text)}" is no IP address`
    ips.push(address)
  }
  const [first, ...rest] = read
  return first === undefined ? 'no name is given' : { names: [first, ...rest], addresses: ips }
}

function nextSteps(folder: string, { names, addresses }: Subject): string[] {
  const [name] = names
  const at = addresses[0] ?? '192.168.1.2'
  return [
    `${folder}: a certificate for ${[...names, ...names.map((one) => `*.${one}`), ...addresses].join(', ')}`,
    'It comes from an authority of its own, which can vouch for these names and for nobody else.',
    '',
    'Next:',
    '  1. In the configuration:',
    '       certificate:',
    `         name: ${name}`,
    `         file: ${join(folder, FILES.certificate)}`,
    `         key: ${join(folder, FILES.key)}`,
    '       tls:',
    `         listen: ["0.0.0.0:853", "[::]:853"]`,
    '       https:',
    `         listen: ["0.0.0.0:443", "[::]:443"]`,
    '     and, so that devices find it, where no other record has it:',
    '       records:',
    `         ${name}: [${(addresses.length > 0 ? addresses : [at]).map((address) => `"${address}"`).join(', ')}]`,
    '  2. "askfirst check" reads it; a restart opens the new ports.',
    `  3. Install ${join(folder, FILES.authority)} on each device as a trusted authority (docs/encrypted-dns.md says how).`,
    `  4. Try it: kdig @${at} +tls-ca=${join(folder, FILES.authority)} +tls-hostname=${name} example.com`,
    `  5. Keep ${join(folder, FILES.authorityKey)} where nobody else can read it. Within two years: askfirst cert --renew --out ${folder}`,
  ]
}

const problem = (file: string, message: string, hint?: string): Problem => ({
  code: 'ASKFIRST_E_CERTIFICATE',
  message,
  place: { file: safeText(file) },
  ...(hint === undefined ? {} : { hint }),
})

const OVERWRITE =
  'Make a new certificate from the same authority with --renew, or name another folder with --out. With --force all is made anew: every device must be given the new authority.'
