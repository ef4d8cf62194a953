// Socket addresses as Linux lays them out: sockaddr_in (16 bytes) and sockaddr_in6 (28). Knows no socket.
import { LINUX } from './libc.ts'

/** Room for either, in 32-bit words. */
export const NAME_WORDS = 8

/** What differs between the two: the family's number, the size of the whole, where the address stands and how long it is. */
export interface Family {
  readonly number: number
  readonly size: number
  readonly addressAt: number
  readonly addressSize: number
}

export const IPV4: Family = { number: LINUX.AF_INET, size: 16, addressAt: 4, addressSize: 4 }
export const IPV6: Family = { number: LINUX.AF_INET6, size: 28, addressAt: 8, addressSize: 16 }

const PORT_AT = 2
/** The number of the interface that a link-local address belongs to, in the machine's order; IPv6 only. */
const SCOPE_AT = 24

/** Makes one of an address of the family. */
export function makeName(family: Family, address: Uint8Array, port: number, scope: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(NAME_WORDS)
  const view = new DataView(words.buffer)
  view.setUint16(0, family.number, true)
  view.setUint16(PORT_AT, port)
  new Uint8Array(words.buffer).set(address, family.addressAt)
  if (family === IPV6) view.setUint32(SCOPE_AT, scope, true)
  return words
}

/** The port in the socket address at `at`. */
export const portOf = (bytes: Uint8Array, at: number): number =>
  ((bytes[at + PORT_AT] as number) << 8) | (bytes[at + PORT_AT + 1] as number)
