// The lease file of dnsmasq as leases. Knows no ledger and reads no file.
import { type Address, type Mac, parseAddress, parseMac } from '../base/address.ts'
import { type EpochMs, SECOND } from '../base/clock.ts'

/** One lease. */
export interface Lease {
  readonly address: Address
  readonly mac: Mac | undefined
  /** The MAC stands in a DHCPv6 identifier: it is one of the device's, perhaps not the one in use. */
  readonly fromDuid: boolean
  /** The host name that the device gave; hostile text. */
  readonly name: string | undefined
  /** When it ends; infinity for one that never does. */
  readonly expires: EpochMs
}

/** Most leases that are taken from one file; dnsmasq's own default is 1,000 (`dhcp-lease-max`). */
const MOST = 65_536

/**
 * Reads the file: `expiry MAC address name client-id` lines, then, after a `duid …` line, those of DHCPv6:
 * `expiry IAID address name DUID`. `*` stands for nothing known. Lines that are neither are left out.
 */
export function parseLeases(text: string): readonly Lease[] {
  const leases: Lease[] = []
  for (const line of text.split('\n', MOST)) {
    const [expiry = '', who = '', ip = '', host = '', id = ''] = line.trim().split(' ', 5)
    const address = parseAddress(ip)
    if (address === undefined || !/^\d{1,12}$/.test(expiry)) continue
    const fromDuid = address.includes(':')
    leases.push({
      address,
      mac: fromDuid ? macOfDuid(id) : macOf(who),
      fromDuid,
      name: host === '*' || host === '' ? undefined : host,
      expires: expiry === '0' ? Number.POSITIVE_INFINITY : Number(expiry) * SECOND,
    })
  }
  return leases
}

/** A MAC, with its hardware type before it where that is not Ethernet: `06-aa:bb:cc:dd:ee:ff`. */
function macOf(text: string): Mac | undefined {
  const dash = text.indexOf('-')
  return parseMac(dash === 2 && text.length === 20 ? text.slice(3) : text)
}

/** The Ethernet address in a DUID-LLT or DUID-LL (RFC 8415 §11.2 and §11.4); other kinds hold none. */
function macOfDuid(duid: string): Mac | undefined {
  const bytes = duid.toLowerCase().split(':', 32)
  const [kindHigh, kindLow, hardwareHigh, hardwareLow] = bytes
  if (kindHigh !== '00' || hardwareHigh !== '00' || hardwareLow !== '01') return undefined
  const from = kindLow === '01' ? 8 : kindLow === '03' ? 4 : undefined
  return from !== undefined && bytes.length === from + 6 ? parseMac(bytes.slice(from).join(':')) : undefined
}
