// Regular expressions of lists: which are taken, and why others are not. Matching takes time linear in the name's length,
// whatever the pattern. The door of re2js.
import { RE2JS } from 're2js'

/** A pattern, compiled: whether it is found in a name, given as text. */
export type Pattern = (name: string) => boolean

/** Longest pattern, characters. */
export const PATTERN_MAX = 1024
/** Largest weight of a pattern, see `weightOf`: 10,000 states take 60 ms to compile and 10 ms for a long name. */
export const PATTERN_WEIGHT_MAX = 2000

/** Compiles a pattern; or says why it cannot be used. Letter case plays no part. */
export function readPattern(text: string): Pattern | string {
  if (text.length > PATTERN_MAX) return `a pattern longer than ${PATTERN_MAX} characters`
  if (weightOf(text) > PATTERN_WEIGHT_MAX) return 'a pattern that repeats too much'
  try {
    const compiled = RE2JS.compile(text, RE2JS.CASE_INSENSITIVE)
    if (compiled.test('') || EVERYTHING.every((text) => compiled.test(text))) return 'a pattern that matches every name'
    return (name) => compiled.test(name)
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    return `a pattern that cannot be used: ${why}`
  }
}

/** What has nothing in common: a byte that no name has, a letter, and a digit. */
const EVERYTHING = ['\x01', 'a', '0']

/** What a single character, escape or class fits; undefined where it cannot be told: then it may fit anything. */
export function patternClass(token: string): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(`^(?:${token})$`, RE2JS.CASE_INSENSITIVE)
    return (character) => compiled.test(character)
  } catch {
    return undefined
  }
}

/**
 * About how many states a pattern compiles to: one for each character or class, multiplied where it is repeated by
 * number. Told from the text alone, as compiling `x{1,999}` a hundred times over takes seconds.
 */
export function weightOf(pattern: string): number {
  const outer: { sum: number; last: number }[] = []
  let here = { sum: 0, last: 0 }
  const item = (weight: number): void => {
    here.sum += weight
    here.last = weight
  }
  for (const [token] of pattern.matchAll(TOKENS)) {
    if (token === '(') {
      outer.push(here)
      here = { sum: 0, last: 0 }
    } else if (token === ')') {
      const { sum } = here
      here = outer.pop() ?? { sum: 0, last: 0 }
      item(sum + 2)
    } else if (token.length > 2 && token.startsWith('{')) {
      const most = Math.max(1, ...token.slice(1, -1).split(',').map(Number))
      here.sum += here.last * (most - 1)
      here.last *= most
    } else item(1)
  }
  return here.sum + outer.reduce((sum, group) => sum + group.sum, 0)
}

/** An escaped character, a class in brackets, a count in braces, or any one character. */
const TOKENS = /\\.|\[\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[\s\S]/g
