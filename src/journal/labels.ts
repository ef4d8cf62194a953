// Counters by name for things that entries know by number, through reloads that renumber them. Knows neither.

/** One name's counters. */
export interface Labelled {
  readonly name: string
  count: number
  latency: number
}

/** What has no name (a number out of range), or came when `LABELS_MAX` names were known. */
const OTHER = 'other'
/** Names that are told apart, over all reloads. Far above the lists and upstreams that anybody has at one time. */
const LABELS_MAX = 1024

/** Counters that stay with their name, so that no figure falls when a reload renumbers. */
export class Labels {
  readonly #other: Labelled = { name: OTHER, count: 0, latency: 0 }
  readonly #byName = new Map<string, Labelled>()
  /** What the numbers of each source of entries mean. */
  readonly #current: (readonly Labelled[])[] = []

  /** From here on, number `i` of this source means `names[i]`. */
  use(names: readonly string[], source: number): void {
    this.#current[source] = names.map((name) => {
      const known = this.#byName.get(name)
      if (known !== undefined) return known
      if (name === OTHER || this.#byName.size >= LABELS_MAX) return this.#other
      const fresh = { name, count: 0, latency: 0 }
      this.#byName.set(name, fresh)
      return fresh
    })
  }

  add(index: number, count: number, latency: number, source: number): void {
    const label = this.#current[source]?.[index] ?? this.#other
    label.count += count
    label.latency += latency
  }

  all(): readonly Readonly<Labelled>[] {
    const labels = [...this.#byName.values()]
    return this.#other.count > 0 ? [...labels, this.#other] : labels
  }
}
