// What must outlive a restart, as values. Knows no file.
import type { EpochMs } from '../base/clock.ts'
import type { AddressRecord } from './device.ts'
import type { HandOutRecord } from './evidence.ts'
import type { Finding } from './verdict.ts'

/** One thing that the ledger must know again after a restart. */
export type StateRecord =
  /** When the ledger was born: learning counts from here. */
  | { readonly kind: 'birth'; readonly at: EpochMs }
  | { readonly kind: 'address'; readonly address: AddressRecord }
  | { readonly kind: 'hand-out'; readonly handOut: HandOutRecord }
  | { readonly kind: 'finding'; readonly finding: Finding }
  /** Evidence may be missing from here on for a while. */
  | { readonly kind: 'lost'; readonly at: EpochMs }
