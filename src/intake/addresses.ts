// Addresses as log lines write them, each made into text once: lines repeat the same few thousand. Knows no format.
import { type Address, ipv4At, ipv4Text, parseAddress } from '../base/address.ts'
import { remember } from './remember.ts'

/** IPv4 addresses kept before all are forgotten at once, as `remember` does with the others. */
const REMEMBERED = 16_384

const byNumber = new Map<number, Address>()
const byText = remember(parseAddress)

/**
 * The address that stands in a line from `from` to `to`, the very same text each time; `undefined` where it is none.
 * An IPv4 address is looked up by its number, which costs less than a look-up of its text.
 */
export function addressAt(line: string, from: number, to: number): Address | undefined {
  const number = ipv4At(line, from, to)
  if (number === undefined) return byText(line.slice(from, to))
  const known = byNumber.get(number)
  if (known !== undefined) return known
  const address = ipv4Text(number)
  if (byNumber.size >= REMEMBERED) byNumber.clear()
  byNumber.set(number, address)
  return address
}
