// Names with everything under them: `*.ads.example` or `.ads.example`, one a line. A plain name is that name only.
import { isRestIdle, NOT_OURS, type ReadLine, skipped, wordEnd } from '../line.ts'
import { takeName } from '../name-bytes.ts'

const STAR = 0x2a
const DOT = 0x2e

export const wildcard: ReadLine = (bytes, from, to, sink) => {
  const end = wordEnd(bytes, from, to)
  if (end < to && !isRestIdle(bytes, end, to)) return NOT_OURS
  const starred = bytes[from] === STAR && bytes[from + 1] === DOT
  const name = starred ? from + 2 : bytes[from] === DOT ? from + 1 : from
  const taken = takeName(bytes, name, end, false, name !== from, sink)
  if (taken !== undefined) return taken
  return bytes.subarray(from, end).includes(STAR) && isPattern(bytes, from, end) ? skipped.pattern : NOT_OURS
}

/** Names with stars in other places than the start: for them a resolver would need a search, not a look-up. */
function isPattern(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!PATTERN.has(bytes[at] as number)) return false
  return true
}

const PATTERN = new Set(Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*?[]'))
