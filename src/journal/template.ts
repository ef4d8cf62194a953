// What an entry of the journal says whenever its answer is the same, as bytes: its template. Knows no batch.
//
// Outcome u8, reason u8, rcode u16, type u16, number u32, second number u32, the client's combination of groups u16, name
// length u8, name (wire), hand-outs u8, then each as length u8, address, TTL u32.
import { addressBytes, addressFromBytes } from '../base/address.ts'
import { nameFromWire } from '../base/name.ts'
import type { Query } from '../base/question.ts'
import {
  type FailedReason,
  type HandOut,
  handOutsOf,
  MessageAddress,
  type Outcome,
  type RefusedReason,
  type Reply,
} from '../base/reply.ts'
import { putU16, putU32 } from '../wire/bytes.ts'
import type { Entry } from './entry.ts'

/** Outcome kinds in the order of their numbers in a template, and of `Batch.lost`. */
export const OUTCOMES = ['blocked', 'cached', 'forwarded', 'local', 'special', 'refused', 'failed', 'stale'] as const
const REFUSED: readonly RefusedReason[] = [
  'access',
  'class',
  'opcode',
  'version',
  'transfer',
  'no-recursion',
  'malformed',
  'limit',
  'cookie',
  'rebinding',
]
const FAILED: readonly FailedReason[] = [
  'upstream-timeout',
  'upstream-error',
  'no-upstream',
  'remembered',
  'overload',
  'internal',
]

/** More addresses than this in one answer are not evidence of anything; the first ones are kept. */
const MAX_HAND_OUTS = 64

/** What a template says. */
export interface Said extends Readonly<Pick<Entry, 'rcode' | 'type' | 'outcome' | 'name' | 'handOuts'>> {
  /** The number of the client's combination of groups, with the resolver that wrote it. */
  readonly group: number
}

/** Longest template. */
export const TEMPLATE_MAX = 18 + 255 + MAX_HAND_OUTS * (5 + 16)

/** Writes the part of an entry that does not change while its answer is the same; returns its length. */
export function writeTemplate(out: Uint8Array, query: Query, reply: Reply): number {
  const handOuts = handOutsOf(reply)
  const count = Math.min(handOuts.length, MAX_HAND_OUTS)
  const { wire } = query
  out[0] = OUTCOMES.indexOf(reply.outcome.kind)
  out[1] = reasonNumber(reply.outcome)
  putU16(out, 2, reply.rcode)
  putU16(out, 4, query.type)
  putU32(out, 6, firstNumber(reply.outcome))
  putU32(out, 10, reply.outcome.kind === 'blocked' ? reply.outcome.line : 0)
  putU16(out, 14, query.group)
  out[16] = wire.length
  let at = 17
  for (let i = 0; i < wire.length; i++) out[at++] = wire[i] as number
  out[at++] = count
  for (let k = 0; k < count; k++) {
    const { bytes, at: from, size, ttl } = placeOf(handOuts[k] as HandOut)
    out[at++] = size
    for (let i = 0; i < size; i++) out[at++] = bytes[from + i] as number
    putU32(out, at, ttl)
    at += 4
  }
  return at
}

/** Where the bytes of an address stand. */
function placeOf(handOut: HandOut): Pick<MessageAddress, 'bytes' | 'at' | 'size' | 'ttl'> {
  if (handOut instanceof MessageAddress) return handOut
  const bytes = addressBytes(handOut.address) as Uint8Array
  return { bytes, at: 0, size: bytes.length, ttl: handOut.ttl }
}

function reasonNumber(outcome: Outcome): number {
  if (outcome.kind === 'refused') return REFUSED.indexOf(outcome.reason)
  return outcome.kind === 'failed' ? FAILED.indexOf(outcome.reason) : 0
}

function firstNumber(outcome: Outcome): number {
  if (outcome.kind === 'blocked') return outcome.list
  return outcome.kind === 'forwarded' ? outcome.upstream : 0
}

/** What the template at `at` says. It comes from our own writer: its lengths are trusted. */
export function readTemplate(bytes: Uint8Array, view: DataView, at: number): Said {
  const length = view.getUint8(at + 16)
  return {
    rcode: view.getUint16(at + 2),
    type: view.getUint16(at + 4),
    outcome: readOutcome(view, at),
    name: length === 0 ? '.' : nameFromWire(bytes, at + 17),
    handOuts: readHandOuts(bytes, view, at + 17 + length),
    group: view.getUint16(at + 14),
  }
}

function readOutcome(view: DataView, at: number): Outcome {
  const kind = OUTCOMES[view.getUint8(at)] as Outcome['kind']
  const reason = view.getUint8(at + 1)
  const number = view.getUint32(at + 6)
  switch (kind) {
    case 'blocked':
      return { kind, list: number, line: view.getUint32(at + 10) }
    case 'forwarded':
      return { kind, upstream: number }
    case 'refused':
      return { kind, reason: REFUSED[reason] as RefusedReason }
    case 'failed':
      return { kind, reason: FAILED[reason] as FailedReason }
    default:
      return PLAIN[kind]
  }
}

/** What has nothing to add to its kind is the same for all: thousands of templates are kept. */
const PLAIN = {
  cached: { kind: 'cached' },
  stale: { kind: 'stale' },
  local: { kind: 'local' },
  special: { kind: 'special' },
} as const

function readHandOuts(bytes: Uint8Array, view: DataView, at: number): Entry['handOuts'] {
  const count = view.getUint8(at++)
  if (count === 0) return NONE
  // Made as long as it will be: one that grows keeps room for sixteen more.
  const handOuts = new Array<HandOut>(count)
  for (let i = 0; i < count; i++) {
    const length = view.getUint8(at)
    handOuts[i] = { address: addressFromBytes(bytes, at + 1, length), ttl: view.getUint32(at + 1 + length) }
    at += 5 + length
  }
  return handOuts
}

const NONE: readonly HandOut[] = []
