// A bounded map that forgets who was not asked for lately: two generations instead of an LRU. Knows no key's meaning.

/** At most twice `kept` entries; whoever was looked up within the last `kept` new ones is there. */
export class TwoGenerations<K, V> {
  readonly #kept: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  constructor(kept: number) {
    this.#kept = kept
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The entry of a key, made if there is none. */
  get(key: K, make: () => V): V {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const value = this.#old.get(key) ?? make()
    if (this.#young.size >= this.#kept) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
    return value
  }
}
