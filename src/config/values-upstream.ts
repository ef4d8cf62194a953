// The kinds of values that stand under `upstreams`, from text to what is used. Knows no key and no file.
import { z } from 'zod'
import { addressFromBytes, parsePrefix } from '../base/address.ts'
import { type Name, parseName } from '../base/name.ts'
import { parseUpstream, type UpstreamPlace } from '../base/upstream-server.ts'
import { found, mustBe } from './words.ts'

const UPSTREAM_WORDS =
  'the address or URL of a resolver, such as 9.9.9.9, tls://dns.quad9.net or https://dns.quad9.net/dns-query'
const ZONE_WORDS = 'a domain such as home.arpa, or a range such as 192.168.1.0/24 for its reverse names'
const PIN_WORDS = 'a pin: "sha256/" and the 44 characters of a SHA-256 in base64'

/** An upstream by address or URL. */
export const upstream = z.string({ error: mustBe(UPSTREAM_WORDS) }).transform((text, context): UpstreamPlace => {
  const place = parseUpstream(text)
  if (!('problem' in place)) return place
  const hint = text.includes('%')
    ? 'An address with a zone (%eth0) cannot be used here; take one that is not link-local.'
    : `It must be ${place.problem}.`
  context.addIssue({ code: 'custom', message: `must be ${UPSTREAM_WORDS}, found ${found(text)}`, params: { hint } })
  return z.NEVER
})

/** A domain, or a range of addresses for the reverse zones that make it up; becomes the names of zones. */
export const zone = z.string({ error: mustBe(ZONE_WORDS) }).transform((text, context): readonly Name[] => {
  const names = text.includes('/') ? reverseZones(text) : plainZone(text)
  if (names !== undefined) return names
  const hint = text.includes('/')
    ? 'A reverse zone has 8, 16, 24 or 32 bits of IPv4 or a multiple of 4 of IPv6: write a wider range, or several.'
    : undefined
  context.addIssue({ code: 'custom', message: `must be ${ZONE_WORDS}, found ${found(text)}`, params: { hint } })
  return z.NEVER
})

/** A pin of a public key (RFC 7858 §4.2); becomes its base64. */
export const pin = z
  .string({ error: mustBe(PIN_WORDS) })
  .regex(/^sha256\/[A-Za-z0-9+/]{43}=$/, { error: mustBe(PIN_WORDS) })
  .transform((text) => text.slice('sha256/'.length))

/** A name that a certificate has. */
export const certificateName = z.string().transform((text, context): Name => {
  const name = parseName(text)
  if (name !== undefined && name !== '.') return name
  context.addIssue({ code: 'custom', message: `must be a name such as dns.quad9.net, found ${found(text)}` })
  return z.NEVER
})

function plainZone(text: string): readonly Name[] | undefined {
  const name = parseName(text)
  return name === undefined || name === '.' ? undefined : [name]
}

/** RFC 1035 §3.5 and RFC 3596 §2.5: the reverse zone of a range that ends where a label ends. */
function reverseZones(text: string): readonly Name[] | undefined {
  const prefix = parsePrefix(text)
  if (prefix === undefined || prefix.bits === 0) return undefined
  const isIpv4 = prefix.bytes.length === 4
  const step = isIpv4 ? 8 : 4
  if (prefix.bits % step !== 0) return undefined
  const labels = isIpv4
    ? addressFromBytes(prefix.bytes).split('.')
    : [...prefix.bytes].flatMap((byte) => [(byte >> 4).toString(16), (byte & 15).toString(16)])
  const used = labels.slice(0, prefix.bits / step).reverse()
  return [`${used.join('.')}.${isIpv4 ? 'in-addr.arpa' : 'ip6.arpa'}`]
}
