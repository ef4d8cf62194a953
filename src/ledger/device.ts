// What a device is, in words: its identity, what is shown of it and what is stored. Knows no table.
import type { Address, Mac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'

/** `mac:aa:bb:cc:dd:ee:ff` where the MAC is known and one device's own, else `ip:192.168.1.5`. */
export type DeviceId = string

/** Who says that an address belongs to a MAC. `duid` is the MAC inside a DHCPv6 identifier (RFC 8415 §11.2). */
export type BindingSource = 'neighbours' | 'report' | 'lease' | 'duid'

/** What a binding changed; the ledger moves the evidence accordingly. */
export type Binding =
  | { readonly kind: 'none' }
  /** The address had no MAC until now: what was known of `from` belongs to `to`. */
  | { readonly kind: 'joined'; readonly from: DeviceId; readonly to: DeviceId }
  /** The address changed hands at some time after `since`: answers given since then may have been for either. */
  | { readonly kind: 'moved'; readonly from: DeviceId; readonly to: DeviceId; readonly since: EpochMs }

/** One device as it is shown. */
export interface DeviceView {
  readonly id: DeviceId
  readonly mac: Mac | undefined
  /** As configured or as the DHCP server knows it; hostile text, escape before showing. */
  readonly name: string | undefined
  readonly addresses: readonly Address[]
  readonly first: EpochMs
  readonly last: EpochMs
  /** Several devices stand behind this MAC (a repeater, a router); each address is judged for itself. */
  readonly shared: boolean
  /** It has asked us for names. */
  readonly asks: boolean
}

/** One address as it is stored. */
export interface AddressRecord {
  readonly address: Address
  readonly mac: Mac | undefined
  readonly shared: boolean
  readonly name: string | undefined
  readonly first: EpochMs
  readonly last: EpochMs
  readonly asks: boolean
}

/** The device that an address is on its own, while no MAC is known for it. */
export const ownDevice = (address: Address): DeviceId => `ip:${address}`
