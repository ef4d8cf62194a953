// What the configuration says about upstreams, as the resolver thread gets it. Types only.
import type { Endpoint } from '../base/address.ts'
import type { Name } from '../base/name.ts'
import type { UpstreamServer } from '../base/upstream-server.ts'

/** Which upstream of a set is asked first. */
export type Strategy =
  /** As they stand in the configuration. */
  | 'order'
  /** The two quickest at once; the first usable answer counts. */
  | 'race'
  /** By lot, by weight: no single upstream learns all. */
  | 'random'

/** Names that belong to certain upstreams, and never go to any other. */
export interface ForwardZone {
  readonly names: readonly Name[]
  readonly servers: readonly UpstreamServer[]
}

/** Upstreams that members of a group are asked at, in the place of `servers`. */
export interface GroupUpstreams {
  readonly group: string
  readonly servers: readonly UpstreamServer[]
}

/** All about upstreams. */
export interface UpstreamSettings {
  readonly servers: readonly UpstreamServer[]
  readonly strategy: Strategy
  /** Asked only while none of `servers` answers. */
  readonly fallback: readonly UpstreamServer[]
  readonly zones: readonly ForwardZone[]
  /** In order: the first one is `Query.route` 1. */
  readonly groups: readonly GroupUpstreams[]
  /** Where the names of upstreams are looked up. */
  readonly bootstrap: readonly Endpoint[]
  /** Milliseconds for one try. */
  readonly timeout: number
  /** Tries for one question, over all upstreams. */
  readonly attempts: number
  /** Questions on their way to one upstream. */
  readonly maxInFlight: number
  /** Milliseconds without a question after which a connection is closed. */
  readonly idle: number
}
