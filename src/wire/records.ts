// Our own records as bytes. Here all input is ours.
import { type Address, addressBytes } from '../base/address.ts'
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
      return addressBytes(record.address) ?? new Uint8Array(4)
    case 'AAAA':
      return ipv6Bytes(record.address)
    case 'SOA':
      return concat([...SOA, quad(record.minimum)])
    case 'TXT':
      return concat(record.texts.map(characterString))
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

const ROOT = new Uint8Array(1)

const pair = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)
const quad = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >> 16, value >> 8, value)

/**
 * Zone data of our own SOA records but for MINIMUM, which bounds how long "no" is kept (RFC 2308 §4): names under
 * `.invalid` (RFC 6761 §6.4), since there is no real primary to ask; serial, refresh, retry and expiry, which are of no use
 * to anybody.
 */
const SOA = [
  ...['askfirst.invalid', 'hostmaster.askfirst.invalid'].map((name) => wireFromName(name) ?? ROOT),
  ...[1, 3600, 900, 86_400].map(quad),
]

/** An IPv4-mapped address is written as IPv4, and is one of 16 bytes here (RFC 4291 §2.5.5.2). */
function ipv6Bytes(address: Address): Uint8Array {
  const bytes = addressBytes(address) ?? new Uint8Array(16)
  return bytes.length === 16 ? bytes : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes)
}

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
