// The PROXY protocol header, versions 1 and 2: who is behind a proxy (haproxy.org, "The PROXY protocol", 2020-03-05).
// Bytes in, address out; knows no socket and believes whoever may send it: ask that first.
import { type Address, addressFromBytes, parseAddress } from '../base/address.ts'
import { u16 } from '../wire/bytes.ts'

/** What the first bytes of a connection or datagram say. */
export type ProxyHeader =
  /** Not whole yet. */
  | { readonly kind: 'more' }
  /** No header, or one that breaks the rules. */
  | { readonly kind: 'bad' }
  /** A header of `length` bytes. Without a source, the proxy speaks for itself (health checks). */
  | { readonly kind: 'header'; readonly length: number; readonly source: Address | undefined }

/** Longest header of version 1, with its line end (§2.1), and the longest of version 2 that we take; §2.2 allows 64 KiB. */
const V1_MAX = 107
export const PROXY_HEADER_MAX = 1024

const V1 = Buffer.from('PROXY ', 'latin1')
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_HEAD = 16
/** Bytes of both addresses and ports by address family (§2.2): unspecified, IPv4, IPv6, Unix. */
const ADDRESS_BLOCK = [0, 12, 36, 216]

/** Reads the header at the start of `bytes`. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (bytes.length === 0) return MORE
  if (bytes[0] === V2[0]) return readV2(bytes)
  return readV1(bytes)
}

const MORE = { kind: 'more' } as const
const BAD = { kind: 'bad' } as const

function readV1(bytes: Uint8Array): ProxyHeader {
  if (!begins(bytes, V1)) return BAD
  const seen = bytes.subarray(0, V1_MAX)
  const end = seen.indexOf(0x0d)
  if (end < 0 || end + 1 >= seen.length) return seen.length < V1_MAX ? MORE : BAD
  if (seen[end + 1] !== 0x0a) return BAD
  const length = end + 2
  const words = Buffer.from(seen.buffer, seen.byteOffset, end).toString('latin1').split(' ')
  // §2.1: after UNKNOWN the rest of the line means nothing.
  if (words[1] === 'UNKNOWN') return { kind: 'header', length, source: undefined }
  const [, family, from = '', to = '', fromPort = '', toPort = ''] = words
  const isV6 = family === 'TCP6'
  if (words.length !== 6 || (!isV6 && family !== 'TCP4') || !isPort(fromPort) || !isPort(toPort)) return BAD
  const source = parseAddress(from)
  if (source === undefined || parseAddress(to) === undefined || from.includes(':') !== isV6) return BAD
  return { kind: 'header', length, source }
}

function readV2(bytes: Uint8Array): ProxyHeader {
  if (!begins(bytes, V2)) return BAD
  if (bytes.length < V2_HEAD) return MORE
  const command = bytes[12] as number
  const family = (bytes[13] as number) >> 4
  const size = u16(bytes, 14)
  const length = V2_HEAD + size
  if (command >> 4 !== 2 || (command & 15) > 1 || length > PROXY_HEADER_MAX) return BAD
  if (bytes.length < length) return MORE
  // LOCAL: the proxy itself. Unspecified and Unix addresses name nobody that we know.
  if ((command & 15) === 0 || family === 0 || family === 3) return { kind: 'header', length, source: undefined }
  const block = ADDRESS_BLOCK[family]
  if (block === undefined || size < block) return BAD
  return { kind: 'header', length, source: addressFromBytes(bytes, V2_HEAD, family === 1 ? 4 : 16) }
}

/** Whether the bytes are the mark, or the beginning of it. */
const begins = (bytes: Uint8Array, mark: Uint8Array): boolean =>
  mark.every((byte, i) => i >= bytes.length || bytes[i] === byte)

const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
