// Leases in JSON: libvirt's status files and AdGuard Home's. Hostile text: every field is looked at before it is used.
import { parseAddress, parseMac } from '../../base/address.ts'
import { SECOND } from '../../base/clock.ts'
import { LEASES_MOST, type Lease } from '../../names/lease.ts'

/** Reads `/var/lib/libvirt/dnsmasq/<bridge>.status`: a list with addresses, and expiry in seconds, 0 for never. */
export function readLibvirt(text: string): readonly Lease[] {
  return objectsOf(json(text)).flatMap((lease) => {
    const seconds = lease['expiry-time']
    const expires = typeof seconds === 'number' && seconds > 0 ? seconds * SECOND : Number.POSITIVE_INFINITY
    return leaseOf(lease['ip-address'], lease['mac-address'], lease['hostname'], expires)
  })
}

/** Reads AdGuard Home's `leases.json`: expiry in RFC 3339, none for static leases. */
export function readAdguardHome(text: string): readonly Lease[] {
  const whole = json(text)
  const list = typeof whole === 'object' && whole !== null ? (whole as Record<string, unknown>)['leases'] : undefined
  return objectsOf(list).flatMap((lease) => {
    const { expires: end, static: fixed } = lease
    const ends = typeof end === 'string' ? Date.parse(end) : Number.NaN
    const expires = fixed === true ? Number.POSITIVE_INFINITY : Number.isNaN(ends) ? 0 : ends
    return leaseOf(lease['ip'], lease['mac'], lease['hostname'], expires)
  })
}

function leaseOf(ip: unknown, hardware: unknown, host: unknown, expires: number): Lease[] {
  const address = typeof ip === 'string' ? parseAddress(ip) : undefined
  if (address === undefined) return []
  const mac = typeof hardware === 'string' ? parseMac(hardware) : undefined
  const name = typeof host === 'string' && host !== '' ? host : undefined
  return [{ address, mac, fromDuid: false, name, expires }]
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A file that is being written: it is read again when it is whole.
    return undefined
  }
}

const objectsOf = (value: unknown): Record<string, unknown>[] =>
  (Array.isArray(value) ? value : [])
    .slice(0, LEASES_MOST)
    .filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)
