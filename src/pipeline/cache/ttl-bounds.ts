// The TTLs of a message brought within bounds.
import type { WireMessage } from '../../base/reply.ts'
import { copyOf, putU32, u32 } from '../../wire/bytes.ts'

/** The message with every TTL within the bounds; the same object where they all are. */
export function boundTtls(message: WireMessage, min: number, max: number): WireMessage {
  const outside = (ttl: number): boolean => ttl < min || ttl > max
  if (!message.ttlOffsets.some((at) => outside(u32(message.bytes, at)))) return message
  const bytes = copyOf(message.bytes)
  for (const at of message.ttlOffsets) putU32(bytes, at, Math.min(Math.max(u32(bytes, at), min), max))
  return { ...message, bytes }
}
