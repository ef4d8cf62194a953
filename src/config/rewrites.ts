// Names and rewrites as people write them, from text to what is used. Knows no key and no file.
import { z } from 'zod'
import { type Address, type Prefix, parseAddress, parsePrefix, prefixText } from '../base/address.ts'
import { type Name, parseName } from '../base/name.ts'
import { NAT64_LENGTHS, WELL_KNOWN_NAT64 } from '../names/nat64.ts'
import type { Rewrite } from '../names/snapshot.ts'
import { LENGTHS } from './bounds.ts'
import { ownerOf } from './records.ts'
import { found } from './words.ts'

const REWRITE = 'must be an address, a list of addresses, a name, or nxdomain'

/** `rewrites:` — names, or all under one, with what they get instead. */
export const rewrites = z
  .record(z.string(), z.union([z.string(), z.array(z.string()).min(1).max(LENGTHS.addresses)]))
  .prefault({})
  .transform((byName, context): ReadonlyMap<Name, Rewrite> => {
    const all = new Map<Name, Rewrite>()
    const entries = Object.entries(byName)
    if (entries.length > LENGTHS.names) {
      context.addIssue({ code: 'custom', message: `must have at most ${LENGTHS.names} keys` })
    }
    for (const [text, value] of entries) {
      const name = ownerOf(text)
      if (name === undefined || all.has(name)) {
        const message =
          name === undefined ? `the key must be a name or *.name, found ${found(text)}` : `${name} stands twice`
        context.addIssue({ code: 'custom', path: [text], message, params: { at: 'key' } })
        continue
      }
      const rewrite = rewriteOf(value)
      if (rewrite === undefined) {
        context.addIssue({ code: 'custom', path: [text], message: `${REWRITE}, found ${found(value)}` })
      } else all.set(name, rewrite)
    }
    return all
  })

function rewriteOf(value: string | readonly string[]): Rewrite | undefined {
  const texts = typeof value === 'string' ? [value] : value
  const addresses = texts.map((text) => parseAddress(text)).filter((one): one is Address => one !== undefined)
  if (addresses.length === texts.length) return { kind: 'addresses', addresses }
  if (addresses.length > 0 || texts.length !== 1) return undefined
  const [text = ''] = texts
  if (text.toLowerCase() === 'nxdomain') return { kind: 'nxdomain' }
  const target = parseName(text)
  return target === undefined || target === '.' || /^[\d.]+$/.test(target) ? undefined : { kind: 'name', target }
}

/** The prefix that a NAT64 router translates (RFC 6052 §2.2). */
export const nat64Prefix = z
  .string()
  .prefault(prefixText(WELL_KNOWN_NAT64))
  .describe(
    'The prefix of the NAT64 router, of length 32, 40, 48, 56, 64 or 96. The well-known one leads to global addresses only.',
  )
  .transform((text, context): Prefix => {
    const prefix = parsePrefix(text)
    // RFC 6052 §2.2: bits 64 to 71 are zero in every such address.
    const fits = prefix?.bytes.length === 16 && NAT64_LENGTHS.includes(prefix.bits) && prefix.bytes[8] === 0
    if (prefix !== undefined && fits) return prefix
    const message = `must be an IPv6 prefix of length 32, 40, 48, 56, 64 or 96, such as 64:ff9b::/96, found ${found(text)}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })

/** One name. */
export const name = z.string().transform((text, context): Name => {
  const parsed = parseAddress(text) === undefined ? parseName(text) : undefined
  if (parsed !== undefined && parsed !== '.') return parsed
  context.addIssue({ code: 'custom', message: `must be a name such as example.com, found ${found(text)}` })
  return z.NEVER
})
