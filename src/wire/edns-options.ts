// EDNS options as bytes: reads those of a client that mean something here, writes ours. Knows no policy.
import type { EdnsOptions } from '../base/question.ts'
import { copyOf, putU16, u16 } from './bytes.ts'

/** Option codes (IANA DNS EDNS0 option codes). */
export const OPTION = { NSID: 3, SUBNET: 8, COOKIE: 10, KEEPALIVE: 11, PADDING: 12, ERROR: 15 } as const

/** A client cookie; a server cookie of 8 to 32 bytes may follow (RFC 7873 §4). */
export const CLIENT_COOKIE = 8
const SERVER_COOKIE = { min: 8, max: 32 } as const

/**
 * The options at `at … end`: code, length, data, back to back (RFC 6891 §6.1.2). Unknown ones are passed over; of those
 * that stand twice the first counts. `undefined` where none of ours is there.
 */
export function readOptions(bytes: Uint8Array, at: number, end: number): EdnsOptions | undefined | 'malformed' {
  let found: { -readonly [key in keyof EdnsOptions]: EdnsOptions[key] } | undefined
  while (at + 4 <= end) {
    const code = u16(bytes, at)
    const data = at + 4
    at = data + u16(bytes, at + 2)
    if (at > end) return 'malformed'
    if (!OURS.has(code)) continue
    found ??= { padded: false, keepalive: false, nsid: false }
    switch (code) {
      case OPTION.NSID:
        found.nsid = true
        break
      case OPTION.KEEPALIVE:
        found.keepalive = true
        break
      case OPTION.PADDING:
        found.padded = true
        break
      case OPTION.COOKIE:
        // RFC 7873 §5.2.2: of another length it is FORMERR.
        if (!isCookieLength(at - data)) return 'malformed'
        found.cookie ??= copyOf(bytes, data, at)
        break
      case OPTION.SUBNET:
        if (!isSubnet(bytes, data, at)) return 'malformed'
        found.subnet ??= copyOf(bytes, data, at)
    }
  }
  return at === end ? found : 'malformed'
}

const OURS = new Set<number>([OPTION.NSID, OPTION.SUBNET, OPTION.COOKIE, OPTION.KEEPALIVE, OPTION.PADDING])

const isCookieLength = (length: number): boolean =>
  length === CLIENT_COOKIE ||
  (length >= CLIENT_COOKIE + SERVER_COOKIE.min && length <= CLIENT_COOKIE + SERVER_COOKIE.max)

/** Bits of an address by its family number (RFC 7871 §6: IANA address family numbers). */
const FAMILY_BITS: Readonly<Record<number, number>> = { 1: 32, 2: 128 }

/** RFC 7871 §6, §7.1.2: no more bytes than the prefix needs, no bit set behind it, scope zero in a query; else FORMERR. */
function isSubnet(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < 4) return false
  const bits = FAMILY_BITS[u16(bytes, at)]
  const source = bytes[at + 2] as number
  if (bits === undefined || source > bits || bytes[at + 3] !== 0) return false
  if (end - at - 4 !== Math.ceil(source / 8)) return false
  return source % 8 === 0 || ((bytes[end - 1] as number) & (0xff >> (source % 8))) === 0
}

/** One option as bytes. */
export function option(code: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + data.length)
  putU16(bytes, 0, code)
  putU16(bytes, 2, data.length)
  bytes.set(data, 4)
  return bytes
}
