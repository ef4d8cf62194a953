// The records of an upstream's message one by one, with every name in them written out: for answers that are put
// together anew. Safe for any bytes: names in data that the scan did not look at are checked here.
import { addressFromBytes } from '../base/address.ts'
import { foldByte, NAME_MAX, type Name, nameFromWire } from '../base/name.ts'
import { TYPE } from '../base/question.ts'
import type { OwnRecord, WireMessage } from '../base/reply.ts'
import { copyOf, u16, u32 } from './bytes.ts'
import { HEADER } from './read-query.ts'

/** The answer and authority sections. */
export interface Records {
  readonly answers: readonly OwnRecord[]
  readonly authority: readonly OwnRecord[]
}

/** Reads them; undefined where a name in them is malformed. */
export function readRecords({ bytes, questionEnd }: WireMessage): Records | undefined {
  const cursor = { at: questionEnd }
  const answers = section(bytes, cursor, u16(bytes, 6))
  const authority = answers && section(bytes, cursor, u16(bytes, 8))
  return answers === undefined || authority === undefined ? undefined : { answers, authority }
}

function section(bytes: Uint8Array, cursor: { at: number }, count: number): readonly OwnRecord[] | undefined {
  const records: OwnRecord[] = []
  for (let i = 0; i < count; i++) {
    const owner = readName(bytes, cursor.at, bytes.length)
    const head = owner?.end ?? bytes.length
    const data = head + 10
    const end = data > bytes.length ? data : data + u16(bytes, head + 8)
    if (owner === undefined || end > bytes.length) return undefined
    const ttl = u32(bytes, head + 4)
    const record = recordOf(bytes, owner.name, u16(bytes, head), ttl > 0x7fff_ffff ? 0 : ttl, data, end)
    if (record === undefined) return undefined
    records.push(record)
    cursor.at = end
  }
  return records
}

/** How many bytes stand before the names in the data of a type, and how many names; all else has none (RFC 3597 §4). */
const NAMES: Readonly<Record<number, readonly [before: number, names: number]>> = {
  [TYPE.NS]: [0, 1],
  [TYPE.CNAME]: [0, 1],
  [TYPE.PTR]: [0, 1],
  [TYPE.DNAME]: [0, 1],
  [TYPE.SOA]: [0, 2],
  [TYPE.MX]: [2, 1],
  [TYPE.SRV]: [6, 1],
  // RP, AFSDB, RT, KX: old, but their names may be compressed.
  17: [0, 2],
  18: [2, 1],
  21: [2, 1],
  36: [2, 1],
}

function recordOf(
  bytes: Uint8Array,
  name: Name,
  type: number,
  ttl: number,
  from: number,
  end: number,
): OwnRecord | undefined {
  if (type === TYPE.A && end - from === 4) return { kind: 'A', name, ttl, address: addressFromBytes(bytes, from, 4) }
  const shape = NAMES[type]
  if (shape === undefined) return { kind: 'RAW', name, ttl, type, data: copyOf(bytes, from, end) }
  const [before, count] = shape
  if (from + before > end) return undefined
  const parts: Uint8Array[] = [bytes.subarray(from, from + before)]
  let at = from + before
  for (let i = 0; i < count; i++) {
    const inner = readName(bytes, at, end)
    if (inner === undefined) return undefined
    if (type === TYPE.CNAME && inner.end === end) return { kind: 'CNAME', name, ttl, target: inner.name }
    parts.push(inner.wire)
    at = inner.end
  }
  parts.push(bytes.subarray(at, end))
  return { kind: 'RAW', name, ttl, type, data: new Uint8Array(Buffer.concat(parts)) }
}

/** A name with its pointers followed, and where it ends; each pointer goes backward (RFC 1035 §4.1.4). */
function readName(
  bytes: Uint8Array,
  start: number,
  limit: number,
): { name: Name; wire: Uint8Array; end: number } | undefined {
  const wire = new Uint8Array(NAME_MAX)
  let length = 0
  let end = 0
  for (let at = start, stop = limit; ; ) {
    if (at >= stop) return undefined
    const size = bytes[at] as number
    if (size >= 0xc0) {
      const to = ((size & 0x3f) << 8) | (bytes[at + 1] ?? 0)
      if (at + 1 >= stop || to >= at || to < HEADER) return undefined
      if (end === 0) end = at + 2
      stop = at
      at = to
      continue
    }
    if (size > 63 || length + size + 1 > NAME_MAX || at + size >= stop) return undefined
    for (let i = 0; i <= size; i++) wire[length++] = foldByte(bytes[at + i] as number)
    at += size + 1
    if (size === 0) return { name: nameFromWire(wire, 0), wire: wire.slice(0, length), end: end === 0 ? at : end }
  }
}
