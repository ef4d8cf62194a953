// One line of the journal: what a query got, for the tally and the ledger. Decoded form; `batch.ts` has the bytes.
import type { Address } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import type { Name } from '../base/name.ts'
import type { TransportKind } from '../base/question.ts'
import type { HandOut, Outcome } from '../base/reply.ts'

/** What happened to one query, or to `count` equal ones of one client within one batch. */
export interface Entry {
  /** When the first of them was answered. */
  readonly time: EpochMs
  readonly client: Address
  readonly transport: TransportKind
  /** The groups that the client was in as it asked, by name. */
  readonly groups: readonly string[]
  readonly name: Name
  readonly type: number
  readonly rcode: number
  readonly outcome: Outcome
  /** Answered by the fast lane. */
  readonly lane: boolean
  /** Equal queries that this entry stands for, at least 1. */
  readonly count: number
  /** Microseconds from packet read to reply sent, all `count` together. */
  readonly latency: number
  /** Every address that was handed out, with its TTL. */
  readonly handOuts: readonly HandOut[]
}
