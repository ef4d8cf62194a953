// One record of the ledger's state as one line of text, and back. Knows no file.
import { type Address, parseAddress, parseMac } from '../base/address.ts'
import type { EpochMs } from '../base/clock.ts'
import { parseName } from '../base/name.ts'
import type { AddressRecord, DeviceId } from '../ledger/device.ts'
import type { HandOutRecord } from '../ledger/evidence.ts'
import type { StateRecord } from '../ledger/state.ts'
import type { Finding } from '../ledger/verdict.ts'

/** The version of the lines; a file of another version is not read. */
export const STATE_VERSION = 1

/** The first line of a file. */
export const HEADER = JSON.stringify({ askfirst: 'evidence', version: STATE_VERSION })

/** The version that a first line tells; `undefined` where it is none of ours. */
export function versionOf(line: string): number | undefined {
  const value = parsed(line)
  if (typeof value !== 'object' || value === null || !('askfirst' in value) || !('version' in value)) return undefined
  return value.askfirst === 'evidence' && typeof value.version === 'number' ? value.version : undefined
}

/** Writes a record as a line without its end: a JSON array, its kind first. Times are whole milliseconds. */
export function lineOf(record: StateRecord): string {
  switch (record.kind) {
    case 'birth':
      return JSON.stringify(['birth', Math.round(record.at)])
    case 'lost':
      return JSON.stringify(['lost', Math.round(record.at)])
    case 'address': {
      const { address, mac, shared, name, first, last, asks } = record.address
      return JSON.stringify(['address', address, mac, name, Math.round(first), Math.round(last), +shared, +asks])
    }
    case 'hand-out': {
      const { device, address, name, first, last, until } = record.handOut
      return JSON.stringify(['hand-out', device, address, name, Math.round(first), Math.round(last), Math.round(until)])
    }
    case 'finding':
      return JSON.stringify(['finding', record.finding])
  }
}

/** Reads a line; `undefined` where it is damaged. Everything is checked: what is read here is judged by later. */
export function recordOf(line: string): StateRecord | undefined {
  const value = parsed(line)
  if (!Array.isArray(value)) return undefined
  const [kind, ...fields] = value as unknown[]
  if (kind === 'birth' || kind === 'lost') return isTime(fields[0]) ? { kind, at: fields[0] } : undefined
  if (kind === 'address') {
    const address = addressRecord(fields)
    return address && { kind, address }
  }
  if (kind === 'hand-out') {
    const handOut = handOutRecord(fields)
    return handOut && { kind, handOut }
  }
  if (kind !== 'finding') return undefined
  const finding = findingOf(fields[0])
  return finding && { kind, finding }
}

function addressRecord(fields: readonly unknown[]): AddressRecord | undefined {
  const [address, mac, name, first, last, shared, asks] = fields
  if (!isAddress(address) || !isTime(first) || !isTime(last)) return undefined
  if (!(mac === null || isMac(mac)) || !(name === null || isText(name, 64))) return undefined
  return {
    address,
    mac: mac ?? undefined,
    name: name ?? undefined,
    first,
    last,
    shared: shared === 1,
    asks: asks === 1,
  }
}

function handOutRecord(fields: readonly unknown[]): HandOutRecord | undefined {
  const [device, address, name, first, last, until] = fields
  if (!isDevice(device) || !isAddress(address) || !isTime(first) || !isTime(last) || !isTime(until)) return undefined
  if (!(name === null || (isText(name, 1024) && parseName(name) === name)) || first > last) return undefined
  return { device, address, name: name ?? undefined, first, last, until }
}

const KINDS: ReadonlySet<unknown> = new Set(['direct-ip', 'dns-bypass'])
const CLASSES: ReadonlySet<unknown> = new Set(['plain', 'ntp', 'stun', 'p2p', 'after-dns-bypass', 'dns', 'dot', 'doh'])

function findingOf(value: unknown): Finding | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const {
    id,
    kind,
    class: of,
    device,
    src,
    dst,
    proto,
    dport,
    day,
    first,
    last,
    count,
    score,
    rule,
    reason,
  } = value as Record<keyof Finding, unknown>
  if (!KINDS.has(kind) || !CLASSES.has(of) || !isDevice(device) || !isAddress(src) || !isAddress(dst)) return undefined
  if (!isText(id, 64) || !isText(proto, 16) || !isText(day, 10) || !isText(reason, 4096)) return undefined
  if (!isTime(first) || !isTime(last) || !isTime(count) || !isTime(score) || !(score <= 100)) return undefined
  if (!(dport === undefined || isTime(dport)) || !(rule === undefined || isText(rule, 1024))) return undefined
  return {
    id,
    kind: kind as Finding['kind'],
    class: of as Finding['class'],
    device,
    src,
    dst,
    proto,
    dport,
    day,
    first,
    last,
    count,
    score,
    rule,
    reason,
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const isTime = (value: unknown): value is EpochMs =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER

const isText = (value: unknown, max: number): value is string => typeof value === 'string' && value.length <= max

const isAddress = (value: unknown): value is Address => typeof value === 'string' && parseAddress(value) === value

const isMac = (value: unknown): value is string => typeof value === 'string' && parseMac(value) === value

const isDevice = (value: unknown): value is DeviceId =>
  typeof value === 'string' &&
  ((value.startsWith('ip:') && isAddress(value.slice(3))) || (value.startsWith('mac:') && isMac(value.slice(4))))
