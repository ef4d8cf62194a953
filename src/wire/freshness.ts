// How long an HTTP cache may keep a reply of ours (RFC 8484 §5.1). Reads bytes that we wrote: their shape is trusted.
import { RCODE, TYPE } from '../base/question.ts'
import { u16, u32 } from './bytes.ts'
import { HEADER } from './read-query.ts'

/** Seconds: the smallest TTL of the answers; of a negative reply what its SOA says (RFC 2308 §5); else 0. */
export function freshness(reply: Uint8Array): number {
  const rcode = (reply[3] as number) & 15
  const isCut = ((reply[2] as number) & 0x02) !== 0
  if (isCut || (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN)) return 0
  const [answers, authority] = [u16(reply, 6), u16(reply, 8)]
  let at = HEADER
  if (u16(reply, 4) === 1) at = skipName(reply, at) + 4
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < answers + authority; i++) {
    at = skipName(reply, at)
    const end = at + 10 + u16(reply, at + 8)
    const ttl = u32(reply, at + 4)
    if (i < answers) least = Math.min(least, ttl)
    else if (answers === 0 && u16(reply, at) === TYPE.SOA) least = Math.min(least, ttl, u32(reply, end - 4))
    at = end
  }
  return least === Number.POSITIVE_INFINITY ? 0 : least
}

function skipName(bytes: Uint8Array, at: number): number {
  for (;;) {
    const size = bytes[at] as number
    if (size === 0) return at + 1
    if (size >= 0xc0) return at + 2
    at += size + 1
  }
}
