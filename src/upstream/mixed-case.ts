// Random letter case in the names that we ask upstream ("0x20"): a forger must guess it too. Chance comes in as bytes.
import { randomFillSync } from 'node:crypto'

/** Random bytes, drawn from the system in blocks: one call a few hundred queries. */
const pool = new Uint8Array(8192)
let used = pool.length

/** One random byte. */
function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool[used++] as number
}

/** A random 16-bit number: a query ID (RFC 5452 §4.3). */
export const random16 = (): number => (randomByte() << 8) | randomByte()

/** The name with each letter's case drawn at random; `wire` is lower-case. */
export function mixCase(wire: Uint8Array): Uint8Array {
  const mixed = wire.slice()
  let bits = 0
  let left = 0
  for (let at = 0; (mixed[at] ?? 0) !== 0; ) {
    const end = at + (mixed[at] as number)
    for (at++; at <= end; at++) {
      const byte = mixed[at] as number
      if (byte < 0x61 || byte > 0x7a) continue
      if (left === 0) {
        bits = randomByte()
        left = 8
      }
      if (bits & 1) mixed[at] = byte & 0xdf
      bits >>= 1
      left--
    }
  }
  return mixed
}
