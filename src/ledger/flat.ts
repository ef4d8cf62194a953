// Text that is kept for long, freed from what it was cut from. Knows nothing else.

/**
 * The same text in memory of its own. What a parser cuts from a line keeps the whole line alive, and what is put
 * together piece by piece keeps the pieces; kept for 500,000 hand-outs that would be gigabytes.
 */
export function flat(text: string): string {
  const length = SCRATCH.write(text)
  return length < SCRATCH.length - UNIT_MAX ? SCRATCH.toString('utf8', 0, length) : Buffer.from(text).toString()
}

/** Written over by each text in turn: a buffer for each costs more than the text. */
const SCRATCH = Buffer.allocUnsafeSlow(512)
/** Bytes that one UTF-16 unit may take: with less room left, some may not have been written. */
const UNIT_MAX = 3
