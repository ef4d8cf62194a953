// What a blocked name gets, as a value. Knows no message.
import type { Address } from '../base/address.ts'

/** The ways of saying no. */
export const BLOCK_MODES = ['loopback', 'zero', 'nxdomain', 'nodata', 'refused', 'drop', 'addresses'] as const
export type BlockMode = (typeof BLOCK_MODES)[number]

/** What a blocked name gets. `addresses` counts for the mode of that name only. */
export interface BlockAnswer {
  readonly mode: BlockMode
  readonly addresses: readonly Address[]
  /** Seconds. */
  readonly ttl: number
}
