// What is asked: the numbers of the DNS (types, classes, rcodes, EDE) and the question itself. Knows no bytes.
import type { Address } from './address.ts'
import type { Name } from './name.ts'

/** RR types that we name (IANA DNS parameters). */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const

const TYPE_NAMES = new Map<number, string>(Object.entries(TYPE).map(([name, type]) => [type, name]))

/** `A`, `HTTPS`, or `TYPE65280` (RFC 3597 §5) for the rest. */
export const typeName = (type: number): string => TYPE_NAMES.get(type) ?? `TYPE${type}`

/** Classes (RFC 1035 §3.2.4). */
export const CLASS = { IN: 1, CH: 3, ANY: 255 } as const

/** Response codes (RFC 1035 §4.1.1, RFC 6891 §9). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const

const RCODE_NAMES = new Map<number, string>(Object.entries(RCODE).map(([name, code]) => [code, name]))

/** `NXDOMAIN`, or `RCODE9` for those that we do not name. */
export const rcodeName = (rcode: number): string => RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`

/** Extended DNS error codes that we give (RFC 8914 §4). */
export const EDE = {
  OTHER: 0,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  CACHED_ERROR: 13,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN_ANSWER: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
} as const

/** An extended DNS error: code and a short text for people. */
export interface ExtendedError {
  readonly code: number
  readonly text: string
}

/** What a client's OPT record said (RFC 6891). */
export interface Edns {
  /** Largest UDP reply the client takes, as sent. */
  readonly size: number
  readonly version: number
  /** DNSSEC OK (RFC 3225). */
  readonly dnssecOk: boolean
  /** The options that we know, if there was one. */
  readonly options?: EdnsOptions
}

/** Options of a client's OPT record that mean something here; all others are passed over (RFC 6891 §6.1.2). */
export interface EdnsOptions {
  /** Client cookie, 8 bytes, and behind it a server cookie of 8 to 32 bytes or nothing (RFC 7873 §4). */
  readonly cookie?: Uint8Array
  /** Client subnet as it stands in the option: family, source and scope length, address (RFC 7871 §6). */
  readonly subnet?: Uint8Array
  /** The client pads, and so do we (RFC 8467 §4.1). */
  readonly padded: boolean
  /** How long may the connection be idle? (RFC 7828) */
  readonly keepalive: boolean
  /** Which server is this? (RFC 5001) */
  readonly nsid: boolean
}

/** How a query can come in: plain over UDP or TCP, over TLS (RFC 7858), in HTTPS (RFC 8484). */
export const TRANSPORTS = ['udp', 'tcp', 'tls', 'https'] as const
export type TransportKind = (typeof TRANSPORTS)[number]

/** Whether nobody on the way can read it; such replies are padded (RFC 8467). */
export const isEncrypted = (transport: TransportKind): boolean => transport === 'tls' || transport === 'https'

/** One query on its way through the pipeline. Frozen by convention: a change makes a new one. */
export interface Query {
  readonly id: number
  readonly opcode: number
  /** Canonical text of the question's name. */
  readonly name: Name
  /** The same in wire form, lower-cased. */
  readonly wire: Uint8Array
  readonly type: number
  readonly class: number
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  /** The AD bit of the query: "I understand AD" (RFC 6840 §5.7). */
  readonly authenticData: boolean
  readonly edns: Edns | undefined
  /** The client subnet to send upstream, as option data (RFC 7871 §6); left out: none. */
  readonly subnet?: Uint8Array
  readonly transport: TransportKind
  readonly client: Address
  /** Index of the client's group in the policy; 0 is the default group. */
  readonly group: number
  /** What the client calls itself, by TLS server name or DoH path. */
  readonly clientId?: string | undefined
  /** Which upstreams of a group it goes to, from 1; left out: those of the house. */
  readonly route?: number
  /** `Clock.ticks()` when the packet was read. */
  readonly received: number
}

/** What the DNSSEC OK bit of the query was; without EDNS it is off. */
export const wantsDnssec = (query: Query): boolean => query.edns?.dnssecOk === true
