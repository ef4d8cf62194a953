// A value that is replaced whole while others read it: the policy, the config, the device table.

/** Holds the current version of something. Readers take `.current` at each use and never keep it. */
export interface Live<T> {
  readonly current: T
}

/** A `Live` that its owner can swap. */
export class Swappable<T> implements Live<T> {
  #current: T | undefined = undefined
  constructor(first: T) {
    // A second value from the start: V8 takes what has never changed for a constant.
    this.#current = first
  }
  get current(): T {
    return this.#current as T
  }
  /** Puts the new version in; returns the old one. */
  swap(next: T): T {
    const old = this.#current as T
    this.#current = next
    return old
  }
}
