// The text that every match of a pattern must contain, told from the pattern alone. Knows no engine.

/**
 * The longest piece of text that stands in whatever the pattern matches, lower case; undefined where there is none, or
 * where the pattern has something that is not understood here. Only what stands outside groups counts, so it is never
 * wrong, and often less than could be told.
 */
export function literalOf(pattern: string): string | undefined {
  const tokens = pattern.match(TOKENS) ?? []
  let depth = 0
  let run = ''
  let best = ''
  const end = (): void => {
    if (run.length > best.length) best = run
    run = ''
  }
  for (const [i, token] of tokens.entries()) {
    const byte = charOf(token)
    if (byte === UNKNOWN) return undefined
    if (token === '(') depth++
    else if (token === ')') depth--
    if (depth === 0 && token === '|') return undefined
    if (depth > 0 || byte === undefined) {
      end()
      continue
    }
    const next = tokens[i + 1] ?? ''
    const may = /^(\*|\?|\{0*[,}])/.test(next)
    if (!may) run += byte
    // What is repeated is followed by more of itself, or by nothing of it.
    if (may || /^[+{]/.test(next)) end()
  }
  end()
  return best === '' ? undefined : best.toLowerCase()
}

/** An escaped character, a class in brackets, a count in braces, or any one character. */
const TOKENS = /\\[\s\S]|\[\^?\]?(?:\\[\s\S]|\[:[^\]]*:\]|[^\]\\])*\]|\{\d*(?:,\d*)?\}|[\s\S]/g

const UNKNOWN = Symbol('not understood here')

/** The character that a token stands for; undefined for what stands for no certain one. */
function charOf(token: string): string | undefined | typeof UNKNOWN {
  if (token.startsWith('\\')) {
    const escaped = token[1] ?? ''
    if (/[dDwWsSbBAz]/.test(escaped)) return undefined
    return /[A-Za-z0-9]/.test(escaped) || escaped === '' ? UNKNOWN : escaped
  }
  if (token.length > 1 || /[.^$*+?()|[\]{}]/.test(token)) return undefined
  return /[\x21-\x7e]/.test(token) ? token : UNKNOWN
}
