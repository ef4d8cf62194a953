// Puts the names of the house together: configuration, hosts files, leases, in this order of authority, with a reverse
// name for every address. Says where each name comes from and which lease was refused. Reads nothing.
import { type Address, addressBytes, scopeOf } from '../base/address.ts'
import type { Name } from '../base/name.ts'
import type { OwnRecord } from '../base/reply.ts'
import { reverseName } from '../base/reverse.ts'
import { safeText } from '../base/text.ts'
import type { HostsEntry } from './hosts-text.ts'
import { HouseZone } from './house-zone.ts'
import type { Lease } from './lease.ts'
import { leaseLabel } from './lease-label.ts'
import type { NamesSnapshot, Rewrite } from './snapshot.ts'

/** Most names of a house; above it the rest is left out and counted. A school has some thousand. */
export const NAMES_MOST = 65_536
/** Most addresses of one name from hosts files and leases: what fits an answer with room to spare. */
const ADDRESSES_OF_ONE = 256

/** Everything that names come from. Lease files hold live leases only: who calls knows the time. */
export interface NameSources {
  readonly domain: Name | undefined
  /** Seconds for records that say none. */
  readonly ttl: number
  readonly records: readonly OwnRecord[]
  readonly rewrites: ReadonlyMap<Name, Rewrite>
  readonly hosts: readonly { readonly path: string; readonly entries: readonly HostsEntry[] }[]
  readonly leases: readonly { readonly path: string; readonly leases: readonly Lease[] }[]
}

/** Where a name stands. */
export interface Origin {
  readonly source: 'config' | 'hosts' | 'lease'
  readonly path: string | undefined
  readonly line: number | undefined
  /** What stands there, escaped. */
  readonly text: string
}

/** Why a lease gave no name: see `docs/names.md`. */
export type LeaseRefusal = 'unusable' | 'reserved' | 'defined' | 'taken' | 'address'

/** All names, and what is to be told of them. */
export interface Gathered {
  readonly snapshot: NamesSnapshot
  readonly origins: ReadonlyMap<Name, readonly Origin[]>
  /** Names by source, reverse names not counted. */
  readonly counts: Readonly<Record<Origin['source'], number>>
  readonly refused: Readonly<Record<LeaseRefusal, number>>
  /** Names that found no place. */
  readonly overflowed: number
  /** Which device has which label: handed in the next time, so that nobody can take a name from who has it. */
  readonly holders: ReadonlyMap<string, string>
}

/** Gathers the names. `holders` is what the last call returned. */
export function gatherNames(sources: NameSources, holders: ReadonlyMap<string, string> = new Map()): Gathered {
  const book = new Book(sources)
  for (const record of sources.records) book.add(record, 'config', configOrigin(record))
  for (const { path, entries } of sources.hosts) for (const entry of entries) addHosts(book, path, entry, sources)
  const held = addLeases(book, sources, holders)
  const { records, origins, counts, refused, overflowed } = book
  const zones = sources.domain === undefined ? [] : [sources.domain]
  return {
    snapshot: { records, zones, rewrites: sources.rewrites, ttl: sources.ttl },
    origins,
    counts,
    refused,
    overflowed,
    holders: held,
  }
}

/** The names while they are gathered. */
class Book {
  readonly records = new Map<Name, OwnRecord[]>()
  readonly origins = new Map<Name, Origin[]>()
  readonly counts = { config: 0, hosts: 0, lease: 0 }
  readonly refused = { unusable: 0, reserved: 0, defined: 0, taken: 0, address: 0 }
  readonly #rewrites: ReadonlyMap<Name, Rewrite>
  readonly #ttl: number
  overflowed = 0

  constructor({ rewrites, ttl }: NameSources) {
    this.#rewrites = rewrites
    this.#ttl = ttl
  }

  /** Adds a record where the name is free or of the same source; the reverse name of an address comes with it. */
  add(record: OwnRecord, source: Origin['source'], origin: Origin, reverse = true): void {
    const { name } = record
    const before = this.records.get(name)
    const from = this.origins.get(name)?.[0]?.source
    // A reverse name that came by itself gives way to one that is written.
    const automatic = before !== undefined && from === undefined
    if (from !== undefined && from !== source) return
    if (before === undefined && this.records.size >= NAMES_MOST) {
      this.overflowed++
      return
    }
    if (before === undefined || automatic) {
      this.records.set(name, [record])
      this.origins.set(name, [origin])
      this.counts[source]++
    } else if (before.length < ADDRESSES_OF_ONE && !before.some((one) => isSame(one, record))) {
      before.push(record)
      this.origins.get(name)?.push(origin)
    }
    if (reverse && (record.kind === 'A' || record.kind === 'AAAA')) this.#reverse(record.address, name)
  }

  /** Whether configuration or hosts files say something of a name, be it by a wildcard. */
  zone(): HouseZone {
    return new HouseZone({ records: new Map(this.records), zones: [], rewrites: this.#rewrites, ttl: this.#ttl })
  }

  #reverse(address: Address, target: Name): void {
    const name = reverseName(address)
    if (target.startsWith('*.') || !isOfHouse(address) || this.records.has(name)) return
    if (this.records.size < NAMES_MOST) this.records.set(name, [{ kind: 'PTR', name, ttl: this.#ttl, target }])
  }
}

const isSame = (a: OwnRecord, b: OwnRecord): boolean => JSON.stringify(a) === JSON.stringify(b)

/** An address that a device can have. */
function isOfHouse(address: Address): boolean {
  const scope = scopeOf(addressBytes(address) ?? new Uint8Array(4))
  return scope === 'global' || scope === 'private' || scope === 'link-local'
}

const addressRecord = (name: Name, address: Address, ttl: number): OwnRecord => ({
  kind: address.includes(':') ? 'AAAA' : 'A',
  name,
  ttl,
  address,
})

const configOrigin = (record: OwnRecord): Origin => ({
  source: 'config',
  path: undefined,
  line: undefined,
  text: `records: ${safeText(record.name, 256)}`,
})

/** A name of one label stands by itself and under the house's domain; the reverse name leads to the longer one. */
function addHosts(book: Book, path: string, entry: HostsEntry, { domain, ttl }: NameSources): void {
  const origin: Origin = { source: 'hosts', path, line: entry.line, text: entry.text }
  for (const name of entry.names) {
    const full = domain === undefined || name.includes('.') ? undefined : `${name}.${domain}`
    if (full !== undefined) book.add(addressRecord(full, entry.address, ttl), 'hosts', origin)
    book.add(addressRecord(name, entry.address, ttl), 'hosts', origin)
  }
}

/** Leases come last: what is written by people is not theirs to take, and a label belongs to one device. */
function addLeases(book: Book, sources: NameSources, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const { domain, ttl } = sources
  const written = book.zone()
  const isWritten = (name: Name): boolean => {
    const { kind } = written.find(name)
    return kind === 'records' || kind === 'rewrite'
  }
  const claims = sources.leases.flatMap(({ path, leases }) =>
    leases.flatMap((lease) => {
      if (lease.name === undefined) return []
      const found = leaseLabel(lease.name, domain)
      const reason = found.kind === 'refused' ? found.reason : isOfHouse(lease.address) ? undefined : 'address'
      if (reason !== undefined) book.refused[reason]++
      return found.kind === 'label' && reason === undefined ? [{ path, lease, label: found.label }] : []
    }),
  )
  const claimed = new Set(claims.map(({ label, lease }) => `${label} ${holderOf(lease)}`))
  const holders = new Map([...before].filter(([label, holder]) => claimed.has(`${label} ${holder}`)))
  for (const { path, lease, label } of claims) {
    const full = domain === undefined ? label : `${label}.${domain}`
    if (isWritten(full) || isWritten(label)) {
      book.refused.defined++
      continue
    }
    const holder = holders.get(label) ?? holderOf(lease)
    holders.set(label, holder)
    if (holder !== holderOf(lease)) {
      book.refused.taken++
      continue
    }
    const text = safeText(`lease of ${lease.address}${lease.mac === undefined ? '' : ` to ${lease.mac}`}`)
    const origin: Origin = { source: 'lease', path, line: undefined, text }
    book.add(addressRecord(full, lease.address, ttl), 'lease', origin)
    if (full !== label) book.add(addressRecord(label, lease.address, ttl), 'lease', origin)
  }
  return holders
}

/** Who holds a lease: the device by its MAC, else the address by itself. */
const holderOf = ({ mac, address }: Lease): string => mac ?? address
