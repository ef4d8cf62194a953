// Keeps the names of the house: configuration, hosts files and leases become a snapshot, anew at each change and when a
// lease ends. Knows no resolver: whoever follows is handed each change.
import type { Clock } from '../base/clock.ts'
import type { Problem } from '../base/failure.ts'
import type { Name } from '../base/name.ts'
import { safeText } from '../base/text.ts'
import type { LeaseFormat } from '../devices/leases/leases.ts'
import { type WatchedFile, watchFile } from '../devices/watched-file.ts'
import { changesBetween, type NamesChange } from '../names/change.ts'
import { type Gathered, gatherNames, NAMES_MOST, type NameSources, type Origin } from '../names/gather.ts'
import { type HostsText, readHosts } from '../names/hosts-text.ts'
import { HouseZone } from '../names/house-zone.ts'
import type { Lease } from '../names/lease.ts'
import type { NamesSnapshot } from '../names/snapshot.ts'

/** What the configuration says of names. */
export interface HouseSettings extends Pick<NameSources, 'domain' | 'ttl' | 'records' | 'rewrites'> {
  /** Paths of hosts files. */
  readonly hosts: readonly string[]
  /** Paths of lease files: those whose leases count. */
  readonly leases: readonly string[]
}

/** One file that names come from, as it is shown. */
export interface NameFile {
  readonly path: string
  readonly kind: 'hosts' | 'lease'
  readonly format: string
  readonly entries: number
  readonly rejected: number
}

/** Longest wait of a timer (2^31 - 1 ms); what ends later is looked at again then. */
const TIMER_MAX = 2_147_483_647

/** Between two pieces of a change, ms: 65,536 names are told in half a second. */
const APART_MS = 2

/** The names at work. */
export class HouseNames {
  readonly #clock: Clock
  readonly #onProblem: (problem: Problem) => void
  readonly #hosts = new Map<string, { file: WatchedFile; text: HostsText | undefined }>()
  readonly #leases = new Map<string, { format: LeaseFormat; leases: readonly Lease[] }>()
  #settings: HouseSettings
  #gathered: Gathered
  readonly #zone: HouseZone
  #told: NamesSnapshot
  #tell: ((change: NamesChange) => void) | undefined
  #ending: NodeJS.Timeout | undefined
  readonly #pieces: NamesChange[] = []
  #spreading: NodeJS.Timeout | undefined
  #full = false

  /** Problems (ASKFIRST_E_NAMES_…) are told and end nothing. */
  constructor(settings: HouseSettings, clock: Clock, onProblem: (problem: Problem) => void) {
    this.#clock = clock
    this.#onProblem = onProblem
    this.#settings = settings
    this.#gathered = gatherNames({ ...settings, hosts: [], leases: [] })
    this.#told = this.#gathered.snapshot
    this.#zone = new HouseZone(this.#told)
    this.#watch()
    this.#gather()
  }

  /** Resolves when every hosts file has been read once, or could not be. */
  get ready(): Promise<unknown> {
    return Promise.all([...this.#hosts.values()].map(({ file }) => file.ready))
  }

  get snapshot(): NamesSnapshot {
    return this.#gathered.snapshot
  }

  /** The names ready for look-ups, as the resolver has them. */
  get zone(): HouseZone {
    return this.#zone
  }

  /** Hands each change since `from` to `to`, piece by piece, from now on. */
  follow(from: NamesSnapshot, to: (change: NamesChange) => void): void {
    this.#told = from
    this.#tell = to
    this.#spread()
  }

  /** Takes a new configuration. */
  use(settings: HouseSettings): void {
    this.#settings = settings
    this.#watch()
    for (const path of this.#leases.keys()) if (!settings.leases.includes(path)) this.#leases.delete(path)
    this.#gather()
  }

  /** Takes what a lease file says, expired leases among it. */
  takeLeases(path: string, format: LeaseFormat, leases: readonly Lease[]): void {
    if (!this.#settings.leases.includes(path)) return
    this.#leases.set(path, { format, leases })
    this.#gather()
  }

  /** Where a name stands; of a reverse name that came by itself, where its target does. */
  originsOf(name: Name): readonly Origin[] {
    const found = this.#zone.find(name)
    if (found.kind !== 'records') return []
    const own = this.#gathered.origins.get(found.owner)
    if (own !== undefined) return own
    const [record] = found.records
    return (record?.kind === 'PTR' && this.#gathered.origins.get(record.target)) || []
  }

  get counts(): Pick<Gathered, 'counts' | 'refused' | 'overflowed'> & { readonly rewrites: number } {
    const { counts, refused, overflowed, snapshot } = this.#gathered
    return { counts, refused, overflowed, rewrites: snapshot.rewrites.size }
  }

  get domain(): Name | undefined {
    return this.#settings.domain
  }

  get files(): readonly NameFile[] {
    const now = this.#clock.now()
    return [
      ...[...this.#hosts].map(([path, { text }]) => ({
        path,
        kind: 'hosts' as const,
        format: 'hosts',
        entries: text?.entries.length ?? 0,
        rejected: text?.rejectedCount ?? 0,
      })),
      ...[...this.#leases].map(([path, { format, leases }]) => ({
        path,
        kind: 'lease' as const,
        format,
        entries: leases.filter(({ expires }) => expires > now).length,
        rejected: 0,
      })),
    ]
  }

  close(): void {
    for (const { file } of this.#hosts.values()) file.close()
    clearTimeout(this.#ending)
    clearTimeout(this.#spreading)
  }

  /** Watches the hosts files that are to be watched, and no others. */
  #watch(): void {
    const wanted = new Set(this.#settings.hosts)
    for (const [path, { file }] of this.#hosts) {
      if (wanted.has(path)) continue
      file.close()
      this.#hosts.delete(path)
    }
    for (const path of wanted) {
      if (this.#hosts.has(path)) continue
      const take = (texts: readonly string[]): void => this.#takeHosts(path, texts.at(-1) ?? '')
      const file = watchFile(path, take, (message) =>
        this.#onProblem({
          code: 'ASKFIRST_E_NAMES_READ',
          message: `the hosts file cannot be read: ${message}`,
          place: { file: path, path: 'hosts' },
          hint: 'Check the path, and that the user that runs askfirst may read the file. It is tried again when it changes.',
        }),
      )
      this.#hosts.set(path, { file, text: undefined })
    }
  }

  #takeHosts(path: string, text: string): void {
    const kept = this.#hosts.get(path)
    if (kept === undefined) return
    const read = readHosts(text)
    for (const { line, why } of read.rejected) {
      this.#onProblem({ code: 'ASKFIRST_E_NAMES_LINE', message: safeText(why), place: { file: path, line } })
    }
    kept.text = read
    this.#gather()
  }

  #gather(): void {
    const now = this.#clock.now()
    const live = [...this.#leases].map(([path, { leases }]) => ({
      path,
      leases: leases.filter(({ expires }) => expires > now),
    }))
    const hosts = [...this.#hosts].map(([path, { text }]) => ({ path, entries: text?.entries ?? [] }))
    const next = gatherNames({ ...this.#settings, hosts, leases: live }, this.#gathered.holders)
    for (const change of changesBetween(this.#gathered.snapshot, next.snapshot)) this.#zone.apply(change)
    this.#gathered = next
    this.#tellFull(next.overflowed)
    this.#wakeAtNextEnd(live.flatMap(({ leases }) => leases.map(({ expires }) => expires)))
    this.#spread()
  }

  #spread(): void {
    if (this.#tell === undefined) return
    this.#pieces.push(...changesBetween(this.#told, this.snapshot))
    this.#told = this.snapshot
    if (this.#spreading === undefined) this.#tellNext()
  }

  /** One piece at a time: a thread that finds many at once takes them all before it looks at a packet again. */
  #tellNext(): void {
    this.#spreading = undefined
    const piece = this.#pieces.shift()
    if (piece === undefined) return
    this.#tell?.(piece)
    if (this.#pieces.length > 0) this.#spreading = setTimeout(() => this.#tellNext(), APART_MS).unref()
  }

  /** A lease that ends changes no file at that moment. */
  #wakeAtNextEnd(ends: readonly number[]): void {
    clearTimeout(this.#ending)
    const next = ends.reduce((first, end) => Math.min(first, end), Number.POSITIVE_INFINITY)
    if (next === Number.POSITIVE_INFINITY) return
    const wait = Math.min(Math.max(next - this.#clock.now(), 0) + 1, TIMER_MAX)
    this.#ending = setTimeout(() => this.#gather(), wait).unref()
  }

  #tellFull(overflowed: number): void {
    const full = overflowed > 0
    if (full && !this.#full) {
      this.#onProblem({
        code: 'ASKFIRST_E_NAMES_BOUND',
        message: `there are more than ${NAMES_MOST} names, with reverse names; ${overflowed} found no place`,
        hint: 'Blocklists in hosts form belong into the lists folder, not under "hosts".',
      })
    }
    this.#full = full
  }
}
