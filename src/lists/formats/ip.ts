// Addresses and ranges of addresses, one a line: `192.0.2.1 # why`, `198.51.100.0/24`. The rule is for answers that have
// such an address in them.
import { type Prefix, parsePrefix } from '../../base/address.ts'
import { BLOCK, conditional } from '../../policy/rule.ts'
import { isRestIdle, type LineEnd, NOT_OURS, type ReadLine, RULES, wordEnd } from '../line.ts'
import { textOf } from '../name-bytes.ts'

export const ip: ReadLine = (bytes, from, to, sink) => {
  const end = addressEnd(bytes, from, to)
  if (end === from || (end < to && end !== wordEnd(bytes, from, to)) || !isRestIdle(bytes, end, to)) return NOT_OURS
  const prefix = parsePrefix(textOf(bytes, from, end))
  if (prefix === undefined) return NOT_OURS
  if (isTooWide(prefix)) return TOO_WIDE
  sink.conditional(conditional({ kind: 'address', prefix }, BLOCK))
  return RULES
}

/** A line that holds more than a 256th of all IPv4 addresses, or a 65,536th of all IPv6 ones, blocks the Internet. */
export const isTooWide = ({ bytes, bits }: Prefix): boolean => bits < (bytes.length === 4 ? 8 : 16)

export const TOO_WIDE: LineEnd = Object.freeze({
  kind: 'rejected',
  why: 'a range wider than /8 of IPv4 or /16 of IPv6, which would block much of the Internet',
})

/** The end of the digits, dots, colons and slashes from `from` on. */
function addressEnd(bytes: Uint8Array, from: number, to: number): number {
  const stop = Math.min(to, from + 64)
  while (from < stop && ADDRESS_BYTE[bytes[from] as number]) from++
  return from
}

const ADDRESS_BYTE = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9a-fA-F.:/]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
