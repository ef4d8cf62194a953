// What makes two questions the same to an upstream, as one string. Knows no store.
import { type Query, wantsDnssec } from '../../base/question.ts'

/**
 * Name, type, the two bits that change what an upstream answers, and the client subnet where one is sent upstream (RFC
 * 7871 §7.3.1: an answer for one subnet is not one for another).
 */
export const cacheKey = (query: Query): string =>
  keyOf(query.wire, query.type, (wantsDnssec(query) ? 1 : 0) | (query.checkingDisabled ? 2 : 0), query.subnet)

/** The same from its parts. `bits`: 1 for DNSSEC OK, 2 for checking disabled. */
export function keyOf(wire: Uint8Array, type: number, bits: number, subnet?: Uint8Array): string {
  const key = latin1(wire) + String.fromCharCode(type, bits)
  return subnet === undefined ? key : key + latin1(subnet)
}

/** Whether a key's name is this one (lower-cased wire form, as latin1) or, with `zone`, lies under it. */
export function keyIsUnder(key: string, name: string, zone: boolean): boolean {
  // Both end their names with the root byte and are compared at a label's start only: a match is a match of whole names.
  for (let at = 0; ; at += key.charCodeAt(at) + 1) {
    if (key.startsWith(name, at)) return true
    if (!zone || key.charCodeAt(at) === 0) return false
  }
}

export const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1')
