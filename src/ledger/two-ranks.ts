// A bounded map in two ranks: what somebody vouches for, and strangers. Knows nothing of what it keeps.
import { Recent } from '../base/recent.ts'

/** No wishes. Given, since lru-cache makes an object for each call without. */
const PLAIN = {}

/** Bounds, and who hears of a stranger that goes. */
export interface TwoRanksOptions<V> {
  readonly settled: number
  readonly strangers: number
  /** A settled one had to make room for another. */
  readonly displaced: (value: V) => void
  /** A stranger had to make room for another, or was told to go. */
  readonly forgotten: (value: V) => void
}

/**
 * New keys are strangers until they are settled. In each rank the least recently used makes room, and never for one of
 * the other rank: a million strangers push out strangers only.
 */
export class TwoRanks<K extends {}, V extends {}> {
  readonly #settled: Recent<K, V>
  readonly #strangers: Recent<K, V>

  constructor({ settled, strangers, displaced, forgotten }: TwoRanksOptions<V>) {
    this.#settled = new Recent(settled, displaced)
    this.#strangers = new Recent(strangers, (value, key) => {
      if (!this.#settled.has(key)) forgotten(value)
    })
  }

  get(key: K): V | undefined {
    return this.#settled.get(key, PLAIN) ?? this.#strangers.get(key, PLAIN)
  }

  /** The same without counting as use. */
  peek(key: K): V | undefined {
    return this.#settled.peek(key, PLAIN) ?? this.#strangers.peek(key, PLAIN)
  }

  has(key: K): boolean {
    return this.#settled.has(key) || this.#strangers.has(key)
  }

  isStranger(key: K): boolean {
    return this.#strangers.has(key)
  }

  /** Takes in a stranger. */
  add(key: K, value: V): void {
    this.#strangers.set(key, value)
  }

  /** Makes a stranger one of the others; false where it was none. */
  settle(key: K): boolean {
    const value = this.#strangers.peek(key)
    if (value === undefined) return false
    this.#settled.set(key, value)
    this.#strangers.delete(key)
    return true
  }

  /** Lets a stranger go. */
  forget(key: K): void {
    this.#strangers.delete(key)
  }

  /** All as they are now, strangers last, in each rank the least recently used first. */
  values(): V[] {
    return [...[...this.#settled.values()].reverse(), ...[...this.#strangers.values()].reverse()]
  }

  get size(): { readonly settled: number; readonly strangers: number } {
    return { settled: this.#settled.size, strangers: this.#strangers.size }
  }
}
