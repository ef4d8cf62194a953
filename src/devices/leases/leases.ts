// Which server wrote a lease file, told by its text, and its leases. The one reader for names and for the ledger.
import type { Address } from '../../base/address.ts'
import type { Lease } from '../../names/lease.ts'
import { readDnsmasq } from './dnsmasq.ts'
import { readIsc } from './isc.ts'
import { readAdguardHome, readLibvirt } from './json.ts'
import { readKea } from './kea.ts'

/** The servers whose files are read. */
export const LEASE_FORMATS = ['dnsmasq', 'isc', 'kea', 'libvirt', 'adguard-home'] as const
export type LeaseFormat = (typeof LEASE_FORMATS)[number]

const READERS: Readonly<Record<LeaseFormat, (text: string) => readonly Lease[]>> = {
  dnsmasq: readDnsmasq,
  isc: readIsc,
  kea: readKea,
  libvirt: readLibvirt,
  'adguard-home': readAdguardHome,
}

/**
 * Kea writes changes to one file and keeps what it has tidied up beside it (ARM, "Lease File Cleanup"): these endings,
 * oldest first. A cleanup that has just ended leaves both `.completed` and the files that it is made of.
 */
export const SIBLINGS: readonly string[] = ['.2', '.1', '.completed']

/** Which format the text is in. An empty file is dnsmasq's: it has no head. */
export function formatOf(text: string): LeaseFormat {
  const start = text.slice(0, 4096).trimStart()
  if (start.startsWith('{')) return 'adguard-home'
  if (start.startsWith('[')) return 'libvirt'
  if (start.startsWith('address,')) return 'kea'
  return /^(#|lease\s|ia-(na|ta|pd)\s|server-duid\s|authoring-byte-order\s|failover\s)/.test(start) ? 'isc' : 'dnsmasq'
}

/**
 * The leases of all texts, oldest text first: of several for one address the latest counts. Text that is damaged gives
 * what can be read of it. Expired leases are among them: who knows the time leaves them out.
 */
export function readLeases(texts: readonly string[]): { readonly format: LeaseFormat; readonly leases: Lease[] } {
  const format = formatOf(texts.at(-1) ?? '')
  const latest = new Map<Address, Lease>()
  // Only Kea's files belong together; what lies beside those of others is none of ours.
  const own = format === 'kea' ? texts : texts.slice(-1)
  for (const text of own) {
    for (const lease of READERS[format](text)) {
      latest.delete(lease.address)
      latest.set(lease.address, lease)
    }
  }
  return { format, leases: [...latest.values()] }
}
