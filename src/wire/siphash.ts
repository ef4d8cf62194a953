// SipHash-2-4 (Aumasson, Bernstein, 2012): a short keyed hash. Knows nothing of cookies. In 32-bit halves: BigInt would
// take twenty times as long.

/** The 8 bytes of the hash of `data` under a 16-byte key, least significant first, as the reference has it. */
export function sipHash(key: Uint8Array, data: Uint8Array): Uint8Array {
  const keyView = new DataView(key.buffer, key.byteOffset, key.length)
  const k = [0, 4, 8, 12].map((at) => keyView.getUint32(at, true)) as [number, number, number, number]
  // v0 … v3, each as its low and its high half.
  const v = Int32Array.of(
    k[0] ^ 0x70736575,
    k[1] ^ 0x736f6d65,
    k[2] ^ 0x6e646f6d,
    k[3] ^ 0x646f7261,
    k[0] ^ 0x6e657261,
    k[1] ^ 0x6c796765,
    k[2] ^ 0x79746573,
    k[3] ^ 0x74656462,
  )
  // The last block holds what is left, and the length in its highest byte.
  const blocks = new DataView(new ArrayBuffer(8 * (Math.floor(data.length / 8) + 1)))
  for (let i = 0; i < data.length; i++) blocks.setUint8(i, data[i] as number)
  blocks.setUint8(blocks.byteLength - 1, data.length & 255)
  for (let at = 0; at < blocks.byteLength; at += 8) {
    const low = blocks.getUint32(at, true)
    const high = blocks.getUint32(at + 4, true)
    flip(v, V3, low, high)
    round(v)
    round(v)
    flip(v, V0, low, high)
  }
  flip(v, V2, 0xff, 0)
  for (let i = 0; i < 4; i++) round(v)
  const hash = new Uint8Array(8)
  const out = new DataView(hash.buffer)
  out.setInt32(0, half(v, 0) ^ half(v, 2) ^ half(v, 4) ^ half(v, 6), true)
  out.setInt32(4, half(v, 1) ^ half(v, 3) ^ half(v, 5) ^ half(v, 7), true)
  return hash
}

/** Where each word stands. */
const [V0, V1, V2, V3] = [0, 2, 4, 6]

const half = (v: Int32Array, at: number): number => v[at] as number

function flip(v: Int32Array, at: number, low: number, high: number): void {
  v[at] = half(v, at) ^ low
  v[at + 1] = half(v, at + 1) ^ high
}

function round(v: Int32Array): void {
  mix(v, V0, V1, 13)
  swap(v, V0)
  mix(v, V2, V3, 16)
  mix(v, V0, V3, 21)
  mix(v, V2, V1, 17)
  swap(v, V2)
}

/** a += b; b = (b rotated by `bits`) ^ a. */
function mix(v: Int32Array, a: number, b: number, bits: number): void {
  const low = (half(v, a) >>> 0) + (half(v, b) >>> 0)
  v[a + 1] = half(v, a + 1) + half(v, b + 1) + (low > 0xffff_ffff ? 1 : 0)
  v[a] = low
  const [bLow, bHigh] = [half(v, b), half(v, b + 1)]
  v[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ half(v, a)
  v[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ half(v, a + 1)
}

/** A rotation by 32 bits. */
function swap(v: Int32Array, at: number): void {
  const low = half(v, at)
  v[at] = half(v, at + 1)
  v[at + 1] = low
}
