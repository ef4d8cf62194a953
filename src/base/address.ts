// IP addresses and prefixes: text (canonical) and bytes, what range an address lies in. The door of ip-regex.
import ipRegex from 'ip-regex'

/** An IPv4 or IPv6 address as canonical text (RFC 5952); an IPv4-mapped IPv6 address is written as IPv4. */
export type Address = string

/** Reads an address in any accepted text form; a zone (`%eth0`) is dropped. `undefined` where it is none. */
export function parseAddress(text: string): Address | undefined {
  const bytes = addressBytes(text)
  return bytes === undefined ? undefined : addressFromBytes(bytes)
}

/** The 4 or 16 bytes of an address in any accepted text form, network order. IPv4-mapped gives 4. */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text)
}

/** Text of 4 or 16 bytes from `offset`. */
export function addressFromBytes(bytes: Uint8Array, offset = 0, length = bytes.length - offset): Address {
  if (length === 4) return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`
  if (isMappedIpv4(bytes, offset)) return addressFromBytes(bytes, offset + 12, 4)
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[offset + i] as number) << 8) | (bytes[offset + i + 1] as number))
  const gap = longestZeroRun(groups)
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':')
  return gap === undefined ? hex(groups) : `${hex(groups.slice(0, gap.from))}::${hex(groups.slice(gap.to))}`
}

/** The first address that stands in free text, for "this line names addresses but no format knows it". */
export function findAddress(text: string): Address | undefined {
  const found = ANYWHERE.exec(text)
  return found === null ? undefined : parseAddress(found[0])
}

/** Standing by itself: not a part of a longer number, of a word or of a path such as `std::string`. A port may follow. */
const ANYWHERE = new RegExp(`(?<![\\w.:])(?:${ipRegex.v4().source}(?!\\w)(?!\\.\\d)|${ipRegex.v6().source}(?![\\w:]))`)

function ipv4Bytes(text: string): Uint8Array | undefined {
  const number = ipv4At(text, 0, text.length)
  return number === undefined ? undefined : Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number)
}

/**
 * The IPv4 address that stands in a text from `from` to `to`, as a signed number of 32 bits; `undefined` where it is
 * none. Four decimal numbers without leading zeros, which some programs take for octal.
 */
export function ipv4At(text: string, from: number, to: number): number | undefined {
  if (to - from < 7 || to - from > 15) return undefined
  let number = 0
  let dots = 0
  let part = -1
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x2e) {
      if (part < 0 || ++dots > 3) return undefined
      number = (number << 8) | part
      part = -1
    } else if (code >= 0x30 && code <= 0x39 && part !== 0) {
      part = (part < 0 ? 0 : part * 10) + code - 0x30
      if (part > 255) return undefined
    } else return undefined
  }
  return dots === 3 && part >= 0 ? (number << 8) | part : undefined
}

/** The canonical text of an IPv4 address given as a number of 32 bits. */
export const ipv4Text = (number: number): Address =>
  `${number >>> 24}.${(number >>> 16) & 0xff}.${(number >>> 8) & 0xff}.${number & 0xff}`

/** RFC 4291 §2.2. Read by hand: the pattern of `net.isIPv6` takes 6 ms to compile, in each thread. */
function ipv6Bytes(text: string): Uint8Array | undefined {
  const [plain = '', ...zone] = text.split('%')
  if (zone.length > 1 || !/^[\da-z.:-]*$/i.test(zone[0] ?? '') || zone[0] === '') return undefined
  const gap = plain.indexOf('::')
  const head = groupBytes(gap < 0 ? plain : plain.slice(0, gap), gap < 0)
  const tail = gap < 0 ? [] : groupBytes(plain.slice(gap + 2), true)
  if (head === undefined || tail === undefined) return undefined
  const zeros = 16 - head.length - tail.length
  if (gap < 0 ? zeros !== 0 : zeros < 2) return undefined
  const bytes = new Uint8Array(16)
  bytes.set(head)
  bytes.set(tail, 16 - tail.length)
  return isMappedIpv4(bytes, 0) ? bytes.slice(12) : bytes
}

/** The bytes of groups with colons between them; `dotted`: the last one may be an IPv4 address. */
function groupBytes(text: string, dotted: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [i, group] of groups.entries()) {
    const ipv4 = dotted && i === groups.length - 1 ? ipv4Bytes(group) : undefined
    if (ipv4 !== undefined) bytes.push(...ipv4)
    else if (/^[\da-f]{1,4}$/i.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff)
    else return undefined
  }
  return bytes
}

/** Whether the 16 bytes at `offset` are an IPv4 address in the clothes of IPv6 (::ffff:0:0/96). */
export function isMappedIpv4(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff
}

function longestZeroRun(groups: readonly number[]): { from: number; to: number } | undefined {
  let best: { from: number; to: number } | undefined
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && groups[to] === 0) to++
    if (to - from > 1 && (best === undefined || to - from > best.to - best.from)) best = { from, to }
    if (to > from) from = to
  }
  return best
}

/** A range of addresses: the first `bits` bits of `bytes` (4 or 16 of them). */
export interface Prefix {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** Reads `192.168.0.0/16`, `fd00::/8` or a single address. Host bits that are set are cleared. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  const bytes = addressBytes(slash < 0 ? text : text.slice(0, slash))
  if (bytes === undefined) return undefined
  const width = bytes.length * 8
  if (slash < 0) return { bytes, bits: width }
  const digits = text.slice(slash + 1)
  const bits = Number(digits)
  if (!/^\d{1,3}$/.test(digits) || bits > width) return undefined
  const masked = bytes.map((byte, i) => byte & maskByte(bits, i))
  return { bytes: masked, bits }
}

/** `192.168.0.0/16` again from a prefix. */
export const prefixText = (prefix: Prefix): string => `${addressFromBytes(prefix.bytes)}/${prefix.bits}`

/** Mask for byte `i` of a prefix of `bits` bits. */
const maskByte = (bits: number, i: number): number => (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))) & 0xff

/** Whether the address lies in the prefix. Both must be of one family. */
export function prefixHas(prefix: Prefix, bytes: Uint8Array): boolean {
  if (bytes.length !== prefix.bytes.length) return false
  for (let i = 0; i * 8 < prefix.bits; i++) {
    if (((bytes[i] as number) & maskByte(prefix.bits, i)) !== prefix.bytes[i]) return false
  }
  return true
}

/** Whether any of the prefixes holds the address. For short lists; callers keep the answer per client. */
export const inPrefixes = (prefixes: readonly Prefix[], bytes: Uint8Array): boolean =>
  prefixes.some((prefix) => prefixHas(prefix, bytes))

/** Reads prefixes that stand in our own source; throws on a typing error there. */
export function prefixes(...texts: string[]): readonly Prefix[] {
  return Object.freeze(
    texts.map((text) => {
      const prefix = parsePrefix(text)
      if (prefix === undefined) throw new TypeError(`not a prefix: ${text}`)
      return prefix
    }),
  )
}

/** Where an address can be reached from. Source: IANA special-purpose address registries (RFC 6890). */
export type Scope = 'global' | 'private' | 'link-local' | 'loopback' | 'multicast' | 'broadcast' | 'unspecified'

/** What range an address lies in; `private` takes in CGN (RFC 6598), benchmarking and ULA (RFC 4193). */
export function scopeOf(bytes: Uint8Array): Scope {
  const a = bytes[0] as number
  const b = bytes[1] as number
  if (bytes.length === 4) {
    if (a === 127) return 'loopback'
    if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)) return 'private'
    if ((a === 100 && b >= 64 && b < 128) || (a === 198 && (b === 18 || b === 19))) return 'private'
    if (a === 169 && b === 254) return 'link-local'
    if (a >= 224 && a < 240) return 'multicast'
    if (a === 255 && b === 255 && bytes[2] === 255 && bytes[3] === 255) return 'broadcast'
    return a === 0 ? 'unspecified' : 'global'
  }
  if (a === 0xff) return 'multicast'
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'link-local'
  if ((a & 0xfe) === 0xfc) return 'private'
  const rest = bytes.subarray(0, 15).every((byte) => byte === 0)
  if (rest && (bytes[15] as number) <= 1) return bytes[15] === 1 ? 'loopback' : 'unspecified'
  return 'global'
}

/** Ranges that never leave a house: the default access list and the default of "which side is inside". */
export const PRIVATE_RANGES = prefixes(
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fe80::/10',
  'fc00::/7',
)

/** A MAC address as text, lower-case, `aa:bb:cc:dd:ee:ff`. */
export type Mac = string

/** Reads a MAC written with colons or dashes; multicast, all-zero and broadcast ones are nobody's. */
export function parseMac(text: string): Mac | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined
  const mac = text.toLowerCase().replaceAll('-', ':')
  return mac === '00:00:00:00:00:00' || Number.parseInt(mac.slice(0, 2), 16) & 1 ? undefined : mac
}

/** An address and a port as people write them: `192.0.2.1:53`, `[2001:db8::1]:53`, or with a default port. */
export interface Endpoint {
  readonly address: Address
  readonly port: number
}

/** Reads an endpoint; `undefined` where the address or the port is none. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint | undefined {
  const match = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]+)(?::(\d{1,5}))?$/.exec(text)
  const address = parseAddress(match?.[1] ?? text)
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  return address === undefined || port > 65_535 ? undefined : { address, port }
}

/** `192.0.2.1:53`, `[2001:db8::1]:53`. */
export const endpointText = ({ address, port }: Endpoint): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
