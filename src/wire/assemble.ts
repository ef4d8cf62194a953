// Puts records together into a message as an upstream would have sent it, so that its TTLs count down and the fast lane
// may repeat it. For answers that are part ours and part somebody else's.
import { wireFromName } from '../base/name.ts'
import { CLASS, type Query } from '../base/question.ts'
import type { OwnRecord, WireMessage } from '../base/reply.ts'
import { putU16 } from './bytes.ts'
import { HEADER } from './read-query.ts'
import { encodeRecord } from './records.ts'
import { scanMessage } from './scan-message.ts'
import { MESSAGE_MAX } from './write-reply.ts'

/** The message that answers `query` with these records; undefined where they do not fit into one. */
export function assemble(
  { name, wire, type }: Query,
  rcode: number,
  answers: readonly OwnRecord[],
  authority: readonly OwnRecord[],
): WireMessage | undefined {
  const head = new Uint8Array(HEADER + wire.length + 4)
  putU16(head, 2, 0x8180 | (rcode & 15))
  putU16(head, 4, 1)
  putU16(head, 6, answers.length)
  putU16(head, 8, authority.length)
  head.set(wire, HEADER)
  putU16(head, HEADER + wire.length, type)
  putU16(head, HEADER + wire.length + 2, CLASS.IN)
  const parts: Uint8Array[] = [head]
  for (const record of [...answers, ...authority]) {
    const owner = record.name === name ? QUESTION_POINTER : wireFromName(record.name)
    if (owner === undefined) return undefined
    parts.push(owner, encodeRecord(record))
  }
  const size = parts.reduce((sum, { length }) => sum + length, 0)
  if (size > MESSAGE_MAX) return undefined
  const scanned = scanMessage(Buffer.concat(parts))
  return 'malformed' in scanned ? undefined : scanned.message
}

/** Compression pointer to the question's name. */
const QUESTION_POINTER = Uint8Array.of(0xc0, HEADER)
