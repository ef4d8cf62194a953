// Reads the data of a record as zone files and lists write it. Knows no format.
import { parseAddress } from '../base/address.ts'
import type { Name } from '../base/name.ts'
import type { RecordData } from '../policy/rule.ts'
import { canonicalName } from './name-bytes.ts'
import { readService } from './service-record.ts'

/** Types of records that a rule can give. */
const GIVEN = new Set(['A', 'AAAA', 'PTR', 'NS', 'TXT', 'MX', 'SRV', 'SVCB', 'HTTPS'])

/** Reads a name in the data; undefined where it is none. */
export type ReadTarget = (text: string) => Name | undefined

/**
 * Reads a record's data, given as words without quotes. `unknown` for types that rules do not give; `undefined` where the
 * data do not fit the type.
 */
export function readRecord(
  type: string,
  words: readonly string[],
  target: ReadTarget = canonicalName,
): RecordData | 'unknown' | undefined {
  const kind = type.toUpperCase()
  if (!GIVEN.has(kind)) return 'unknown'
  if (kind === 'TXT') return words.length === 0 ? undefined : { kind, texts: words.flatMap(pieces) }
  if (kind === 'SVCB' || kind === 'HTTPS') return readService(kind, words, target)
  const numbers = words.slice(0, -1).map(number16)
  const last = words.at(-1)
  if (last === undefined || numbers.includes(undefined)) return undefined
  if (kind === 'A' || kind === 'AAAA') return numbers.length === 0 ? addressRecord(kind, last) : undefined
  const name = target(last)
  if (name === undefined) return undefined
  const [first, second, third] = numbers as number[]
  if (kind === 'MX') return numbers.length === 1 ? { kind, preference: first as number, target: name } : undefined
  if (kind === 'SRV') {
    if (numbers.length !== 3) return undefined
    return { kind, priority: first as number, weight: second as number, port: third as number, target: name }
  }
  return numbers.length === 0 ? { kind: kind as 'PTR' | 'NS', target: name } : undefined
}

/** The record for an address in any accepted form, where it is of this type. */
function addressRecord(kind: 'A' | 'AAAA', text: string): RecordData | undefined {
  const address = parseAddress(text)
  return address !== undefined && address.includes(':') === (kind === 'AAAA') ? { kind, address } : undefined
}

/** An address as the record that holds it; undefined where it is none. */
export function recordOf(text: string): RecordData | undefined {
  const address = parseAddress(text)
  return address === undefined ? undefined : { kind: address.includes(':') ? 'AAAA' : 'A', address }
}

const number16 = (text: string): number | undefined =>
  /^\d{1,5}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined

/** A TXT record's strings have at most 255 bytes each (RFC 1035 §3.3). */
const pieces = (text: string): string[] => (text === '' ? [''] : (text.match(/.{1,255}/gsu) ?? []))
