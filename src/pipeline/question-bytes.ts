// Questions as bytes: hashed and compared, letter case aside, without making anything.
import { foldByte } from '../base/name.ts'
import { u16 } from '../wire/bytes.ts'

/** Lower case by table: one load a byte. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => foldByte(byte))
/** FNV-1a's prime, and the last step of MurmurHash3, which spreads every bit over all. */
const PRIME = 0x01000193
const SPREAD = [0x85ebca6b, 0xc2b2ae35] as const

/** The hash of a name so far with one more byte; two bytes that differ in case give the same. */
export const addToHash = (hash: number, byte: number): number => Math.imul(hash ^ (byte | 0x20), PRIME)

/** The hash of a question: of its name's bytes, its type, and its variant. */
export function finishHash(name: number, type: number, variant: number): number {
  let hash = Math.imul(name ^ type, PRIME) ^ variant
  hash = Math.imul(hash ^ (hash >>> 16), SPREAD[0])
  hash = Math.imul(hash ^ (hash >>> 13), SPREAD[1])
  return hash ^ (hash >>> 16)
}

/** The hash of a whole question; `wire` is its name with the root byte. Strangers cannot make it collide who do not know the `seed`. */
export function hashOf(wire: Uint8Array, type: number, variant: number, seed = 0): number {
  let hash = seed
  for (let i = 0; i < wire.length - 1; i++) hash = addToHash(hash, wire[i] as number)
  return finishHash(hash, type, variant)
}

/** Whether the question at `own` of `mine` has the name at `at`, letter case aside, and the type. */
export function isSameQuestion(
  mine: Uint8Array,
  own: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
): boolean {
  for (let i = 0; i < length; i++) {
    const a = mine[own + i] as number
    const b = bytes[at + i] as number
    if (a !== b && FOLD[a] !== FOLD[b]) return false
  }
  return u16(mine, own + length) === type
}
