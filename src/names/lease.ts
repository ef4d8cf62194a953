// One DHCP lease, whatever server wrote it. Knows no format.
import type { Address, Mac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'

/** Most leases, or lines, that are taken from one file; dnsmasq's own default is 1,000 (`dhcp-lease-max`). */
export const LEASES_MOST = 65_536

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
