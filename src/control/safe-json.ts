// JSON that may be shown on a terminal as it is. Knows no schema.
import { safeText } from '../base/text.ts'

/**
 * Compact JSON with every character escaped that could act on a terminal: `JSON.stringify` leaves C1 controls and bidi
 * marks as they are. Both forms mean the same to a reader of JSON. Must be compact: a line feed between two values
 * would be escaped too.
 */
export const safeJson = (json: string): string => safeText(json, Number.MAX_SAFE_INTEGER)
