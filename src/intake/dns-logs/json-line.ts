// One JSON object a line, read with suspicion. Knows no log.

/** The object that a line holds; `undefined` where it holds none. */
export function jsonLine(line: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** The texts and numbers of an array, at most 4,096; empty where the value is no array. */
export const listOf = (value: unknown): readonly (string | number)[] =>
  Array.isArray(value) ? value.slice(0, 4096).filter((one) => typeof one === 'string' || typeof one === 'number') : []
