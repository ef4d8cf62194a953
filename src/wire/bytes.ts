// Numbers in network order, read and written in place. Bounds are the caller's.

/** A part in memory of its own. What streams hand over are Buffers, and `slice` of those is a view. */
export const copyOf = (bytes: Uint8Array, from = 0, end = bytes.length): Uint8Array =>
  new Uint8Array(bytes.subarray(from, end))

/** Two bytes, network order. */
export const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

/** Four bytes, network order, unsigned. */
export const u32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0

/** Writes two bytes, network order. */
export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

/** Writes four bytes, network order. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
