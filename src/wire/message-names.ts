// Names inside a message, compressed as they stand: walked, compared, read. Knows no record and no section.
import { foldByte, NAME_MAX, type Name, nameFromWire } from '../base/name.ts'
import { HEADER } from './read-query.ts'

/** Compression pointers followed in one message: more than any honest message needs, few enough to stay quick. */
const MAX_POINTERS = 4096

/** The walk over the names of one message. It checks them; everything else here relies on that. */
export class NameWalk {
  readonly #packet: Uint8Array
  readonly #ttls: readonly number[]
  #pointers = 0

  /** `ttls`: where the TTL fields of the records so far stand, in ascending order; they grow with the walk. */
  constructor(packet: Uint8Array, ttls: readonly number[] = []) {
    this.#packet = packet
    this.#ttls = ttls
  }

  /** Offset behind the name at `start`, following its pointers to check them; 0 where it is malformed. */
  skip(start: number, end: number): number {
    const packet = this.#packet
    let at = start
    let after = 0
    let length = 0
    let limit = end
    for (;;) {
      if (at >= limit) return 0
      const size = packet[at] as number
      if (size >= 0xc0) {
        if (at + 1 >= limit || ++this.#pointers > MAX_POINTERS) return 0
        const to = ((size & 0x3f) << 8) | (packet[at + 1] as number)
        if (after === 0) after = at + 2
        // Backward only, and never into the header: so it ends, and no message can make it walk in circles.
        if (to >= at || to < HEADER) return 0
        if (after !== at + 2 && this.#isOnTtl(at, at + 2)) return 0
        limit = at
        at = to
        continue
      }
      if (size > 63) return 0
      length += size + 1
      if (length > NAME_MAX) return 0
      if (after !== 0 && this.#isOnTtl(at, at + size + 1)) return 0
      at += size + 1
      if (size === 0) return after === 0 ? at : after
    }
  }

  /** Whether a part of a name lies on a TTL: it would be another name when that has counted down. */
  #isOnTtl(from: number, to: number): boolean {
    const ttls = this.#ttls
    for (let i = ttls.length - 1; i >= 0 && (ttls[i] as number) + 4 > from; i--) {
      if ((ttls[i] as number) < to) return true
    }
    return false
  }
}

/** Where the first label of the name at `at` stands, behind its pointers. */
export function follow(packet: Uint8Array, at: number): number {
  let size = packet[at] as number
  while (size >= 0xc0) {
    at = ((size & 0x3f) << 8) | (packet[at + 1] as number)
    size = packet[at] as number
  }
  return at
}

/** Whether two names of a message are the same, letter case aside. Both have passed `NameWalk.skip`. */
export function sameName(packet: Uint8Array, a: number, b: number): boolean {
  for (;;) {
    a = follow(packet, a)
    b = follow(packet, b)
    // Compressed by the same pointer, as nearly all of them are.
    if (a === b) return true
    const size = packet[a] as number
    if (size !== packet[b]) return false
    if (size === 0) return true
    for (let i = 1; i <= size; i++) {
      const x = packet[a + i] as number
      const y = packet[b + i] as number
      if (x !== y && foldByte(x) !== foldByte(y)) return false
    }
    a += size + 1
    b += size + 1
  }
}

/** Whether the name at `name` is that at `zone`, or lies under it. */
export function isUnderAt(packet: Uint8Array, name: number, zone: number): boolean {
  const top = follow(packet, zone)
  const isRoot = packet[top] === 0
  // Compressed into the name itself, as nearly all zones are.
  for (let at = follow(packet, name); ; at = parentAt(packet, at)) {
    if (at === top) return true
    if (packet[at] === 0) break
  }
  if (isRoot) return true
  for (let more = labelsAt(packet, name) - labelsAt(packet, zone); more > 0; more--) name = parentAt(packet, name)
  return sameName(packet, name, zone)
}

/** Where the name without its first label stands, behind its pointers. The root is its own parent. */
function parentAt(packet: Uint8Array, at: number): number {
  const label = follow(packet, at)
  const size = packet[label] as number
  return size === 0 ? label : follow(packet, label + size + 1)
}

function labelsAt(packet: Uint8Array, at: number): number {
  let count = 0
  for (at = follow(packet, at); packet[at] !== 0; at = follow(packet, at + (packet[at] as number) + 1)) count++
  return count
}

/** The name at `at` as wire bytes, lower-cased and whole. */
export function expandWire(packet: Uint8Array, at: number): Uint8Array {
  const wire = new Uint8Array(NAME_MAX)
  let length = 0
  for (;;) {
    at = follow(packet, at)
    const size = packet[at] as number
    for (let i = 0; i <= size; i++) wire[length++] = foldByte(packet[at + i] as number)
    if (size === 0) return wire.subarray(0, length)
    at += size + 1
  }
}

/** The same as text. */
export const expandName = (packet: Uint8Array, at: number): Name => nameFromWire(expandWire(packet, at), 0)
