// What makes two questions the same to an upstream. Knows no store.

import { foldByte } from '../../base/name.ts'
import { type Query, wantsDnssec } from '../../base/question.ts'

/**
 * Name, type, the two bits that change what an upstream answers, the client subnet where one is sent upstream (RFC 7871
 * §7.3.1: an answer for one subnet is not one for another), and whose upstreams are asked.
 */
export interface Question {
  /** The name in wire form. */
  readonly wire: Uint8Array
  readonly type: number
  /** 1 for DNSSEC OK, 2 for checking disabled. */
  readonly bits: number
  readonly subnet: Uint8Array | undefined
  /** `Query.route`; 0 for the house. */
  readonly route: number
}

/** All bits. */
export const BITS = 3

export const questionOf = (query: Query): Question => ({
  wire: query.wire,
  type: query.type,
  bits: (wantsDnssec(query) ? 1 : 0) | (query.checkingDisabled ? 2 : 0),
  subnet: query.subnet,
  route: query.route ?? 0,
})

/** The same as one string. */
export function keyOf(question: Question): string {
  const { wire, type, bits } = question
  return latin1(wire) + String.fromCharCode(type, bits) + asideOf(question)
}

/** Subnet and route as text, empty for neither: a route is a character that no byte is. */
export function asideOf({ subnet, route }: Pick<Question, 'subnet' | 'route'>): string {
  const first = route === 0 ? '' : String.fromCharCode(FIRST_ROUTE + route)
  return subnet === undefined ? first : first + latin1(subnet)
}

/** The same read back. */
export function readAside(text: string): Pick<Question, 'subnet' | 'route'> {
  const route = Math.max(0, (text === '' ? 0 : text.charCodeAt(0)) - FIRST_ROUTE)
  const rest = route === 0 ? text : text.slice(1)
  return { route, subnet: rest === '' ? undefined : Buffer.from(rest, 'latin1') }
}

const FIRST_ROUTE = 0xff

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
