// What is paused, until when and by whom: all of the house, groups, devices. It knows what stands written, and the time;
// who looks at it once a second keeps it true.
import type { Clock, EpochMs } from '../base/clock.ts'
import type { OwnPause } from '../config/rules-file.ts'

/** The state of a pause. */
export interface Pause {
  readonly active: boolean
  readonly until: EpochMs | undefined
  readonly by: string | undefined
}

const NOT_PAUSED: Pause = { active: false, until: undefined, by: undefined }

/** What is paused now. */
export class Pausing {
  readonly #clock: Clock
  readonly #written: () => readonly OwnPause[]
  #told = false
  #tell: ((active: boolean) => void) | undefined

  /** `written` gives all pauses, those that are over among them. */
  constructor(clock: Clock, written: () => readonly OwnPause[]) {
    this.#clock = clock
    this.#written = written
  }

  /** Tells whether all is paused: at once where it is, and at each change that a look finds. */
  follow(tell: (active: boolean) => void): void {
    this.#tell = tell
    this.look()
  }

  /** Looks at the clock. */
  look(): void {
    const { active } = this.state
    if (active === this.#told || this.#tell === undefined) return
    this.#told = active
    this.#tell(active)
  }

  /** The pause of all. */
  get state(): Pause {
    const all = this.#running.find(({ group, device }) => group === undefined && device === undefined)
    return all === undefined ? NOT_PAUSED : { active: true, until: all.until, by: all.by }
  }

  /** The pauses of groups and devices. */
  get others(): readonly OwnPause[] {
    return this.#running.filter(({ group, device }) => group !== undefined || device !== undefined)
  }

  /** The same as the resolver is told it. */
  get paused(): { readonly groups: readonly string[]; readonly devices: readonly string[] } {
    const { others } = this
    return { groups: others.flatMap(({ group }) => group ?? []), devices: others.flatMap(({ device }) => device ?? []) }
  }

  get #running(): readonly OwnPause[] {
    const now = this.#clock.now()
    return this.#written().filter(({ until }) => until > now)
  }
}
