// Fingerprints of domain names, for every suffix of a name in one pass. Knows bytes in wire form and no rule.

/** What makes the fingerprints of one snapshot its own: three words of chance. */
export type Seed = readonly [number, number, number]

/** Takes names in. Keeps its own working memory: one for each thread and snapshot, never shared. */
export interface Fingerprinter {
  /**
   * Takes in a name in lower-cased wire form and returns its number of labels: 0 for the root, -1 for what is no name
   * (a compression pointer, more than 127 labels, a name that the end of the bytes cuts off).
   */
  readonly read: (wire: Uint8Array, offset: number) => number
  /** After `read`: words 3n, 3n+1 and 3n+2 are the state for the suffix with n labels, to be mixed by `first` and so on. */
  readonly states: Int32Array
}

/** Most labels of a name: 255 bytes, two for each label and one for the root (RFC 1035 §2.3.4). */
const LABELS_MAX = 127

/**
 * Makes a fingerprinter. A fingerprint has 96 bits, three words: the first one chooses the place in a table, the
 * others are kept there and compared.
 *
 * The state is three words as well. They take in the name four bytes at a time, label by label from the right, the
 * length byte first; so a suffix costs nothing extra and no two names run together. Each step is a bijection of the
 * state (odd multipliers, rotations, additions), so that nothing is lost on the way. `first`, `second` and `third`
 * spread it at the end. The multipliers of `mix` are published as of near-perfect avalanche (C. Wellons,
 * hash-prospector); `test/unit/policy/hash.test.ts` measures avalanche and collisions of the whole.
 *
 * The seed is new for each snapshot and stays secret, so that nobody who makes up names, in a list or in a query, can
 * aim at the fingerprint of another name.
 */
export function fingerprinter([seedA, seedB, seedC]: Seed): Fingerprinter {
  const starts = new Int32Array(LABELS_MAX)
  const states = new Int32Array(3 * (LABELS_MAX + 1))

  /** Notes where each label starts; returns how many there are. */
  const split = (wire: Uint8Array, offset: number): number => {
    let labels = 0
    for (let at = offset; ; ) {
      const size = wire[at] as number
      if (size === 0) return labels
      // `undefined`, past the end, fails this comparison too.
      if (!(size < 64) || labels === LABELS_MAX) return -1
      starts[labels++] = at
      at += size + 1
    }
  }

  const read = (wire: Uint8Array, offset: number): number => {
    const labels = split(wire, offset)
    let a = seedA | 0
    let b = seedB | 0
    let c = seedC | 0
    for (let depth = 1; depth <= labels; depth++) {
      let at = starts[labels - depth] as number
      const end = at + (wire[at] as number) + 1
      while (at < end) {
        let word = wire[at] as number
        if (at + 3 < end) {
          word |= ((wire[at + 1] as number) << 8) | ((wire[at + 2] as number) << 16) | ((wire[at + 3] as number) << 24)
        } else {
          if (at + 1 < end) word |= (wire[at + 1] as number) << 8
          if (at + 2 < end) word |= (wire[at + 2] as number) << 16
        }
        at += 4
        a = Math.imul(a ^ word, 0x2c1b3c6d)
        a = (a << 15) | (a >>> 17)
        b = Math.imul(b ^ a, 0x297a2d39)
        b = (((b << 13) | (b >>> 19)) + c) | 0
        c = Math.imul((c + word) | 0, 0x1b873593) ^ (a >>> 7)
      }
      states[3 * depth] = a
      states[3 * depth + 1] = b
      states[3 * depth + 2] = c
    }
    return labels
  }

  return { read, states }
}

/** The first word of the fingerprint of state a, b, c; a signed word, as the other two. */
export const first = (a: number, b: number, c: number): number => mix((a + Math.imul(b ^ (c >>> 15), 0x7feb352d)) | 0)
export const second = (a: number, b: number, c: number): number => mix((b + Math.imul(c ^ (a >>> 14), 0x68e31da5)) | 0)
export const third = (a: number, b: number, c: number): number => mix((c + Math.imul(a ^ (b >>> 13), 0x735a2d97)) | 0)

/** A bijection of one word. */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
  return word ^ (word >>> 15)
}
