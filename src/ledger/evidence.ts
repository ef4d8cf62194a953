// Which addresses which device was given, under which names, and when. Knows devices by their id; judges nothing.
// Long because the two indexes, by device and by address, must change together.
import { type Address, addressBytes, scopeOf } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import type { Name } from '../base/name.ts'
import { Recent } from '../base/recent.ts'
import { LEDGER } from './bounds.ts'
import type { DeviceId } from './device.ts'
import { flat } from './flat.ts'
import { reached } from './nat64.ts'
import { answeredBefore, begun, latest, type Stretch, touches, withTime } from './stretch.ts'
import { type Touched, TouchOrder } from './touch-order.ts'
import type { Explanation } from './verdict.ts'

/** One hand-out as it is stored and shown. Times in epoch milliseconds. */
export interface HandOutRecord {
  readonly device: DeviceId
  readonly address: Address
  readonly name: Name | undefined
  readonly first: EpochMs
  readonly last: EpochMs
  /** When it stops to explain connections. */
  readonly until: EpochMs
}

/** What a device's own hand-outs say of a connection; names are ordered latest answer first. */
export type Explained =
  | { readonly kind: 'asked' | 'stale'; readonly names: readonly Explanation[] }
  | { readonly kind: 'nothing' }

/** Limits and times of the evidence; see `LEDGER` for each. */
export interface EvidenceOptions {
  readonly window: number
  readonly perDevice: number
  readonly inAll: number
  readonly names: number
  readonly times: number
  /** Hears of each new hand-out, and of renewed ones now and then, for the state file. */
  readonly record: (handOut: HandOutRecord) => void
  /** Most hand-outs of strangers together. */
  readonly ofStrangers: number
  /** Whether the device is a stranger, see `DeviceTable`; asked when its first hand-out comes. */
  readonly isStranger: (device: DeviceId) => boolean
  /** Strangers have too many together: this one, not seen for longest, is to be forgotten. */
  readonly crowded: (device: DeviceId) => void
}

/** The hand-outs of one address to one device. */
interface Pair extends Touched<Pair> {
  readonly holder: Holder
  readonly address: Address
  /** Replaced whole where it grows, since an array that grows in place keeps room for sixteen more. */
  stretches: Stretch[]
}

/** One device's pairs. */
interface Holder {
  readonly id: DeviceId
  readonly pairs: Map<Address, Pair>
  /** Where they stand: among those of strangers, or of all others. */
  order: TouchOrder<Pair>
}

/** A renewal is recorded when it passes a multiple of this. */
const RENEWAL = LEDGER.renewalEvery.default

/** How many pairs of one address are looked at for a borrower; a popular address may have one for each device. */
const BORROW_STEPS = 4096

/**
 * The hand-outs of all devices. Bounded: `perDevice` addresses a device, `inAll` together, `names` a hand-out,
 * `times` a name; the least recently touched goes first. Memory when full with the defaults (measured, all names
 * and addresses different): about 400 bytes a hand-out, 200 MB for 500,000.
 */
export class Evidence {
  readonly #options: Omit<EvidenceOptions, 'window'>
  /** Milliseconds; a change counts for what is given or used after it. */
  window: number
  readonly #holders = new Map<DeviceId, Holder>()
  readonly #byAddress = new Map<Address, Pair | Set<Pair>>()
  /** Until when a device misses evidence that had to go before its time. */
  readonly #missing = new Recent<DeviceId, EpochMs>(LEDGER.devices.max)
  readonly #settled = new TouchOrder<Pair>()
  readonly #strangers = new TouchOrder<Pair>()
  #dropped = 0

  constructor(options: Partial<EvidenceOptions> = {}) {
    this.window = options.window ?? LEDGER.window.default
    this.#options = {
      perDevice: LEDGER.perDevice.default,
      inAll: LEDGER.inAll.default,
      names: LEDGER.names.default,
      times: LEDGER.times.default,
      record: () => {},
      ofStrangers: LEDGER.ofStrangers.default,
      isStranger: () => false,
      crowded: (device) => this.forget(device),
      ...options,
    }
  }

  /**
   * Notes that `device` asked for `name` and was given `address` at `at`, with a TTL in seconds. Addresses that
   * nobody can be reached at (loopback, unspecified: what sinkholes answer with) are not evidence (invariant I9).
   */
  handOut(device: DeviceId, name: Name, address: Address, ttl: number, at: EpochMs): void {
    const target = reached(address)
    const known = this.#holders.get(device)?.pairs.get(target)
    if (known === undefined && isNobody(target)) return
    const valid = Math.max(Math.min(ttl * 1000, LEDGER.ttl.max), this.window)
    const pair = known ?? this.#pair(device, target)
    const until = at + valid
    const stretch = touching(pair.stretches, name, at, until)
    if (stretch === undefined) this.#begin(pair, { name: flat(name), times: [at], until })
    else {
      stretch.times = withTime(stretch.times, at, this.#options.times)
      this.#extend(pair, stretch, until)
    }
    pair.holder.order.touch(pair)
  }

  /** What the device's own hand-outs say of a connection, to an address as `reached` gives it, that began between `time` and `end`. */
  explain(device: DeviceId, address: Address, time: EpochMs, end: EpochMs): Explained {
    const pair = this.#holders.get(device)?.pairs.get(address)
    return pair === undefined ? NOTHING : explainedBy(pair, time, end)
  }

  /** Another device that was given the address, as `reached` gives it, when the connection began. */
  borrowed(
    address: Address,
    time: EpochMs,
    end: EpochMs,
    isOwn: (device: DeviceId) => boolean,
  ): { readonly from: DeviceId; readonly names: readonly Explanation[] } | undefined {
    let steps = BORROW_STEPS
    for (const pair of this.#pairsOf(address)) {
      if (steps-- === 0) return undefined
      if (isOwn(pair.holder.id)) continue
      const explained = explainedBy(pair, time, end)
      if (explained.kind === 'asked') return { from: pair.holder.id, names: explained.names }
    }
    return undefined
  }

  /** A connection used the hand-out: programs keep an address as long as it works, so it counts from here again. */
  use(device: DeviceId, address: Address, at: EpochMs): void {
    const pair = this.#holders.get(device)?.pairs.get(address)
    if (pair === undefined) return
    for (const stretch of pair.stretches) {
      if (begun(stretch) <= at && at <= stretch.until) this.#extend(pair, stretch, at + this.window)
    }
    pair.holder.order.touch(pair)
  }

  /** Gives all that `from` was given to `to`: the address turned out to be that device's. */
  merge(from: DeviceId, to: DeviceId): void {
    const holder = this.#holders.get(from)
    if (holder === undefined || from === to) return
    for (const pair of [...holder.pairs.values()]) {
      this.#remove(pair)
      for (const stretch of pair.stretches) this.#take(to, pair.address, stretch)
    }
    const missing = this.#missing.get(from)
    if (missing !== undefined) this.#misses(to, missing)
    this.#missing.delete(from)
  }

  /** Gives to `to` what `from` was given after `since` too: an address changed hands, nobody knows exactly when. */
  share(from: DeviceId, to: DeviceId, since: EpochMs): void {
    for (const pair of [...(this.#holders.get(from)?.pairs.values() ?? [])]) {
      for (const stretch of pair.stretches) {
        const times = stretch.times.filter((time) => time >= since)
        if (times.length > 0) this.#take(to, pair.address, { ...stretch, times })
      }
    }
  }

  /** The device is no stranger any more. */
  settle(device: DeviceId): void {
    const holder = this.#holders.get(device)
    if (holder === undefined || holder.order === this.#settled) return
    for (const pair of holder.pairs.values()) {
      holder.order.remove(pair)
      this.#settled.add(pair)
    }
    holder.order = this.#settled
  }

  /** Forgets all that the device was given; says until when it would have counted, 0 where that was nothing. */
  forget(device: DeviceId): EpochMs {
    let until = 0
    for (const pair of [...(this.#holders.get(device)?.pairs.values() ?? [])]) {
      until = Math.max(until, goneAt(pair))
      this.#remove(pair)
      this.#dropped++
    }
    return until
  }

  /** Takes a stored hand-out back. */
  restore({ device, address, name, first, last, until }: HandOutRecord): void {
    if (isNobody(address)) return
    this.#take(device, address, { name, times: first < last ? [first, last] : [first], until })
  }

  /** Forgets what can no longer be even `stale`. */
  expire(now: EpochMs): void {
    for (const order of [this.#strangers, this.#settled]) {
      for (let pair = order.oldest; pair !== undefined && goneAt(pair) < now; pair = order.oldest) this.#remove(pair)
    }
  }

  /** Until when the device misses evidence because a bound pushed it out; 0 where it misses none. */
  missingUntil(device: DeviceId): EpochMs {
    return this.#missing.get(device) ?? 0
  }

  /** Who was given the address, the device itself left out or not; for explanations. At most `limit`. */
  *ofAddress(address: Address, limit: number): Iterable<HandOutRecord> {
    for (const pair of this.#pairsOf(reached(address))) {
      for (const stretch of pair.stretches) if (limit-- > 0) yield recordOf(pair, stretch)
    }
  }

  /** What the device was given, in the order in which it was first given. */
  *ofDevice(device: DeviceId): Iterable<HandOutRecord> {
    for (const pair of this.#holders.get(device)?.pairs.values() ?? []) {
      for (const stretch of pair.stretches) yield recordOf(pair, stretch)
    }
  }

  /** Everything, for the state file: strangers last, least recently touched first, so that reading it back keeps the order. */
  *records(): Iterable<HandOutRecord> {
    // Listed first, since the order may change between two steps of whoever reads this.
    const pairs = [...this.#settled.all(), ...this.#strangers.all()]
    for (const pair of pairs) for (const stretch of pair.stretches) yield recordOf(pair, stretch)
  }

  /** Hand-outs kept, devices that have some, and how many had to go before their time. */
  get size(): { readonly handOuts: number; readonly devices: number; readonly dropped: number } {
    return { handOuts: this.#size, devices: this.#holders.size, dropped: this.#dropped }
  }

  get #size(): number {
    return this.#settled.size + this.#strangers.size
  }

  #pair(device: DeviceId, address: Address): Pair {
    const known = this.#holders.get(device)?.pairs.get(address)
    if (known !== undefined) return known
    const order = this.#holders.get(device)?.order ?? this.#orderOf(device)
    const oldest = order.oldest
    if (order === this.#strangers && oldest !== undefined && order.size >= this.#options.ofStrangers)
      this.#options.crowded(oldest.holder.id)
    else if (this.#size >= this.#options.inAll) this.#dropOldest()
    let holder = this.#holders.get(device)
    if (holder === undefined) {
      holder = { id: flat(device), pairs: new Map(), order }
      this.#holders.set(holder.id, holder)
    } else if (holder.pairs.size >= this.#options.perDevice) this.#makeRoom(holder)
    const others = this.#byAddress.get(address)
    const first = others instanceof Set ? others.values().next().value : others
    const pair: Pair = {
      holder,
      address: first?.address ?? flat(address),
      stretches: [],
      older: undefined,
      newer: undefined,
    }
    holder.pairs.set(pair.address, pair)
    if (others === undefined) this.#byAddress.set(pair.address, pair)
    else if (others instanceof Set) others.add(pair)
    else this.#byAddress.set(pair.address, new Set([others, pair]))
    holder.order.add(pair)
    return pair
  }

  #orderOf(device: DeviceId): TouchOrder<Pair> {
    return this.#options.isStranger(device) ? this.#strangers : this.#settled
  }

  #remove(pair: Pair): void {
    const { holder, address } = pair
    holder.order.remove(pair)
    holder.pairs.delete(address)
    if (holder.pairs.size === 0) this.#holders.delete(holder.id)
    const others = this.#byAddress.get(address)
    if (!(others instanceof Set)) this.#byAddress.delete(address)
    else {
      others.delete(pair)
      if (others.size === 0) this.#byAddress.delete(address)
    }
  }

  #pairsOf(address: Address): Iterable<Pair> {
    const pairs = this.#byAddress.get(address)
    return pairs === undefined ? [] : pairs instanceof Set ? pairs : [pairs]
  }

  #begin(pair: Pair, stretch: Stretch): void {
    const nameless = namelessOf(pair.stretches)
    const named = pair.stretches.length - (nameless === undefined ? 0 : 1)
    if (named < this.#options.names || stretch.name === undefined) {
      pair.stretches = pair.stretches.concat([stretch])
      this.#options.record(recordOf(pair, stretch))
      return
    }
    // The number of names is bounded: the one answered longest ago loses its name, not its evidence.
    const oldest = replaceOldest(pair.stretches, stretch)
    if (nameless === undefined) {
      const forgotten = { ...oldest, name: undefined }
      pair.stretches = pair.stretches.concat([forgotten])
      this.#options.record(recordOf(pair, forgotten))
    } else {
      this.#addTimes(nameless, oldest)
      // A server of thousands of names: the nameless record explains after a restart what this one would.
      if (touches(nameless, begun(stretch), stretch.until)) {
        this.#extend(pair, nameless, stretch.until)
        return
      }
    }
    this.#options.record(recordOf(pair, stretch))
  }

  /** Renews the stretch; tells the state file when that passes one of its marks in time. */
  #extend(pair: Pair, stretch: Stretch, until: EpochMs): void {
    if (until <= stretch.until) return
    const marks = Math.floor(until / RENEWAL) - Math.floor(stretch.until / RENEWAL)
    stretch.until = until
    if (marks > 0) this.#options.record(recordOf(pair, stretch))
  }

  #take(device: DeviceId, address: Address, stretch: Stretch): void {
    const pair = this.#pair(device, address)
    const same = touching(pair.stretches, stretch.name, begun(stretch), stretch.until)
    if (same === undefined) this.#begin(pair, { ...stretch })
    else {
      this.#addTimes(same, stretch)
      this.#options.record(recordOf(pair, same))
    }
    pair.holder.order.touch(pair)
  }

  #addTimes(to: Stretch, from: Stretch): void {
    for (const time of from.times) to.times = withTime(to.times, time, this.#options.times)
    to.until = Math.max(to.until, from.until)
  }

  /** Drops an eighth of a device's hand-outs, those that end first, so that the search for them is paid rarely. */
  #makeRoom(holder: Holder): void {
    const endingFirst = [...holder.pairs.values()].sort((a, b) => goneAt(a) - goneAt(b))
    for (const pair of endingFirst.slice(0, Math.ceil(this.#options.perDevice / 8))) this.#drop(pair)
    this.#holders.set(holder.id, holder)
  }

  #dropOldest(): void {
    const oldest = this.#settled.oldest ?? this.#strangers.oldest
    if (oldest !== undefined) this.#drop(oldest)
  }

  #drop(pair: Pair): void {
    const until = goneAt(pair)
    this.#remove(pair)
    this.#dropped++
    this.#misses(pair.holder.id, until)
  }

  #misses(device: DeviceId, until: EpochMs): void {
    this.#missing.set(device, Math.max(until, this.#missing.get(device) ?? 0))
  }
}

const NOTHING: Explained = Object.freeze({ kind: 'nothing' })

/** Loopback and unspecified addresses: what sinkholes, ours and others', answer with. */
function isNobody(address: Address): boolean {
  if (address.startsWith('127.')) return true
  if (address.charCodeAt(0) !== 0x30 && !address.startsWith('::')) return false
  const bytes = addressBytes(address)
  if (bytes === undefined) return true
  const scope = scopeOf(bytes)
  return scope === 'loopback' || scope === 'unspecified'
}

/** The stretch of a name that times from `from` to `until` touch. */
function touching(
  stretches: readonly Stretch[],
  name: Name | undefined,
  from: EpochMs,
  until: EpochMs,
): Stretch | undefined {
  for (const each of stretches) if (each.name === name && touches(each, from, until)) return each
  return undefined
}

/** The stretch that stands for forgotten names. */
function namelessOf(stretches: readonly Stretch[]): Stretch | undefined {
  for (const each of stretches) if (each.name === undefined) return each
  return undefined
}

/** Puts a stretch last and takes the name away that was answered longest ago. In place: with many names this is every answer. */
function replaceOldest(stretches: Stretch[], stretch: Stretch): Stretch {
  let place = -1
  for (let i = 0; i < stretches.length; i++) {
    const each = stretches[i] as Stretch
    if (each.name !== undefined && (place < 0 || latest(each) < latest(stretches[place] as Stretch))) place = i
  }
  const oldest = stretches[place] as Stretch
  for (let i = place + 1; i < stretches.length; i++) stretches[i - 1] = stretches[i] as Stretch
  stretches[stretches.length - 1] = stretch
  return oldest
}

function goneAt(pair: Pair): EpochMs {
  let until = 0
  for (const stretch of pair.stretches) until = Math.max(until, stretch.until)
  return until + LEDGER.staleFor.default
}

function recordOf({ holder, address }: Pair, stretch: Stretch): HandOutRecord {
  const { name, until } = stretch
  return { device: holder.id, address, name, first: begun(stretch), last: latest(stretch), until }
}

function explainedBy(pair: Pair, time: EpochMs, end: EpochMs): Explained {
  let kind: Explained['kind'] = 'nothing'
  let names: Explanation[] = []
  for (const stretch of pair.stretches) {
    const answered = answeredBefore(stretch, end)
    if (answered === undefined || time > stretch.until + LEDGER.staleFor.default) continue
    const inTime = time <= stretch.until
    if (!inTime && (kind === 'asked' || stretch.name === undefined)) continue
    if (inTime && kind === 'stale') names = []
    kind = inTime ? 'asked' : 'stale'
    if (stretch.name === undefined) continue
    const age = Math.max(0, time - answered)
    // Mostly there is one name; an array that begins empty takes room for seventeen with its first.
    if (names.length === 0) names = [{ name: stretch.name, age }]
    else put(names, stretch.name, age)
  }
  return kind === 'nothing' ? NOTHING : { kind, names }
}

/** Puts a name into its place: latest answer first, each name once. */
function put(names: Explanation[], name: Name, age: number): void {
  let place = 0
  for (let i = 0; i < names.length; i++) {
    const other = names[i] as Explanation
    if (other.age <= age) place = i + 1
    if (other.name !== name) continue
    if (other.age <= age) return
    names.splice(i--, 1)
  }
  if (place === names.length) names.push({ name, age })
  else names.splice(place, 0, { name, age })
}
