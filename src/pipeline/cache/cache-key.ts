// What makes two questions the same to an upstream. Knows no store.

import { foldByte } from '../../base/name.ts'
import { type Query, wantsDnssec } from '../../base/question.ts'

/**
 * Name, type, the two bits that change what an upstream answers, and the client subnet where one is sent upstream (RFC
 * 7871 §7.3.1: an answer for one subnet is not one for another).
 */
export interface Question {
  /** The name in wire form. */
  readonly wire: Uint8Array
  readonly type: number
  /** 1 for DNSSEC OK, 2 for checking disabled. */
  readonly bits: number
  readonly subnet: Uint8Array | undefined
}

/** All bits. */
export const BITS = 3

export const questionOf = (query: Query): Question => ({
  wire: query.wire,
  type: query.type,
  bits: (wantsDnssec(query) ? 1 : 0) | (query.checkingDisabled ? 2 : 0),
  subnet: query.subnet,
})

/** The same as one string. */
export function keyOf({ wire, type, bits, subnet }: Question): string {
  const key = latin1(wire) + String.fromCharCode(type, bits)
  return subnet === undefined ? key : key + latin1(subnet)
}

/** Whether the name in wire form at `at` is `name`, letter case aside, or, with `zone`, lies under it. */
export function isUnderWire(bytes: Uint8Array, at: number, name: Uint8Array, zone: boolean): boolean {
  // Both end with the root byte and are compared at a label's start only: a match is a match of whole names.
  for (; ; at += (bytes[at] as number) + 1) {
    let same = 0
    while (same < name.length && foldByte(bytes[at + same] as number) === name[same]) same++
    if (same === name.length) return true
    if (!zone || bytes[at] === 0) return false
  }
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1')
