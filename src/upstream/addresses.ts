// By which addresses an upstream is reached whose host is a name: those of the configuration, or looked up at the
// bootstrap resolvers and kept. Knows no connection.
import type { Address } from '../base/address.ts'
import { SECOND } from '../base/clock.ts'

/** Addresses and for how many seconds they are good. */
export interface FoundAddresses {
  readonly addresses: readonly Address[]
  readonly ttl: number
}

/** Bounds of how long looked-up addresses are used before we look again, s. */
const KEEP = { min: 60, max: 3600 } as const
/** A look-up that found nothing is made again after this long, ms. */
const AGAIN_AFTER = 1000

/** The addresses of one host. */
export class Addresses {
  readonly #lookUp: () => Promise<FoundAddresses>
  #known: readonly Address[]
  #until: number
  #looking: Promise<readonly Address[]> | undefined

  /** `fixed` are used for ever; with none of them `lookUp` finds some. */
  constructor(fixed: readonly Address[], lookUp: () => Promise<FoundAddresses>) {
    this.#known = fixed
    this.#until = fixed.length > 0 ? Number.POSITIVE_INFINITY : 0
    this.#lookUp = lookUp
  }

  /** What is known; waits only where nothing is. Empty where nothing was found. */
  async current(): Promise<readonly Address[]> {
    if (performance.now() < this.#until) return this.#known
    const looking = (this.#looking ??= this.#look())
    // Old addresses are better than none: whoever serves behind them must prove who it is anyway.
    return this.#known.length > 0 ? this.#known : looking
  }

  async #look(): Promise<readonly Address[]> {
    const { addresses, ttl } = await this.#lookUp()
    const found = addresses.length > 0
    if (found) this.#known = addresses
    const keep = found ? Math.min(KEEP.max, Math.max(KEEP.min, ttl)) * SECOND : AGAIN_AFTER
    this.#until = performance.now() + keep
    this.#looking = undefined
    return this.#known
  }
}
