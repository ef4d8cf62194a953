// The lease file of dnsmasq as leases. Knows no ledger and reads no file.
import { type Mac, parseAddress, parseMac } from '../../base/address.ts'
import { SECOND } from '../../base/clock.ts'
import { LEASES_MOST, type Lease } from '../../names/lease.ts'
import { macOfDuid } from './duid.ts'

/**
 * Reads the file: `expiry MAC address name client-id` lines, then, after a `duid …` line, those of DHCPv6:
 * `expiry IAID address name DUID`. `*` stands for nothing known. Lines that are neither are left out.
 */
export function readDnsmasq(text: string): readonly Lease[] {
  const leases: Lease[] = []
  for (const line of text.split('\n', LEASES_MOST)) {
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
