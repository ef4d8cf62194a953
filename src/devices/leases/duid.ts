// The MAC inside a DHCPv6 identifier. Knows no file.
import { type Mac, parseMac } from '../../base/address.ts'

/** The Ethernet address in a DUID-LLT or DUID-LL (RFC 8415 §11.2 and §11.4), as hex with colons; other kinds hold none. */
export function macOfDuid(duid: string): Mac | undefined {
  const bytes = duid.toLowerCase().split(':', 32)
  const [kindHigh, kindLow, hardwareHigh, hardwareLow] = bytes
  if (kindHigh !== '00' || hardwareHigh !== '00' || hardwareLow !== '01') return undefined
  const from = kindLow === '01' ? 8 : kindLow === '03' ? 4 : undefined
  return from !== undefined && bytes.length === from + 6 ? parseMac(bytes.slice(from).join(':')) : undefined
}
