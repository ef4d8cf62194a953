// Keeps the resolver told of groups and devices: who is who, which groups are off by their hours, who is paused. All time
// arithmetic is here, once a second; none of it is done for a query.
import { type Clock, type EpochMs, MINUTE, SECOND } from '../base/clock.ts'
import type { OwnBonus } from '../config/rules-file.ts'
import type { DeviceView } from '../ledger/device.ts'
import type { Household, KnownDevice } from '../pipeline/profiles.ts'
import type { Group } from '../policy/group.ts'
import { isOn, nextStart, type Schedule } from '../policy/schedule.ts'
import type { Pausing } from './pausing.ts'

/** What the household is made of. */
export interface HouseholdParts {
  readonly clock: Clock
  readonly devices: () => readonly DeviceView[]
  readonly pausing: Pausing
  /** All bonus minutes, those that are over among them. */
  readonly bonuses: () => readonly OwnBonus[]
}

/** Groups and their hours, as configured. */
export interface GroupSettings {
  readonly groups: readonly Group[]
  readonly hours: ReadonlyMap<string, Schedule>
}

/** How often the hours are looked at, ms: a group goes on and off at most so late. */
const LOOK_EVERY_MS = SECOND

/** The household, as it is now. */
export class HouseholdKeeper {
  readonly #parts: HouseholdParts
  readonly #timer: NodeJS.Timeout
  #settings: GroupSettings
  #known = ''
  #household: Household | undefined
  #tell: (household: Household) => void = () => {}

  constructor(settings: GroupSettings, parts: HouseholdParts) {
    this.#settings = settings
    this.#parts = parts
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref()
    this.look()
  }

  /** Tells each change from here on, whole. */
  follow(tell: (household: Household) => void): void {
    this.#tell = tell
  }

  /** Other groups from now on. */
  use(settings: GroupSettings): void {
    this.#settings = settings
    this.look()
  }

  /** Looks at hours, pauses and devices, and tells what has changed. */
  look(): void {
    const { clock, pausing, devices } = this.#parts
    const now = clock.now()
    pausing.look()
    const { groups, hours } = this.#settings
    const off = groups.flatMap(({ name }) => (this.#isOff(name, hours.get(name), now) ? [name] : []))
    const paused = pausing.paused
    // Without groups nobody needs to know who is who; devices with rules of their own do.
    const household: Household = { groups, off, paused, devices: devices().flatMap(knownDevices) }
    const text = JSON.stringify(household)
    if (text === this.#known) return
    this.#known = text
    this.#household = household
    this.#tell(household)
  }

  /** As it is. */
  get current(): Household {
    return this.#household as Household
  }

  /** What the hours of a group say now; undefined where it has none. */
  hoursOf(
    group: string,
  ): { readonly schedule: string; readonly on: boolean; readonly bonus: OwnBonus | undefined } | undefined {
    const schedule = this.#settings.hours.get(group)
    const now = this.#parts.clock.now()
    return schedule && { schedule: schedule.name, on: isOn(schedule, now), bonus: this.#bonusOf(group, now) }
  }

  /**
   * When a group would not hold by so many bonus minutes: from now, where its hours are on, else from their next start.
   * Undefined where the group has no hours, or none that come within eight days.
   */
  bonusFor(group: string, minutes: number): OwnBonus | undefined {
    const now = this.#parts.clock.now()
    const schedule = this.#settings.hours.get(group)
    const from = schedule && (isOn(schedule, now) ? now : nextStart(schedule, now))
    return from === undefined ? undefined : { group, from, to: from + minutes * MINUTE }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #isOff(group: string, schedule: Schedule | undefined, now: EpochMs): boolean {
    if (schedule === undefined) return false
    const bonus = this.#bonusOf(group, now)
    return !isOn(schedule, now) || (bonus !== undefined && now >= bonus.from)
  }

  /** The bonus minutes of a group that are not over; given twice, the latest ones. */
  #bonusOf(group: string, now: EpochMs): OwnBonus | undefined {
    return this.#parts.bonuses().findLast((bonus) => bonus.group === group && bonus.to > now)
  }
}

/** A MAC that several devices share says nothing of who asks; an address alone need not be told. */
const knownDevices = ({ mac, name, shared, addresses }: DeviceView): KnownDevice[] =>
  (mac === undefined || shared) && name === undefined
    ? []
    : addresses.map((address) => ({ address, mac: shared ? undefined : mac, name: name?.toLowerCase() }))
