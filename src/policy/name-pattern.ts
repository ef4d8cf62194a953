// Patterns of names of things: `*` stands for any text, all else for itself. Knows no domain name.

/**
 * Whether the pattern is the whole text. Time is linear in pattern plus text but for the parts between two stars, which
 * are found leftmost first and never looked for again.
 */
export function nameMatches(pattern: string, text: string): boolean {
  const parts = pattern.split('*')
  const [first, last] = [parts[0] as string, parts.at(-1) as string]
  if (parts.length === 1) return pattern === text
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  const end = text.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
