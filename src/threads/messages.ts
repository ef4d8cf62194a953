// What the control thread and a resolver thread say to each other. Types only; both ends import them.
import type { Address, Endpoint, Prefix } from '../base/address.ts'
import type { Problem } from '../base/failure.ts'
import type { Name } from '../base/name.ts'
import type { Batch } from '../journal/batch.ts'
import type { NamesChange } from '../names/change.ts'
import type { NamesSnapshot } from '../names/snapshot.ts'
import type { CacheBounds } from '../pipeline/cache/answer-cache.ts'
import type { Restored } from '../pipeline/cache/cache-dump.ts'
import type { EdnsHabits, OptionCounts } from '../pipeline/edns.ts'
import type { AccessRule } from '../pipeline/entrances.ts'
import type { Flood, LimitBounds } from '../pipeline/limits.ts'
import type { Resolved } from '../pipeline/own-question.ts'
import type { Household, Manner } from '../pipeline/profiles.ts'
import type { Rehearsed } from '../pipeline/rehearsal.ts'
import type { CacheFigures, CacheHabits } from '../pipeline/stages/cache.ts'
import type { Designated } from '../pipeline/stages/discovery.ts'
import type { Dns64Settings } from '../pipeline/stages/dns64.ts'
import type { Identity } from '../pipeline/stages/guard.ts'
import type { RebindingSettings } from '../pipeline/stages/rebinding.ts'
import type { SpecialSettings } from '../pipeline/stages/special.ts'
import type { BlockAnswer } from '../policy/block-answer.ts'
import type { ListInfo } from '../policy/decision.ts'
import type { HttpStatuses, Trust } from '../transport/accept.ts'
import type { ConnectionBounds, ConnectionFigures, StreamKind } from '../transport/connections.ts'
import type { Pair } from '../transport/identity.ts'
import type { ListenerKind } from '../transport/listener.ts'
import type { ListenSettings } from '../transport/wanted.ts'
import type { UpstreamSettings } from '../upstream/settings.ts'
import type { UpstreamFigures } from '../upstream/upstream.ts'
import type { PackedConditionals } from './packed.ts'

/** The part of the configuration that a resolver thread needs; it can change while the thread runs. */
export interface ResolverSettings {
  readonly allowFrom: readonly Prefix[]
  readonly upstreams: UpstreamSettings
  readonly sinkhole: BlockAnswer
  /** Some group wants safe search. */
  readonly safeSearch: boolean
  readonly cache: CacheBounds
  readonly cacheHabits: CacheHabits
  readonly udpSize: number
  readonly serving: ServingSettings
  readonly names: NameSettings
  readonly edns: EdnsHabits
  readonly identity: Identity
  readonly limits: LimitBounds
}

/** How connections are taken and kept. */
export interface ServingSettings {
  /** `idle` is also what the edns-tcp-keepalive option may promise (RFC 7828). */
  readonly connections: ConnectionBounds
  readonly trust: Trust
  /** Load balancers that begin every datagram with a PROXY header. */
  readonly proxyDatagrams: readonly Prefix[]
  /** Who may ask over TLS and HTTPS. */
  readonly allowFrom: { readonly tls: readonly Prefix[]; readonly https: readonly Prefix[] }
  /** Who may ask at single addresses of this machine, instead. */
  readonly access: readonly AccessRule[]
  /** Our own name over TLS. */
  readonly name: Name | undefined
  /** What discovery announces. */
  readonly designated: Designated | undefined
}

/** How names are treated that are not simply the outside's. */
export interface NameSettings extends SpecialSettings {
  /** Undefined where it is off. */
  readonly dns64: Dns64Settings | undefined
  readonly rebinding: RebindingSettings | undefined
}

/** A compiled policy on its way to a thread: the buffer is shared, not copied. */
export interface PolicySnapshot {
  readonly buffer: SharedArrayBuffer
  readonly lists: readonly ListInfo[]
  readonly generation: number
  /** Left out: there are none. */
  readonly conditionals?: PackedConditionals
}

/** What all resolver threads know and nobody else: what one of them gave out, another can check. */
export interface Secrets {
  /** What the secrets of DNS cookies are made from. */
  readonly cookies: Uint8Array
  /** Keys of TLS session tickets, 48 bytes. */
  readonly tickets: Uint8Array
}

/** What a resolver thread starts with. */
export interface ResolverStart {
  /** Undefined where another thread goes first: it opens what that one has (`listen`). */
  readonly listen: ListenSettings | undefined
  /** There are others, and all share their addresses and ports. */
  readonly shared: boolean
  readonly secrets: Secrets
  /** Needed where TLS or HTTPS is served. */
  readonly pair: Pair | undefined
  readonly settings: ResolverSettings
  readonly policy: PolicySnapshot
  readonly household: Household
  readonly names: NamesSnapshot
}

/** From control to resolver: snapshots and commands only. */
export type ToResolver =
  /** The first one: what to begin with. */
  | { readonly kind: 'start'; readonly start: ResolverStart }
  | { readonly kind: 'policy'; readonly policy: PolicySnapshot }
  | { readonly kind: 'settings'; readonly settings: ResolverSettings }
  /** A piece of a change of the house's names. */
  | { readonly kind: 'names'; readonly change: NamesChange }
  /** Groups, devices, and what is off or paused of them. */
  | { readonly kind: 'household'; readonly household: Household }
  /** Whether blocking is paused for all. */
  | { readonly kind: 'pause'; readonly active: boolean }
  /** The control thread has read a batch of so many bytes; its buffer comes back. */
  | { readonly kind: 'read'; readonly bytes: number; readonly buffer: ArrayBuffer }
  /** Flush what you have, then answer with `synced`: all that was answered before is with us then (invariant I1). */
  | { readonly kind: 'sync'; readonly token: number }
  /** Tell what the cache holds for a name, and what would be answered to somebody at this address who asks so; both left out: to a stranger. */
  | {
      readonly kind: 'look'
      readonly token: number
      readonly name: Name
      readonly from: Address | undefined
      readonly manner: Manner | undefined
    }
  /** Forget what is cached for a name, or for a zone and all under it. */
  | { readonly kind: 'flush'; readonly token: number; readonly name: Name; readonly zone: boolean }
  /** Tell the cache as bytes; take a chunk of it back. */
  | { readonly kind: 'dump'; readonly token: number }
  | { readonly kind: 'restore'; readonly token: number; readonly chunk: Uint8Array }
  /** What the first thread listens on, and the others are to share. */
  | { readonly kind: 'listen'; readonly endpoints: readonly ListeningAt[] }
  /** New keys of TLS session tickets. */
  | { readonly kind: 'tickets'; readonly keys: Uint8Array }
  /** A new certificate, checked. */
  | { readonly kind: 'pair'; readonly pair: Pair }
  /** Ask the pipeline where a name leads, for an errand of the server's own. */
  | { readonly kind: 'resolve'; readonly token: number; readonly name: Name }
  | { readonly kind: 'close' }

/** What is known of a name without asking anybody. */
export interface NameLooked {
  readonly kept: readonly Looked[]
  /** By type. */
  readonly would: Readonly<Record<'A' | 'AAAA' | 'HTTPS', Rehearsed>>
}

/** One cached answer, for people. */
export interface Looked {
  readonly type: string
  readonly rcode: string
  /** Seconds left; zero or less for an answer past its end, which is given only where no upstream answers. */
  readonly ttl: number
  /** The data of each record of the answer section. */
  readonly records: readonly string[]
  /** Names that it leads on to, in order, and every address in it. */
  readonly targets: readonly Name[]
  readonly addresses: readonly Address[]
}

/** Figures that only the resolver threads know: of one, or of all together. */
export interface ResolverFigures {
  /** Processor time of each thread, µs. */
  readonly cpu: readonly number[]
  readonly cache: CacheFigures
  /** Entries of the fast lane. */
  readonly lane: number
  readonly clients: number
  /** Answers with addresses made by DNS64; the fast lane's repetitions do not count. */
  readonly synthesised: number
  /** Replies by the EDNS options of ours that they carried. */
  readonly options: Readonly<OptionCounts>
  /** Those who asked too much, the latest first. */
  readonly floods: readonly Flood[]
  /** Packets that were no query. */
  readonly dropped: number
  /** Datagrams behind a PROXY header, and those of load balancers without a good one. */
  readonly proxied: { readonly proxied: number; readonly faulty: number }
  readonly connections: Readonly<Record<StreamKind, ConnectionFigures>>
  readonly httpStatuses: Readonly<HttpStatuses>
  readonly upstreams: readonly UpstreamFigures[]
}

/** From resolver to control. */
export type FromResolver =
  | { readonly kind: 'listening'; readonly endpoints: readonly ListeningAt[] }
  | { readonly kind: 'failed'; readonly problems: readonly Problem[] }
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'synced'; readonly token: number; readonly figures: ResolverFigures }
  /** Batches from here on speak of the lists of this generation and of these upstreams. */
  | { readonly kind: 'using'; readonly generation: number; readonly upstreams: readonly string[] }
  | { readonly kind: 'flushed'; readonly token: number; readonly gone: number }
  | { readonly kind: 'dumped'; readonly token: number; readonly chunks: readonly Uint8Array[] }
  | { readonly kind: 'restored'; readonly token: number; readonly restored: Restored }
  | { readonly kind: 'resolved'; readonly token: number; readonly resolved: Resolved }
  | { readonly kind: 'looked'; readonly token: number; readonly found: NameLooked }
  /** A fault of our own, or a listener that had to be given up. */
  | { readonly kind: 'trouble'; readonly problem: Problem }
  /** Somebody began to ask too much. */
  | { readonly kind: 'flood'; readonly flood: Flood }

/** One open listener, as it is shown. */
export interface ListeningAt {
  readonly kind: ListenerKind
  readonly endpoint: Endpoint
}
