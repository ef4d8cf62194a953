// Our own records as bytes. The door of dns2: its record model and encoders serve here, where all input is ours.
import { Packet, type Resource } from 'dns2'
import { wireFromName } from '../base/name.ts'
import { CLASS, TYPE } from '../base/question.ts'
import type { OwnRecord } from '../base/reply.ts'
import { putU16, putU32 } from './bytes.ts'

/** One record without its owner name: type, class, TTL, length and data, as it stands in a message. */
export function encodeRecord(record: OwnRecord): Uint8Array {
  const data = recordData(record)
  const bytes = new Uint8Array(10 + data.length)
  putU16(bytes, 0, record.kind === 'RAW' ? record.type : TYPE[record.kind])
  putU16(bytes, 2, record.kind === 'TXT' ? (record.class ?? CLASS.IN) : CLASS.IN)
  putU32(bytes, 4, record.ttl)
  putU16(bytes, 8, data.length)
  bytes.set(data, 10)
  return bytes
}

function recordData(record: OwnRecord): Uint8Array {
  switch (record.kind) {
    case 'A':
    case 'AAAA':
      return viaDns2({ address: record.address }, TYPE[record.kind])
    case 'SOA':
      return viaDns2({ ...SOA, minimum: record.minimum }, TYPE.SOA)
    // dns2 turns the bytes of a text into UTF-8 and gives one above 255 a wrong length.
    case 'TXT':
      return concat(record.texts.map(characterString))
    // dns2 splits names at every dot, escaped or not, and has no HINFO: these are ours.
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return wireFromName(record.target) ?? ROOT
    case 'HINFO':
      return concat([characterString(record.cpu), characterString(record.os)])
    case 'MX':
      return concat([pair(record.preference), wireFromName(record.exchange) ?? ROOT])
    // RFC 2782: the target is never compressed.
    case 'SRV':
      return concat([
        pair(record.priority),
        pair(record.weight),
        pair(record.port),
        wireFromName(record.target) ?? ROOT,
      ])
    // RFC 8659 §4.1: flags, the length of the tag, the tag; the value is what is left.
    case 'CAA':
      return concat([Uint8Array.of(record.flags), characterString(record.tag), new TextEncoder().encode(record.value)])
    case 'RAW':
      return record.data
  }
}

/**
 * Zone data of our own SOA records: names under `.invalid` (RFC 6761 §6.4), since there is no real primary to ask.
 * Serial and timers are of no use to anybody; MINIMUM bounds how long "no" is kept (RFC 2308 §4).
 */
const SOA = {
  primary: 'askfirst.invalid',
  admin: 'hostmaster.askfirst.invalid',
  serial: 1,
  refresh: 3600,
  retry: 900,
  expiration: 86_400,
}

const ROOT = new Uint8Array(1)

/** Bytes of the record's data: dns2 writes the whole record, owned by the root (1 byte) with a 10-byte head. */
function viaDns2(fields: object, type: number): Uint8Array {
  const resource = { name: '', type, class: Packet.CLASS.IN, ttl: 0, ...fields } as unknown as Resource
  return Packet.Resource.encode(resource).subarray(11)
}

const pair = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** RFC 1035 §3.3: a length byte, then at most 255 bytes. */
function characterString(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text).subarray(0, 255)
  return Uint8Array.from([bytes.length, ...bytes])
}
