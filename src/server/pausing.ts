// What is paused, until when and by whom: all of the house, groups, devices. Their timers end pauses; nothing else does.
import type { Clock, EpochMs } from '../base/clock.ts'
import { SECOND } from '../base/clock.ts'

/** The state of a pause. */
export interface Pause {
  readonly active: boolean
  readonly until: EpochMs | undefined
  readonly by: string | undefined
}

/** Who is not blocked: everybody, the members of a group, or one device by its key (a MAC or an address). */
export type PauseScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'device'; readonly device: string }

/** A pause of less than all. */
export interface PartialPause {
  readonly scope: Exclude<PauseScope, { kind: 'all' }>
  readonly until: EpochMs
  readonly by: string
}

const NOT_PAUSED: Pause = { active: false, until: undefined, by: undefined }
const ALL: PauseScope = { kind: 'all' }

/** Who is told: of a pause of all, and of any other. */
export interface PauseEvents {
  readonly all: (active: boolean) => void
  readonly others: () => void
}

/** Starts and ends pauses. */
export class Pausing {
  readonly #clock: Clock
  readonly #events: PauseEvents
  #state = NOT_PAUSED
  readonly #others = new Map<string, PartialPause>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(clock: Clock, events: PauseEvents) {
    this.#clock = clock
    this.#events = events
  }

  /** The pause of all. */
  get state(): Pause {
    return this.#state
  }

  /** The pauses of groups and devices. */
  get others(): readonly PartialPause[] {
    return [...this.#others.values()]
  }

  /** The same as the resolver is told it. */
  get paused(): { readonly groups: readonly string[]; readonly devices: readonly string[] } {
    const scopes = this.others.map(({ scope }) => scope)
    return {
      groups: scopes.flatMap((scope) => (scope.kind === 'group' ? [scope.group] : [])),
      devices: scopes.flatMap((scope) => (scope.kind === 'device' ? [scope.device] : [])),
    }
  }

  /** Pauses for so many seconds from now; a running pause of the same is replaced. */
  start(seconds: number, by: string, scope = ALL): Pause {
    const key = keyOf(scope)
    const until = this.#clock.now() + seconds * SECOND
    clearTimeout(this.#timers.get(key))
    this.#timers.set(key, setTimeout(() => this.end(scope), seconds * SECOND).unref())
    if (scope.kind === 'all') {
      this.#state = { active: true, until, by }
      this.#events.all(true)
      return this.#state
    }
    this.#others.set(key, { scope, until, by })
    this.#events.others()
    return { active: true, until, by }
  }

  /** Blocks again. */
  end(scope = ALL): Pause {
    const key = keyOf(scope)
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    if (scope.kind === 'all') {
      this.#state = NOT_PAUSED
      this.#events.all(false)
    } else if (this.#others.delete(key)) this.#events.others()
    return NOT_PAUSED
  }
}

const keyOf = (scope: PauseScope): string =>
  scope.kind === 'all' ? 'all' : scope.kind === 'group' ? `group ${scope.group}` : `device ${scope.device}`
