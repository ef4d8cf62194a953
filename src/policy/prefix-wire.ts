// A range of addresses as a name of one label, so that it is found by a fingerprint as names are. Knows no rule.
import type { Prefix } from '../base/address.ts'

/** The label: 4 or 6 for the family, the number of bits, and the bytes of the range. */
export function prefixWire({ bytes, bits }: Prefix): Uint8Array {
  const wire = new Uint8Array(bytes.length + 4)
  wire[0] = bytes.length + 2
  wire[1] = bytes.length === 4 ? 4 : 6
  wire[2] = bits
  wire.set(bytes, 3)
  return wire
}

/** The same for the range of that many bits that an address lies in, into `wire`. */
export function coveringWire(address: Uint8Array, bits: number, wire: Uint8Array): void {
  wire[0] = address.length + 2
  wire[1] = address.length === 4 ? 4 : 6
  wire[2] = bits
  for (let i = 0; i < address.length; i++) {
    const rest = bits - 8 * i
    wire[i + 3] = rest >= 8 ? (address[i] as number) : rest <= 0 ? 0 : (address[i] as number) & (0xff00 >> rest)
  }
  wire[address.length + 3] = 0
}
