// A certificate authority of the house and a certificate from it: for a start, where no public authority knows our name.
// The door of @peculiar/x509, and of reflect-metadata, which it wants loaded before it. Knows no file.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { type Address, addressBytes } from '../base/address.ts'
import { DAY, type EpochMs } from '../base/clock.ts'
import type { Name } from '../base/name.ts'

/** A certificate and its private key, PEM. */
export interface Made {
  readonly certificate: string
  readonly key: string
}

/** What a certificate is for. The first name is its subject; `*.` is made for each, for clients that name themselves. */
export interface Subject {
  readonly names: readonly [Name, ...Name[]]
  readonly addresses: readonly Address[]
}

/** How long each is valid. Apple refuses server certificates of more than 825 days (support.apple.com/103769). */
export const AUTHORITY_DAYS = 3650
export const LEAF_DAYS = 820

/** Clocks of devices differ: valid a little before now. */
const BEFORE = DAY

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

cryptoProvider.set(webcrypto as Crypto)

/**
 * Makes an authority that can vouch for this subject and for nobody else (RFC 5280 §4.2.1.10): whoever steals its key
 * cannot pretend to be a bank.
 */
export async function makeAuthority({ names, addresses }: Subject, now: EpochMs): Promise<Made> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`askfirst CA for ${names[0]}`] }],
    notBefore: new Date(now - BEFORE),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      new Extension(NAME_CONSTRAINTS, true, permittedOnly(names, addresses)),
    ],
  })
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) }
}

/** Makes a server certificate; its PEM has the authority's behind it. Throws where the authority's PEM is none. */
export async function makeLeaf(authority: Made, { names, addresses }: Subject, now: EpochMs): Promise<Made> {
  const issuer = new X509Certificate(authority.certificate)
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names[0]] }],
    issuer: issuer.subject,
    notBefore: new Date(now - BEFORE),
    notAfter: new Date(Math.min(now + LEAF_DAYS * DAY, issuer.notAfter.getTime())),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...names.flatMap((name) => [dns(name), dns(`*.${name}`)]),
        ...addresses.map((value) => ({ type: 'ip', value }) as const),
      ]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { certificate: `${pem(certificate)}${pem(issuer)}`, key: await keyPem(keys.privateKey) }
}

const dns = (value: string) => ({ type: 'dns', value }) as const

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>

const pem = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`

async function keyPem(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key as never), 'PRIVATE KEY')}\n`
}

const importKey = async (key: string): Promise<CryptoKey> =>
  (await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(key), ALGORITHM, false, ['sign'])) as CryptoKey

/** 16 random bytes, positive and without a leading zero (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

const NAME_CONSTRAINTS = '2.5.29.30'

/** NameConstraints with permittedSubtrees: each name with all below it, each address alone. DER. */
function permittedOnly(names: readonly Name[], addresses: readonly Address[]): Uint8Array<ArrayBuffer> {
  const everyBit = (address: Uint8Array): Uint8Array => Uint8Array.of(...address, ...address.map(() => 0xff))
  const bases = [
    ...names.map((name) => der(0x82, Buffer.from(name, 'latin1'))),
    ...addresses.map((address) => der(0x87, everyBit(addressBytes(address) as Uint8Array))),
  ]
  // Without any address named, no address at all: an empty list of one kind would permit all of that kind.
  if (addresses.length === 0) bases.push(der(0x87, new Uint8Array(8).fill(0xff, 4)))
  return der(0x30, der(0xa0, Buffer.concat(bases.map((base) => der(0x30, base)))))
}

/** One DER value: tag, length, content. */
function der(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Uint8Array.of(tag, ...size, ...content)
}
