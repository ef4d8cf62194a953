// What an existing certificate is for, so that a new one can be made for the same. Reads PEM text.
import { X509Certificate } from 'node:crypto'
import { parseAddress } from '../base/address.ts'
import { parseName } from '../base/name.ts'
import type { Subject } from './make.ts'

/** Its names without their wildcards, and its addresses; undefined where it has no name. Throws where it is no PEM. */
export function namesIn(pem: string): Subject | undefined {
  const entries = (new X509Certificate(pem).subjectAltName ?? '').split(', ')
  const of = (kind: string): string[] =>
    entries.filter((entry) => entry.startsWith(kind)).map((entry) => entry.slice(kind.length))
  const [first, ...rest] = of('DNS:').flatMap((text) => (text.startsWith('*.') ? [] : (parseName(text) ?? [])))
  const addresses = of('IP Address:').flatMap((text) => parseAddress(text) ?? [])
  return first === undefined ? undefined : { names: [first, ...rest], addresses }
}
