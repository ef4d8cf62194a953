// Text that is kept for long, freed from what it was cut from. Knows nothing else.

/**
 * The same text in memory of its own. What a parser cuts from a line keeps the whole line alive, and what is put
 * together piece by piece keeps the pieces; kept for 500,000 hand-outs that would be gigabytes.
 */
export const flat = (text: string): string => Buffer.from(text).toString()
