// Where a page of findings ended, as opaque text and back. Knows no page.
import type { EpochMs } from '../base/clock.ts'

/** The key of a page's last finding. */
export interface Cursor {
  readonly first: EpochMs
  readonly id: string
}

/** The cursor as it stands in `next`. */
export const cursorText = ({ first, id }: Cursor): string => Buffer.from(`${first} ${id}`).toString('base64url')

/** Reads what `next` said; undefined where it did not come from here. */
export function readCursor(text: string): Cursor | undefined {
  const plain = Buffer.from(text, 'base64url').toString()
  const space = plain.indexOf(' ')
  const first = Number(plain.slice(0, Math.max(space, 0)))
  const cursor = { first, id: plain.slice(space + 1) }
  return space > 0 && Number.isSafeInteger(first) && cursorText(cursor) === text ? cursor : undefined
}
