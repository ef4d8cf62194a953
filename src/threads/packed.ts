// Many values on their way to another thread, in shared memory: they arrive at once, and are read there piece by piece. A
// message made of them would hold up the other thread until all are read: 60,000 rules took 150 ms (measured).
import { deserialize, serialize } from 'node:v8'
import type { Pieces } from '../base/turns.ts'
import type { Conditionals } from '../policy/conditionals.ts'

/** Plain values in order. */
export interface Packed {
  readonly bytes: SharedArrayBuffer
  /** Where each piece ends. */
  readonly ends: readonly number[]
}

/** The conditional rules of a policy, packed. */
export interface PackedConditionals extends Omit<Conditionals, 'rules' | 'chains'> {
  readonly rules: Packed
  readonly chains: Packed
}

/** Values of one piece: reading so many rules takes about half a millisecond. */
const PIECE = 128

export function pack(values: readonly unknown[]): Packed {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < values.length; at += PIECE) pieces.push(serialize(values.slice(at, at + PIECE)))
  let size = 0
  const ends = pieces.map((piece) => (size += piece.length))
  const bytes = new SharedArrayBuffer(size)
  const all = new Uint8Array(bytes)
  for (const [i, piece] of pieces.entries()) all.set(piece, (ends[i] as number) - piece.length)
  return { bytes, ends }
}

/** Reads packed values again. */
export function* unpack<T>({ bytes, ends }: Packed): Pieces<T[]> {
  const values: T[] = []
  let from = 0
  for (const end of ends) {
    // A copy: the reader takes no shared memory.
    for (const value of deserialize(new Uint8Array(bytes).slice(from, end)) as T[]) values.push(value)
    from = end
    yield
  }
  return values
}

export const packConditionals = ({ rules, chains, ...rest }: Conditionals): PackedConditionals => ({
  ...rest,
  rules: pack(rules),
  chains: pack(chains),
})

export function* unpackConditionals({ rules, chains, ...rest }: PackedConditionals): Pieces<Conditionals> {
  return {
    ...rest,
    rules: yield* unpack<Conditionals['rules'][number]>(rules),
    chains: yield* unpack<Conditionals['chains'][number]>(chains),
  }
}
