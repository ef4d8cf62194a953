// What the house knows of names, as it goes to the resolver: values only, compiled once. Knows no file and no thread.
import type { Address } from '../base/address.ts'
import type { Name } from '../base/name.ts'
import type { OwnRecord } from '../base/reply.ts'

/** What a rewritten name gets instead of what the outside says. */
export type Rewrite =
  /** Its A, AAAA, HTTPS and SVCB records; a family without an address has none (NODATA). Other types go outside. */
  | { readonly kind: 'addresses'; readonly addresses: readonly Address[] }
  /** It is an alias of another name, for every type. */
  | { readonly kind: 'name'; readonly target: Name }
  | { readonly kind: 'nxdomain' }

/** The names of the house. */
export interface NamesSnapshot {
  /** Every name with its records, all of one owner; a wildcard begins with `*.` (RFC 4592). */
  readonly records: ReadonlyMap<Name, readonly OwnRecord[]>
  /** Zones that are ours alone: a name under one that has no record does not exist. */
  readonly zones: readonly Name[]
  /** Names, and with `*.` before them all names under them, that are answered otherwise than outside. */
  readonly rewrites: ReadonlyMap<Name, Rewrite>
  /** Seconds that "no" and rewritten answers may be kept. */
  readonly ttl: number
}

export const NO_NAMES: NamesSnapshot = Object.freeze({ records: new Map(), zones: [], rewrites: new Map(), ttl: 60 })
