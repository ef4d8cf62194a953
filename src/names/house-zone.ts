// Looks a name up among those of the house: records, wildcards, rewrites, or nothing of ours. Knows no question type.
import { lastLabelHash, type Name, parentOf, wireFromName } from '../base/name.ts'
import type { OwnRecord } from '../base/reply.ts'
import type { NamesChange } from './change.ts'
import type { NamesSnapshot, Rewrite } from './snapshot.ts'

/** What the house says of a name. */
export type Found =
  /** It has these records; a wildcard's stand at the name asked for. `owner` is where they are written. */
  | { readonly kind: 'records'; readonly records: readonly OwnRecord[]; readonly owner: Name }
  | { readonly kind: 'rewrite'; readonly rewrite: Rewrite; readonly owner: Name }
  /** It is ours and has no records. `exists`: names under it do (RFC 8020), so that it is no "no such name". */
  | { readonly kind: 'missing'; readonly zone: Name; readonly exists: boolean }
  | { readonly kind: 'outside' }

const OUTSIDE: Found = Object.freeze({ kind: 'outside' })

/** The names of the house, ready for look-ups. A name that is not ours costs one look at its last label (`mayHold`). */
export class HouseZone {
  readonly #records: Map<Name, readonly OwnRecord[]>
  /** Every name that exists, by how many owners are at or under it (RFC 4592 §2.2.2: empty non-terminals exist). */
  readonly #existing = new Map<Name, number>()
  #rules: Omit<NamesSnapshot, 'records'>
  #zones: ReadonlySet<Name> = new Set()
  /** Hashes of the last labels of zones and rewrites, and of records with how many owners are there. */
  #lastLabels: ReadonlySet<number> = new Set()
  readonly #lastOfRecords = new Map<number, number>()

  constructor(snapshot: NamesSnapshot) {
    this.#records = new Map(snapshot.records)
    this.#rules = snapshot
    for (const owner of snapshot.records.keys()) this.#count(owner, 1)
    this.#useRules(snapshot)
  }

  /** Seconds that "no" and rewritten answers may be kept. */
  get ttl(): number {
    return this.#rules.ttl
  }

  /** Takes in a piece of a change. */
  apply({ set, gone, rules }: NamesChange): void {
    for (const name of gone) if (this.#records.delete(name)) this.#count(name, -1)
    for (const [name, records] of set) {
      if (!this.#records.has(name)) this.#count(name, 1)
      this.#records.set(name, records)
    }
    if (rules !== undefined) this.#useRules(rules)
  }

  /** Whether a name with such a last label (`lastLabelHash`) may be ours; false for nearly all that are not. */
  mayHold(last: number): boolean {
    return this.#lastOfRecords.has(last) || this.#lastLabels.has(last)
  }

  /** Looks up a name in canonical form. */
  find(name: Name): Found {
    if (!this.mayHold(lastLabelOf(name))) return OUTSIDE
    const own = this.#records.get(name)
    if (own !== undefined) return { kind: 'records', records: own, owner: name }
    const rewrite = this.#rules.rewrites.size === 0 ? undefined : this.#rewrite(name)
    return rewrite ?? this.#wildcard(name) ?? this.#missing(name)
  }

  /** A rewrite of the name itself, else the nearest one of all names under a name. */
  #rewrite(name: Name): Found | undefined {
    const { rewrites } = this.#rules
    const exact = rewrites.get(name)
    if (exact !== undefined) return { kind: 'rewrite', rewrite: exact, owner: name }
    for (let above = parentOf(name); above !== undefined && above !== '.'; above = parentOf(above)) {
      const owner = `*.${above}`
      const rewrite = rewrites.get(owner)
      if (rewrite !== undefined) return { kind: 'rewrite', rewrite, owner }
    }
    return undefined
  }

  /**
   * RFC 4592 §3.3: the wildcard right below the closest encloser, the longest name above that exists, and no other.
   * A name that exists, if only because of names under it, is not covered.
   */
  #wildcard(name: Name): Found | undefined {
    if (this.#existing.has(name)) return undefined
    let encloser = parentOf(name)
    while (encloser !== undefined && encloser !== '.' && !this.#existing.has(encloser)) encloser = parentOf(encloser)
    if (encloser === undefined) return undefined
    const owner = `*.${encloser}`
    const records = this.#records.get(owner)
    if (records === undefined) return undefined
    return { kind: 'records', records: records.map((record) => ({ ...record, name })), owner }
  }

  /** In a zone of ours, or below the parent of a wildcard, a name without records is missing; else it is not ours. */
  #missing(name: Name): Found {
    for (let zone: Name | undefined = name; zone !== undefined && zone !== '.'; zone = parentOf(zone)) {
      if (this.#zones.has(zone) || (zone !== name && this.#records.has(`*.${zone}`))) {
        return { kind: 'missing', zone, exists: name === zone || this.#existing.has(name) }
      }
    }
    return OUTSIDE
  }

  #count(owner: Name, by: 1 | -1): void {
    for (let name: Name | undefined = owner; name !== undefined && name !== '.'; name = parentOf(name)) {
      const now = (this.#existing.get(name) ?? 0) + by
      if (now === 0) this.#existing.delete(name)
      else this.#existing.set(name, now)
    }
    const last = lastLabelOf(owner)
    const owners = (this.#lastOfRecords.get(last) ?? 0) + by
    if (owners === 0) this.#lastOfRecords.delete(last)
    else this.#lastOfRecords.set(last, owners)
  }

  #useRules(rules: Omit<NamesSnapshot, 'records'>): void {
    this.#rules = rules
    this.#zones = new Set(rules.zones)
    this.#lastLabels = new Set([...rules.zones, ...rules.rewrites.keys()].map(lastLabelOf))
  }
}

const lastLabelOf = (name: Name): number => lastLabelHash(wireFromName(name) ?? NO_NAME)

const NO_NAME = new Uint8Array(1)
