// Which device an address belongs to, now and earlier. Knows MACs, addresses and names; knows no evidence.
// Long because a binding, a move and a shared MAC are decided together, on the same two maps.
import type { Address, Mac } from '../base/address.ts'
import { type EpochMs, MINUTE } from '../base/clock.ts'
import { Recent } from '../base/recent.ts'
import { LEDGER } from './bounds.ts'
import {
  type AddressRecord,
  type Binding,
  type BindingSource,
  type DeviceId,
  type DeviceView,
  ownDevice,
} from './device.ts'
import { flat } from './flat.ts'
import { TwoRanks } from './two-ranks.ts'

/** Owners remembered for one address: a report is judged seconds, in an audit days, after it changed hands. */
const OWNERS = 4
/** Addresses of one MAC. IPv6 privacy addresses live a week and one is added each day (RFC 8981 §3.8). */
const ADDRESSES_OF_ONE = 64
/** IPv4 addresses in use at one MAC that make it shared: a change of lease explains two, never three. */
const SHARED_FROM = 3
/** How close together that must be. */
const SHARED_WITHIN = 10 * MINUTE
/** A lease does not displace an owner that was seen this recently; a DUID displaces nobody. */
const SEEN_WITHIN = 10 * MINUTE
/** How coarse "in use" is: keeps a busy device from being counted at each packet. */
const IN_USE_EVERY = MINUTE
/** Longest host name that is kept (one label, RFC 1035 §2.3.4). */
const NAME_LENGTH = 63

interface Owner {
  readonly machine: Machine
  readonly from: EpochMs
  confirmed: EpochMs
  /** Somebody saw the MAC use the address; else a file says so. */
  observed: boolean
}

interface Place {
  readonly address: Address
  readonly id: DeviceId
  /** Who had the address, oldest first. */
  readonly owners: Owner[]
  first: EpochMs
  last: EpochMs
  asks: boolean
  name: string | undefined
  /** It may be a stranger that was forgotten, whose evidence would have counted until then; 0 for not. */
  readonly missing: EpochMs
}

interface Machine {
  readonly mac: Mac
  readonly id: DeviceId
  /** Its addresses, and when each was last seen in use. */
  readonly addresses: Map<Address, EpochMs>
  first: EpochMs
  last: EpochMs
  shared: boolean
  name: string | undefined
  missing: EpochMs
}

/** Bounds of the table, and who hears of each change that is worth storing. */
export interface DeviceTableOptions {
  readonly addresses: number
  readonly devices: number
  readonly strangers: number
  readonly record: (address: AddressRecord) => void
  /** A stranger turned out to be one of ours. */
  readonly settled: (device: DeviceId) => void
  /** A stranger was forgotten; says until when what it was given would have counted, 0 where it was given nothing. */
  readonly forgotten: (device: DeviceId) => EpochMs
}

/**
 * All devices. Bounded: at most `addresses` addresses and `devices` MACs, the least recently seen goes first.
 * An address without a MAC is a device of its own. Where nothing but UDP questions speaks for it, which anybody can
 * forge, it is a stranger: of these there are at most `strangers`, and they push out nobody else.
 */
export class DeviceTable {
  readonly #places: TwoRanks<Address, Place>
  readonly #machines: Recent<Mac, Machine>
  readonly #record: (address: AddressRecord) => void
  readonly #settled: (device: DeviceId) => void
  #forgotten = 0
  /** Until when what forgotten strangers were given would have counted. */
  #missing: EpochMs = 0
  #configured: ReadonlyMap<Mac, string> = new Map()

  constructor(options: Partial<DeviceTableOptions> = {}) {
    this.#record = options.record ?? (() => {})
    this.#settled = options.settled ?? (() => {})
    this.#places = new TwoRanks({
      settled: options.addresses ?? LEDGER.addresses.default,
      strangers: options.strangers ?? LEDGER.strangers.default,
      displaced: ({ owners, address }) => {
        for (const { machine } of owners) machine.addresses.delete(address)
      },
      forgotten: ({ id }) => {
        this.#forgotten++
        this.#missing = Math.max(this.#missing, options.forgotten?.(id) ?? 0)
      },
    })
    this.#machines = new Recent(options.devices ?? LEDGER.devices.default, (machine) => {
      for (const address of machine.addresses.keys()) this.#places.peek(address)?.owners.splice(0)
    })
  }

  /**
   * Notes a sign of life and says whose: see `of`. `asks` where it was a question to us, `forgeable` where anybody could
   * have sent it.
   */
  see(address: Address, at: EpochMs, asks = false, forgeable = false): DeviceId {
    const place = this.#place(address, at)
    if (!forgeable || at - place.first >= LEDGER.settledAfter.default) this.#settle(place)
    if (asks && !place.asks) {
      place.asks = true
      if (this.tells(place.id)) this.#record(recordOf(place))
    }
    const machine = currentOwner(place)
    if (machine !== undefined) this.#inUse(this.#machine(machine.mac, at), address, at)
    return deviceAt(place, at)
  }

  /** Notes that `address` belongs to `mac` at a time, and says what that changes. */
  bind(address: Address, mac: Mac, at: EpochMs, source: BindingSource): Binding {
    const place = this.#place(address, at)
    this.#settle(place)
    const machine = this.#machine(mac, at)
    machine.missing = Math.max(machine.missing, place.missing)
    const observed = source === 'neighbours' || source === 'report'
    const owner = ownerAt(place, at)
    if (owner?.machine === machine) {
      owner.confirmed = Math.max(owner.confirmed, at)
      owner.observed ||= observed
      this.#attach(machine, address, at, observed)
      return NOTHING
    }
    if (owner !== undefined) {
      if (source === 'duid') return NOTHING
      if (source === 'lease' && owner.observed && at - owner.confirmed < SEEN_WITHIN) return NOTHING
    }
    const index = owner === undefined ? 0 : place.owners.indexOf(owner) + (owner.from <= at ? 1 : 0)
    place.owners.splice(index, 0, { machine, from: at, confirmed: at, observed })
    if (place.owners.length > OWNERS) place.owners.shift()
    const current = currentOwner(place)
    if (owner !== undefined && owner.machine !== current) owner.machine.addresses.delete(address)
    if (machine === current) this.#attach(machine, address, at, observed)
    this.#record(recordOf(place))
    if (owner !== undefined) {
      return { kind: 'moved', from: owner.machine.id, to: machine.id, since: Math.min(owner.confirmed, at) }
    }
    machine.first = Math.min(machine.first, place.first)
    return { kind: 'joined', from: place.id, to: machine.id }
  }

  /** The device that has the address, or had it at `at`. An address never seen is a device of its own. */
  of(address: Address, at: EpochMs = Number.POSITIVE_INFINITY): DeviceId {
    const place = this.#places.peek(address)
    return place === undefined ? ownDevice(address) : deviceAt(place, at)
  }

  /** The device whose evidence counts too: that of a shared MAC, from before it was known to be shared. */
  formerly(address: Address, at: EpochMs = Number.POSITIVE_INFINITY): DeviceId | undefined {
    const place = this.#places.peek(address)
    const machine = place === undefined ? undefined : ownerAt(place, at)?.machine
    return machine?.shared ? machine.id : undefined
  }

  /** Whether the address is one of ours for certain: it has asked us, or a MAC stands behind it. */
  knows(address: Address): boolean {
    const place = this.#places.peek(address)
    return place !== undefined && (place.asks || place.owners.length > 0)
  }

  /** Whether the MAC is that of a device of ours. */
  knowsMac(mac: Mac): boolean {
    return this.#machines.has(mac)
  }

  /** Whether the device that has the address has asked us, from this address or another of its own. */
  asks(address: Address): boolean {
    const place = this.#places.peek(address)
    if (place === undefined) return false
    const machine = currentOwner(place)
    if (place.asks || machine === undefined || machine.shared) return place.asks
    return this.#machineAsks(machine)
  }

  /** When the device was first seen; `undefined` for one that never was. */
  firstSeen(id: DeviceId): EpochMs | undefined {
    return isMac(id) ? this.#machines.peek(id.slice(4))?.first : this.#places.peek(id.slice(3))?.first
  }

  /** Until when the device may miss evidence because it was forgotten as a stranger; 0 for not at all. */
  missingUntil(id: DeviceId): EpochMs {
    const known = isMac(id) ? this.#machines.peek(id.slice(4)) : this.#places.peek(id.slice(3))
    return known?.missing ?? 0
  }

  /** Whether nothing but questions that can be forged speaks for the device. */
  isStranger(id: DeviceId): boolean {
    return !isMac(id) && this.#places.isStranger(id.slice(3))
  }

  /** Lets a stranger go before its turn. */
  forget(id: DeviceId): void {
    this.#places.forget(id.slice(3))
  }

  /** Whether what is new of the device is worth storing: in a flood of strangers theirs is not, until one is settled. */
  tells(id: DeviceId): boolean {
    return this.#forgotten === 0 || !this.isStranger(id)
  }

  /** The addresses that the device has now. */
  addressesOf(id: DeviceId): readonly Address[] {
    if (isMac(id)) return [...(this.#machines.peek(id.slice(4))?.addresses.keys() ?? [])]
    return this.#places.has(id.slice(3)) ? [id.slice(3)] : []
  }

  /** Takes a host name that the DHCP server knows. */
  name(of: { readonly mac?: Mac | undefined; readonly address: Address }, name: string, at: EpochMs): void {
    const short = name.slice(0, NAME_LENGTH)
    const place = this.#place(of.address, at)
    this.#settle(place)
    if (of.mac !== undefined) this.#machine(of.mac, at).name = short
    if (place.name === short) return
    place.name = short
    this.#record(recordOf(place))
  }

  /** Replaces the names that stand in the configuration; they win over those of leases. */
  configure(names: ReadonlyMap<Mac, string>): void {
    this.#configured = names
  }

  /** The device's name: configured, else from a lease. Hostile text, escape before showing. */
  nameOf(id: DeviceId): string | undefined {
    if (!isMac(id)) return this.#places.peek(id.slice(3))?.name
    const mac = id.slice(4)
    return this.#configured.get(mac) ?? this.#machines.peek(mac)?.name
  }

  /** Every device as it is shown, those with a MAC first, strangers last; each kind least recently seen first. */
  *views(): Iterable<DeviceView> {
    for (const machine of [...this.#machines.values()].reverse()) {
      const { id, mac, first, last, shared } = machine
      const [name, addresses, asks] = [this.nameOf(id), this.addressesOf(id), this.#machineAsks(machine)]
      yield { id, mac, name, addresses, first, last, shared, asks }
    }
    for (const place of this.#places.values()) {
      const machine = currentOwner(place)
      if (machine !== undefined && !machine.shared) continue
      const { id, address, name, first, last, asks } = place
      yield { id, mac: machine?.mac, name, addresses: [address], first, last, shared: false, asks }
    }
  }

  /** Every address as it is to be stored, strangers last, each rank least recently seen first. */
  *records(): Iterable<AddressRecord> {
    // Listed first, since the order may change between two steps of whoever reads this.
    for (const place of this.#places.values()) yield recordOf(place)
  }

  /** Takes a stored address back. A stored binding is a file's word: the lease file and the network may know better. */
  restore({ address, mac, shared, name, first, last, asks }: AddressRecord): Binding {
    // Who was about for long is no stranger; nor is who was seen otherwise than by its questions.
    this.see(address, first, asks, asks)
    this.see(address, last, asks, asks)
    const place = this.#place(address, first)
    if (name !== undefined) this.name({ mac, address }, name, last)
    if (mac === undefined) return NOTHING
    const binding = this.bind(address, mac, last, 'lease')
    const machine = this.#machine(mac, first)
    machine.first = Math.min(machine.first, place.first)
    machine.shared ||= shared
    return binding
  }

  /** How many addresses, strangers among them, and MACs are kept, and how many strangers had to go. */
  get size(): {
    readonly addresses: number
    readonly strangers: number
    readonly forgotten: number
    readonly macs: number
  } {
    const { settled, strangers } = this.#places.size
    return { addresses: settled + strangers, strangers, forgotten: this.#forgotten, macs: this.#machines.size }
  }

  #place(address: Address, at: EpochMs): Place {
    const known = this.#places.get(address)
    if (known !== undefined) return seenAt(known, at)
    const key = flat(address)
    const missing = this.#missing > at ? this.#missing : 0
    const place = {
      address: key,
      id: ownDevice(key),
      owners: [],
      first: at,
      last: at,
      asks: false,
      name: undefined,
      missing,
    }
    this.#places.add(key, place)
    return place
  }

  /** Somebody vouches for it. What was not stored while it was a stranger is told now. */
  #settle(place: Place): void {
    if (!this.#places.settle(place.address)) return
    if (this.#forgotten > 0 && place.asks) this.#record(recordOf(place))
    this.#settled(place.id)
  }

  #machine(mac: Mac, at: EpochMs): Machine {
    const known = this.#machines.get(mac)
    if (known !== undefined) return seenAt(known, at)
    const key = flat(mac)
    const id = `mac:${key}`
    const machine = {
      mac: key,
      id,
      addresses: new Map(),
      first: at,
      last: at,
      shared: false,
      name: undefined,
      missing: 0,
    }
    this.#machines.set(key, machine)
    return machine
  }

  #attach(machine: Machine, address: Address, at: EpochMs, observed: boolean): void {
    if (!machine.addresses.has(address)) {
      const oldest = machine.addresses.keys().next()
      if (machine.addresses.size >= ADDRESSES_OF_ONE && !oldest.done) machine.addresses.delete(oldest.value)
      machine.addresses.set(address, Number.NEGATIVE_INFINITY)
    }
    if (observed) this.#inUse(machine, address, at)
  }

  /** Notes that the MAC uses the address, and marks it shared when too many are in use at once. */
  #inUse(machine: Machine, address: Address, at: EpochMs): void {
    const before = machine.addresses.get(address)
    if (before === undefined || at - before < IN_USE_EVERY) return
    machine.addresses.set(address, at)
    if (machine.shared) return
    let inUse = 0
    for (const [each, seen] of machine.addresses)
      if (!each.includes(':') && Math.abs(at - seen) < SHARED_WITHIN) inUse++
    if (inUse < SHARED_FROM) return
    machine.shared = true
    const place = this.#places.peek(address)
    if (place !== undefined) this.#record(recordOf(place))
  }

  #machineAsks(machine: Machine): boolean {
    for (const address of machine.addresses.keys()) if (this.#places.peek(address)?.asks) return true
    return false
  }
}

const NOTHING: Binding = Object.freeze({ kind: 'none' })

const isMac = (id: DeviceId): boolean => id.startsWith('mac:')

const currentOwner = (place: Place): Machine | undefined => place.owners.at(-1)?.machine

/** Who had the address at `at`; before the first known owner that owner, since nobody else is known. */
function ownerAt(place: Place, at: EpochMs): Owner | undefined {
  for (let i = place.owners.length - 1; i > 0; i--) {
    const owner = place.owners[i]
    if (owner !== undefined && owner.from <= at) return owner
  }
  return place.owners[0]
}

function deviceAt(place: Place, at: EpochMs): DeviceId {
  const machine = ownerAt(place, at)?.machine
  return machine === undefined || machine.shared ? place.id : machine.id
}

function recordOf(place: Place): AddressRecord {
  const machine = currentOwner(place)
  return {
    address: place.address,
    mac: machine?.mac,
    shared: machine?.shared === true,
    name: place.name,
    first: machine === undefined ? place.first : Math.min(machine.first, place.first),
    last: place.last,
    asks: place.asks,
  }
}

/** Widens the time in which something was seen. */
function seenAt<T extends { first: EpochMs; last: EpochMs }>(seen: T, at: EpochMs): T {
  if (at > seen.last) seen.last = at
  else if (at < seen.first) seen.first = at
  return seen
}
