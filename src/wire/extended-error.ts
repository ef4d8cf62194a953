// Reads the extended error (RFC 8914) that an upstream's OPT record carries. Untrusted bytes in, a short safe text out.
import type { ExtendedError } from '../base/question.ts'
import { safeText } from '../base/text.ts'
import { u16 } from './bytes.ts'

/** RFC 8914 §2: option 15: a 16-bit code, then UTF-8 text. */
const EDE_OPTION = 15
/** Longest text that is kept; it travels in every reply from the cache. */
const TEXT_MAX = 160

const decoder = new TextDecoder()

/** The first extended error among the options at `at … end`; `malformed` where they do not fill it (RFC 6891 §6.1.2). */
export function extendedError(bytes: Uint8Array, at: number, end: number): ExtendedError | undefined | 'malformed' {
  let error: ExtendedError | undefined
  while (at + 4 <= end) {
    const size = u16(bytes, at + 2)
    const data = at + 4
    if (data + size > end) return 'malformed'
    if (u16(bytes, at) === EDE_OPTION && size >= 2 && error === undefined) {
      const text = decoder.decode(bytes.subarray(data + 2, Math.min(data + size, data + 2 + TEXT_MAX)))
      error = { code: u16(bytes, data), text: safeText(text, TEXT_MAX) }
    }
    at = data + size
  }
  return at === end ? error : 'malformed'
}
