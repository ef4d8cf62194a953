// Finds the zone that a name belongs to: the one with the most labels among those that hold it. Knows no upstream.
import { isUnder, type Name } from '../base/name.ts'

/** Zones with what each stands for. */
export class ZoneTable<T> {
  /** Longest names first: under a name, they are the more special ones. */
  readonly #zones: readonly (readonly [zone: Name, value: T])[]

  constructor(zones: readonly (readonly [zone: Name, value: T])[]) {
    this.#zones = [...zones].sort(([a], [b]) => b.length - a.length)
  }

  /** A name's zone; undefined where none holds it. */
  find(name: Name): T | undefined {
    for (const [zone, value] of this.#zones) if (isUnder(name, zone)) return value
    return undefined
  }
}
