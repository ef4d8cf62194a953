// Text from enemies made safe to show: names, log lines and prefixes never reach a terminal, log or page as they came.

/** Control characters, DEL, the C1 block, line separators, bidi controls and zero-width marks. */
const UNSAFE = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Escapes what could move a cursor, break a line or hide text, and cuts at `max` characters. */
export function safeText(text: string, max = 512): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text
  return cut.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
