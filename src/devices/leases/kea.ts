// Kea's memfile leases, v4 and v6, as leases. Columns are found by the head line, which differs between versions.
import { parseAddress, parseMac } from '../../base/address.ts'
import { SECOND } from '../../base/clock.ts'
import { LEASES_MOST, type Lease } from '../../names/lease.ts'
import { macOfDuid } from './duid.ts'

/** Kea's "for ever" (RFC 2131 §3.3: a time of all ones). */
const FOREVER = 0xffff_ffff

/**
 * Reads the CSV. Lines follow each other in time, so the caller lets the latest of an address count. One that is not
 * active (`state` other than 0: declined, reclaimed), deleted (`valid_lifetime` 0), or a delegated prefix has ended.
 * Source: Kea ARM, "Memfile"; src/lib/dhcpsrv/csv_lease_file4.h and csv_lease_file6.h.
 */
export function readKea(text: string): readonly Lease[] {
  const [head = '', ...lines] = text.split('\n', LEASES_MOST)
  const names = head.trim().split(',')
  const column = (name: string) => names.indexOf(name)
  const at = {
    address: column('address'),
    hwaddr: column('hwaddr'),
    duid: column('duid'),
    lifetime: column('valid_lifetime'),
    expire: column('expire'),
    hostname: column('hostname'),
    state: column('state'),
    type: column('lease_type'),
  }
  return lines.flatMap((line): Lease[] => {
    const cells = line.trim().split(',')
    const cell = (index: number): string => cells[index] ?? ''
    const address = parseAddress(cell(at.address))
    if (address === undefined || !/^\d{1,12}$/.test(cell(at.expire))) return []
    const own = parseMac(cell(at.hwaddr))
    const lifetime = Number(cell(at.lifetime))
    const active = /^0?$/.test(cell(at.state)) && lifetime > 0 && /^0?$/.test(cell(at.type))
    const name = unescaped(cell(at.hostname)).replace(/\.+$/, '')
    return [
      {
        address,
        mac: own ?? macOfDuid(cell(at.duid)),
        fromDuid: own === undefined && at.duid >= 0,
        name: name === '' ? undefined : name,
        expires: !active ? 0 : lifetime === FOREVER ? Number.POSITIVE_INFINITY : Number(cell(at.expire)) * SECOND,
      },
    ]
  })
}

/** Kea writes a comma inside a value as `&#x2c`. Source: src/lib/util/csv_file.cc. */
const unescaped = (text: string): string =>
  text.replace(/&#x([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
