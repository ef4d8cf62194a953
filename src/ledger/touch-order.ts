// Things in the order in which they were last touched, linked through themselves. Knows nothing of what they are.

/** What can be kept in such an order; its two links are the order's own. */
export interface Touched<T> {
  older: T | undefined
  newer: T | undefined
}

/** The order. A thing is in one order at a time. */
export class TouchOrder<T extends Touched<T>> {
  #oldest: T | undefined
  #newest: T | undefined
  #size = 0

  get oldest(): T | undefined {
    return this.#oldest
  }

  get size(): number {
    return this.#size
  }

  /** Takes a thing in, as the last one touched. */
  add(item: T): void {
    this.#size++
    this.#append(item)
  }

  /** Puts a thing last. */
  touch(item: T): void {
    if (item === this.#newest) return
    this.#unlink(item)
    this.#append(item)
  }

  remove(item: T): void {
    this.#size--
    this.#unlink(item)
  }

  /** All as they are now, least recently touched first. */
  all(): T[] {
    const items: T[] = []
    for (let item = this.#oldest; item !== undefined; item = item.newer) items.push(item)
    return items
  }

  #append(item: T): void {
    item.older = this.#newest
    if (this.#newest === undefined) this.#oldest = item
    else this.#newest.newer = item
    this.#newest = item
  }

  #unlink(item: T): void {
    if (item.older !== undefined) item.older.newer = item.newer
    else if (this.#oldest === item) this.#oldest = item.newer
    if (item.newer !== undefined) item.newer.older = item.older
    else if (this.#newest === item) this.#newest = item.older
    item.older = undefined
    item.newer = undefined
  }
}
