// Results kept for the texts seen lately. Log lines repeat the same few addresses, prefixes and interfaces.

/**
 * Wraps a pure function of a short text so that texts seen before cost one look-up and give the very same value.
 * `undefined` results are not kept. Holds at most `max` texts and forgets all of them when full: the cost of a
 * flood of fresh texts is then that of the plain function.
 */
export function remember<T>(read: (text: string) => T, max = 16_384): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const own = ownCopy(text)
    const value = read(own)
    if (value !== undefined) {
      if (known.size >= max) known.clear()
      known.set(own, value)
    }
    return value
  }
}

/** The text in memory of its own. A slice that V8 makes of a line keeps the whole line alive. */
const ownCopy = (text: string): string => Buffer.from(text).toString()
