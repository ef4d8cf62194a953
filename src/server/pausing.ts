// Whether blocking is paused, until when and by whom. Its timer ends it; nothing else does.
import type { Clock, EpochMs } from '../base/clock.ts'
import { SECOND } from '../base/clock.ts'

/** The state of the pause. */
export interface Pause {
  readonly active: boolean
  readonly until: EpochMs | undefined
  readonly by: string | undefined
}

const NOT_PAUSED: Pause = { active: false, until: undefined, by: undefined }

/** Starts and ends pauses; tells `apply` each change. */
export class Pausing {
  readonly #clock: Clock
  readonly #apply: (active: boolean) => void
  #state = NOT_PAUSED
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, apply: (active: boolean) => void) {
    this.#clock = clock
    this.#apply = apply
  }

  get state(): Pause {
    return this.#state
  }

  /** Pauses for so many seconds from now; a running pause is replaced. */
  start(seconds: number, by: string): Pause {
    clearTimeout(this.#timer)
    this.#state = { active: true, until: this.#clock.now() + seconds * SECOND, by }
    this.#timer = setTimeout(() => this.end(), seconds * SECOND).unref()
    this.#apply(true)
    return this.#state
  }

  /** Blocks again. */
  end(): Pause {
    clearTimeout(this.#timer)
    this.#state = NOT_PAUSED
    this.#apply(false)
    return this.#state
  }
}
