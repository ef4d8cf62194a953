// Records as people write them, from text to what is used. Knows no key and no file.
import { z } from 'zod'
import { parseAddress } from '../base/address.ts'
import { type Name, parseName } from '../base/name.ts'
import type { OwnRecord } from '../base/reply.ts'
import { addressOfReverse } from '../base/reverse.ts'
import { BOUNDS, LENGTHS } from './bounds.ts'
import { optionalDuration } from './values.ts'
import { found } from './words.ts'

/** Longest text of one TXT record, all its parts together: some thirty of them still fit an answer. */
const TEXT_MAX = 1024
/** RFC 1035 §3.3: one part of a TXT record. */
const PART_MAX = 255

const u16 = z.int().min(0).max(65_535)
const ttl = optionalDuration(BOUNDS.localTtl, 'How long the record may be kept.')

const longForm = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['A', 'AAAA']), address: z.string(), ttl }),
  z.strictObject({ type: z.enum(['CNAME', 'PTR']), target: z.string(), ttl }),
  z.strictObject({ type: z.literal('TXT'), text: z.union([z.string(), z.array(z.string()).min(1).max(64)]), ttl }),
  z.strictObject({ type: z.literal('MX'), preference: u16.default(10), exchange: z.string(), ttl }),
  z.strictObject({
    type: z.literal('SRV'),
    priority: u16.default(0),
    weight: u16.default(0),
    port: u16,
    target: z.string(),
    ttl,
  }),
  z.strictObject({
    type: z.literal('CAA'),
    critical: z.boolean().default(false),
    tag: z.string().regex(/^[a-z0-9]{1,15}$/),
    value: z.string().max(PART_MAX),
    ttl,
  }),
])

const oneRecord = z.union([z.string(), longForm])

/** A record whose time to keep may be left out: it is that of all records then. */
export type HouseRecord = OwnRecord & { readonly ttlGiven: boolean }

/** `records:` — names with what stands at each. A list of 32 at most for one name. */
export const records = z
  .record(z.string(), z.union([oneRecord, z.array(oneRecord).min(1).max(LENGTHS.recordsOfOne)]))
  .prefault({})
  .transform((byName, context): readonly HouseRecord[] => {
    const entries = Object.entries(byName)
    if (entries.length > LENGTHS.names) {
      context.addIssue({ code: 'custom', message: `must have at most ${LENGTHS.names} keys` })
      return z.NEVER
    }
    const all = entries.flatMap(([text, value]) => {
      const name = ownerOf(text)
      if (name === undefined) {
        const message = `the key must be a name such as nas.lan or *.apps.lan, found ${found(text)}`
        context.addIssue({ code: 'custom', path: [text], message, params: { at: 'key' } })
        return []
      }
      const list = Array.isArray(value) ? value : [value]
      const made = list.flatMap((one, i): HouseRecord[] => {
        const record = typeof one === 'string' ? shortRecord(name, one) : longRecord(name, one)
        if (typeof record !== 'string') return [record]
        context.addIssue({ code: 'custom', path: Array.isArray(value) ? [text, i] : [text], message: record })
        return []
      })
      const alias = made.some(({ kind }) => kind === 'CNAME') && made.length > 1
      // RFC 1034 §3.6.2: an alias has no other data.
      if (alias) context.addIssue({ code: 'custom', path: [text], message: 'an alias (CNAME) must be the only record' })
      return made
    })
    return Object.freeze(all)
  })

/** A name as the owner of something, or `*.` before one for all names under it. */
export function ownerOf(text: string): Name | undefined {
  const reverse = parseAddress(text) === undefined
  const name = reverse ? parseName(text) : undefined
  if (name === undefined || name === '.' || name === '*') return undefined
  return name.lastIndexOf('*') > 0 || (name.startsWith('*') && !name.startsWith('*.')) ? undefined : name
}

type Long = z.output<typeof longForm>

/** A record from its long form, or what is wrong with it. */
function longRecord(name: Name, long: Long): HouseRecord | string {
  const common = { name, ttl: long.ttl ?? 0, ttlGiven: long.ttl !== undefined }
  switch (long.type) {
    case 'A':
    case 'AAAA':
      return addressRecord(common, long.type, long.address)
    case 'CNAME':
    case 'PTR': {
      const target = parseName(long.target)
      if (target === undefined) return `target must be a name, found ${found(long.target)}`
      if (long.type === 'PTR' && addressOfReverse(name) === undefined) {
        return 'PTR records stand at reverse names, such as 10.1.168.192.in-addr.arpa'
      }
      return { ...common, kind: long.type, target }
    }
    case 'TXT': {
      const texts = (Array.isArray(long.text) ? long.text : [long.text]).flatMap(textParts)
      const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
      return size > TEXT_MAX ? `must have at most ${TEXT_MAX} bytes of text` : { ...common, kind: 'TXT', texts }
    }
    case 'MX': {
      const exchange = parseName(long.exchange)
      if (exchange === undefined) return `exchange must be a name, found ${found(long.exchange)}`
      return { ...common, kind: 'MX', preference: long.preference, exchange }
    }
    case 'SRV': {
      const target = parseName(long.target)
      if (target === undefined) return `target must be a name, found ${found(long.target)}`
      return { ...common, kind: 'SRV', priority: long.priority, weight: long.weight, port: long.port, target }
    }
    case 'CAA':
      return { ...common, kind: 'CAA', flags: long.critical ? 128 : 0, tag: long.tag, value: long.value }
  }
}

const SHORT =
  'must be an address, a name, or a type with its data such as "MX 10 mail.lan", "TXT hello" or "SRV 0 0 631 printer.lan"'

/** A record from its short form: an address, a name (an alias), or a type and its data as zone files write it. */
function shortRecord(name: Name, text: string): HouseRecord | string {
  const bare = { name, ttl: 0, ttlGiven: false }
  const address = parseAddress(text)
  if (address !== undefined) return { ...bare, kind: address.includes(':') ? 'AAAA' : 'A', address }
  const [, type = '', rest = ''] = /^([A-Za-z]+)\s+(\S.*)$/.exec(text.trim()) ?? []
  const words = rest.split(/\s+/)
  const long = shortToLong(type.toUpperCase(), rest, words)
  if (long !== undefined) {
    const parsed = longForm.safeParse(long)
    return parsed.success ? longRecord(name, parsed.data) : `${SHORT}, found ${found(text)}`
  }
  const target = /\s/.test(text) ? undefined : parseName(text)
  if (target === undefined || target === '.' || /^[\d.]+$/.test(target)) return `${SHORT}, found ${found(text)}`
  return { ...bare, kind: 'CNAME', target }
}

function shortToLong(type: string, rest: string, words: readonly string[]): object | undefined {
  const [a, b, c, d] = words
  switch (type) {
    case 'A':
    case 'AAAA':
      return { type, address: rest }
    case 'CNAME':
    case 'PTR':
      return { type, target: rest }
    case 'TXT':
      return { type, text: rest.replace(/^"(.*)"$/, '$1') }
    case 'MX':
      return words.length === 2 ? { type, preference: Number(a), exchange: b } : { type }
    case 'SRV':
      return words.length === 4
        ? { type, priority: Number(a), weight: Number(b), port: Number(c), target: d }
        : { type }
    case 'CAA': {
      const [, flags = '', tag, value = ''] = /^(\d+)\s+(\S+)\s+(.*)$/.exec(rest) ?? []
      return { type, critical: Number(flags) >= 128, tag, value: value.replace(/^"(.*)"$/, '$1') }
    }
    default:
      return undefined
  }
}

function addressRecord(
  common: { name: Name; ttl: number; ttlGiven: boolean },
  kind: 'A' | 'AAAA',
  text: string,
): HouseRecord | string {
  const address = parseAddress(text)
  if (address === undefined || address.includes(':') !== (kind === 'AAAA')) {
    return `address must be an ${kind === 'A' ? 'IPv4' : 'IPv6'} address, found ${found(text)}`
  }
  return { ...common, kind, address }
}

/** Text in parts of at most 255 bytes, none of them cut inside a letter. */
function textParts(text: string): string[] {
  const parts: string[] = []
  let part = ''
  for (const letter of text) {
    if (Buffer.byteLength(part) + Buffer.byteLength(letter) > PART_MAX) {
      parts.push(part)
      part = ''
    }
    part += letter
  }
  return [...parts, part]
}
