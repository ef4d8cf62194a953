// A table for what comes and goes all the time. A `Map` whose entries change makes itself new tables again and again, and
// each old one points to the next: once one has grown old in the heap, all that stood in those after it is kept, and
// copied, until the next full collection (2 KB for each forwarded question). Here nothing is made but the entries.

/** What stands in a table: found by a number, and linked to the next one that shares its place. */
export interface Linked<Entry> {
  readonly hash: number
  /** The table's own. */
  next: Entry | undefined
}

/** The table. Several entries may have the same number. */
export class Buckets<Entry extends Linked<Entry>> {
  readonly #heads: (Entry | undefined)[]
  #size = 0

  /** `places`: a power of two; a few entries to each cost nothing. */
  constructor(places: number) {
    this.#heads = new Array<Entry | undefined>(places).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  /** An entry with this number; `after` one that was found, the next such. */
  find(hash: number, after?: Entry): Entry | undefined {
    let entry = after === undefined ? this.#heads[this.#placeOf(hash)] : after.next
    while (entry !== undefined && entry.hash !== hash) entry = entry.next
    return entry
  }

  add(entry: Entry): void {
    const place = this.#placeOf(entry.hash)
    entry.next = this.#heads[place]
    this.#heads[place] = entry
    this.#size++
  }

  /** Whether it was there. */
  remove(entry: Entry): boolean {
    const place = this.#placeOf(entry.hash)
    let before: Entry | undefined
    let there = this.#heads[place]
    while (there !== undefined && there !== entry) {
      before = there
      there = there.next
    }
    if (there === undefined) return false
    if (before === undefined) this.#heads[place] = entry.next
    else before.next = entry.next
    entry.next = undefined
    this.#size--
    return true
  }

  /** All that is there now, as an array of its own. */
  all(): Entry[] {
    const entries: Entry[] = []
    for (const head of this.#heads) for (let entry = head; entry !== undefined; entry = entry.next) entries.push(entry)
    return entries
  }

  #placeOf(hash: number): number {
    return hash & (this.#heads.length - 1)
  }
}
