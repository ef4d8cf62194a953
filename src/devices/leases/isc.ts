// ISC dhcpd.leases as leases, v4 and v6. Knows no ledger and reads no file.
import { type Address, parseAddress, parseMac } from '../../base/address.ts'
import { SECOND } from '../../base/clock.ts'
import { LEASES_MOST, type Lease } from '../../names/lease.ts'
import { macOfDuid } from './duid.ts'

/**
 * Reads the file: `lease ADDRESS { … }`, and for DHCPv6 `ia-na "IAID and DUID" { … iaaddr ADDRESS { … } }`. It is a log:
 * the caller lets the latest of an address count. A binding that is not active has ended. Times are UTC.
 * Source: dhcpd.leases(5).
 */
export function readIsc(text: string): readonly Lease[] {
  const leases: Lease[] = []
  let open: Draft | undefined
  let duid: string | undefined
  let nested = 0
  for (const line of text.split('\n')) {
    const words = line.trim()
    if (words === '' || words.startsWith('#')) continue
    const start = /^(?:lease|iaaddr)\s+(\S+)\s*\{/.exec(words)
    const identity = /^ia-(?:na|ta|pd)\s+("(?:[^"\\]|\\.)*"|[0-9a-f:]+)\s*\{/i.exec(words)
    if (identity !== null) duid = duidOf(identity[1] ?? '')
    else if (start !== null) {
      if (leases.length >= LEASES_MOST) break
      open = { address: parseAddress(start[1] ?? ''), active: true, ends: 0, duid }
    } else if (open !== undefined && words.endsWith('{')) nested++
    else if (words.startsWith('}') && nested > 0) nested--
    else if (words.startsWith('}')) {
      const done = open === undefined ? undefined : leaseOf(open)
      if (done !== undefined) leases.push(done)
      if (open === undefined) duid = undefined
      open = undefined
    } else if (open !== undefined && nested === 0) statement(open, words.replace(/;$/, ''))
  }
  return leases
}

interface Draft {
  readonly address: Address | undefined
  readonly duid: string | undefined
  active: boolean
  ends: number
  mac?: string
  name?: string
}

function statement(draft: Draft, words: string): void {
  const [first, second, third] = words.split(/\s+/, 3)
  if (first === 'ends') draft.ends = timeOf(words)
  else if (first === 'binding' && second === 'state') draft.active = third === 'active'
  else if (first === 'hardware') draft.mac = third ?? ''
  else if (first === 'client-hostname') draft.name = quoted(words.slice('client-hostname'.length))
  // Set where dhcpd itself updates the DNS; what the client said comes first.
  else if (/^set ddns-(client-)?(fwd-name|fqdn)\s*=/.test(words))
    draft.name ??= quoted(words.slice(words.indexOf('=') + 1))
}

function leaseOf({ address, active, ends, mac, name, duid }: Draft): Lease | undefined {
  if (address === undefined) return undefined
  return {
    address,
    mac: mac === undefined ? (duid === undefined ? undefined : macOfDuid(duid)) : parseMac(mac),
    fromDuid: mac === undefined && duid !== undefined,
    name: name === undefined || name === '' ? undefined : name,
    expires: active ? ends : 0,
  }
}

/** `ends 3 2020/09/15 09:12:16`, `ends epoch 1600137200`, `ends never`; what is none of these has ended. */
function timeOf(words: string): number {
  if (/^ends\s+never/.test(words)) return Number.POSITIVE_INFINITY
  const epoch = /^ends\s+epoch\s+(\d{1,12})/.exec(words)
  if (epoch !== null) return Number(epoch[1]) * SECOND
  const date = /^ends\s+\d\s+(\d{4})\/(\d\d)\/(\d\d)\s+(\d\d):(\d\d):(\d\d)/.exec(words)
  if (date === null) return 0
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = date.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The text between the quotes, with `\"` and `\ooo` undone. */
function quoted(text: string): string {
  const inner = /"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? ''
  return bytesOf(inner).toString('latin1')
}

function bytesOf(escaped: string): Buffer {
  const bytes: number[] = []
  for (const [part, octal, char] of escaped.matchAll(/\\([0-7]{3})|\\(.)|[^\\]/gs)) {
    bytes.push((octal !== undefined ? Number.parseInt(octal, 8) : (char ?? part).charCodeAt(0)) & 0xff)
  }
  return Buffer.from(bytes)
}

/** The DUID behind the four bytes of the IAID, as hex with colons. */
function duidOf(text: string): string | undefined {
  const hex = text.startsWith('"')
    ? [...bytesOf(text.slice(1, -1))].map((byte) => byte.toString(16).padStart(2, '0'))
    : text.toLowerCase().split(':')
  return hex.length > 4 ? hex.slice(4).join(':') : undefined
}
