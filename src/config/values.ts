// The kinds of values that stand in a configuration, from text to what is used. Knows no key and no file.
import { z } from 'zod'
import type { Address, Endpoint, Mac, Prefix } from '../base/address.ts'
import { addressBytes, parseAddress, parseEndpoint, parseMac, parsePrefix, scopeOf } from '../base/address.ts'
import type { Bound } from '../base/bounds.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/clock.ts'
import { type Name, parseName } from '../base/name.ts'
import { found, mustBe, nearest } from './words.ts'

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY }
const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

const DURATION_WORDS = 'a length of time such as 30s, 5m, 24h or 7d'
const SIZE_WORDS = 'a size such as 512KiB, 32MiB or 1GiB'
const MAC_WORDS = 'the MAC address of one device, such as aa:bb:cc:dd:ee:ff'

/** A length of time, `5s`, `24h`, `7d`; becomes seconds or milliseconds as the bound's unit says. */
export function duration(bound: Bound, describe: string) {
  const scale = bound.unit === 's' ? SECOND : 1
  const [min, max] = [durationText(bound.min * scale), durationText(bound.max * scale)]
  return z
    .string({ error: mustBe(DURATION_WORDS) })
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, { error: mustBe(DURATION_WORDS) })
    .default(durationText(bound.default * scale))
    .describe(`${describe} From ${min} to ${max}.`)
    .transform((text) => (Number.parseInt(text, 10) * (UNIT_MS[text.replace(/^\d+/, '')] as number)) / scale)
    .refine((value) => value >= bound.min && value <= bound.max, { error: `must lie between ${min} and ${max}` })
}

/** The same where it may be left out and then has no default of its own. */
export function optionalDuration(bound: Bound, describe: string) {
  const whole = duration(bound, describe)
  return z
    .string()
    .optional()
    .describe(whole.description ?? describe)
    .transform((text, context): number | undefined => {
      const parsed = text === undefined ? undefined : whole.safeParse(text)
      if (parsed === undefined || parsed.success) return parsed?.data
      context.addIssue({ code: 'custom', message: parsed.error.issues[0]?.message ?? mustBe(DURATION_WORDS)({}) })
      return z.NEVER
    })
}

/** An amount of memory, `32MiB`; becomes bytes. */
export function size(bound: Bound, describe: string) {
  const [min, max] = [sizeText(bound.min), sizeText(bound.max)]
  return z
    .string({ error: mustBe(SIZE_WORDS) })
    .regex(/^\d{1,12}(B|KiB|MiB|GiB)?$/, { error: mustBe(SIZE_WORDS) })
    .default(sizeText(bound.default))
    .describe(`${describe} From ${min} to ${max}.`)
    .transform((text) => Number.parseInt(text, 10) * (UNIT_BYTES[text.replace(/^\d+/, '')] as number))
    .refine((value) => value >= bound.min && value <= bound.max, { error: `must lie between ${min} and ${max}` })
}

/** A whole number within its bound. */
export const count = (bound: Bound, describe: string) =>
  z
    .int()
    .min(bound.min)
    .max(bound.max)
    .default(bound.default)
    .describe(`${describe} From ${bound.min} to ${bound.max}.`)

/** An address and port to listen on; without a port it is `port`. Port 0 lets the system choose. */
export const listener = (port: number) =>
  endpoint(port, `an address with or without a port, such as 192.168.1.2:${port} or [fd00::2]:${port}`, () => true)

/** An address of this machine, with a port or for every port (0). */
export const entrance = endpoint(
  0,
  'an address of this machine with or without a port, such as 192.168.20.1 or 192.168.20.1:53',
  ({ address }) => scopeOf(addressBytes(address) as Uint8Array) !== 'unspecified',
)

/** An address and port to send to; without a port it is `port`. */
export const server = (port: number) =>
  endpoint(port, `the address of a resolver, such as 9.9.9.9 or 192.168.1.1:${port}`, (found) => {
    const scope = scopeOf(addressBytes(found.address) as Uint8Array)
    return found.port > 0 && scope !== 'unspecified' && scope !== 'multicast' && scope !== 'broadcast'
  })

function endpoint(port: number, what: string, accepts: (found: Endpoint) => boolean) {
  return z.string({ error: mustBe(what) }).transform((text, context): Endpoint => {
    const found = hasZone(text) ? undefined : parseEndpoint(text, port)
    return found !== undefined && accepts(found) ? found : reject(context, what, text, addressHint(text))
  })
}

/** An address or a range of addresses. */
export const prefix = z.string({ error: mustBe('an address or a range') }).transform((text, context): Prefix => {
  const found = hasZone(text) ? undefined : parsePrefix(text)
  return found ?? reject(context, 'an address or a range, such as 192.168.0.0/16 or fd00::/8', text, addressHint(text))
})

const SUBNET_WORDS = 'strip, forward, or a range such as 203.0.113.0/24'

/** What upstreams are told of a client's address. */
export const clientSubnet = () =>
  z
    .string({ error: mustBe(SUBNET_WORDS) })
    .prefault('strip')
    .transform((text, context): 'strip' | 'forward' | Prefix => {
      if (text === 'strip' || text === 'forward') return text
      return (hasZone(text) ? undefined : parsePrefix(text)) ?? reject(context, SUBNET_WORDS, text, undefined)
    })

/** One address. */
export const address = z.string({ error: mustBe('an IP address') }).transform((text, context): Address => {
  const found = hasZone(text) ? undefined : parseAddress(text)
  return found ?? reject(context, 'an IP address, such as 192.168.1.2 or fd00::2', text, addressHint(text))
})

/** A domain name, in canonical form. */
export const domain = z.string({ error: mustBe('a domain name') }).transform((text, context): Name => {
  const name = parseName(text)
  return name !== undefined && name !== '.'
    ? name
    : reject(context, 'a domain name, such as dns.example.org', text, undefined)
})

/** The MAC of one device, in any letter case, with colons or dashes; becomes lower case with colons. */
export const mac = z
  .string({ error: mustBe(MAC_WORDS) })
  .transform((text, context): Mac => parseMac(text) ?? reject(context, MAC_WORDS, text, undefined))

/** Names of devices by MAC; the MACs become canonical, and none may stand twice. */
export const namesByMac = (most: number) =>
  z
    .record(z.string(), z.string().min(1).max(64))
    .prefault({})
    .transform((names, context): Record<Mac, string> => {
      const canonical: Record<Mac, string> = {}
      if (Object.keys(names).length > most)
        context.addIssue({ code: 'custom', message: `must have at most ${most} keys` })
      for (const [text, name] of Object.entries(names)) {
        const key = parseMac(text)
        if (key === undefined || key in canonical) {
          const message = key === undefined ? `the key must be ${MAC_WORDS}` : `${key} stands twice`
          context.addIssue({ code: 'custom', path: [text], message, params: { at: 'key' } })
        } else canonical[key] = name
      }
      return canonical
    })

/** A path of a file or folder, as written: made absolute by `resolvePaths`. */
export const path = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), { error: 'must not have a NUL character in it' })

const WEB_WORDS = 'an address on the web, such as https://lists.example.com/ads.txt'

/** A URL of http or https, without a password in it. */
export const webAddress = z
  .string({ error: mustBe(WEB_WORDS) })
  .max(2048)
  .transform((text, context): string => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const good = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
    return good ? url.href : reject(context, WEB_WORDS, text, undefined)
  })

/** One line of a list. */
export const rule = z
  .string()
  .min(1)
  .refine((text) => !/[\r\n]/.test(text), { error: 'must be one rule; give each an item of its own' })

/** A time zone of the IANA database, or `local`. */
export const timeZone = z.string().transform((zone, context): string => {
  if (zone === 'local' || isTimeZone(zone)) return zone
  return reject(context, 'a time zone such as Europe/Berlin, or "local"', zone, zoneHint(zone))
})

/** A secret that clients send in an HTTP header; its text is never repeated in a message. */
export const secret = z
  .string({ error: ({ code }) => (code === 'invalid_type' ? 'must be text: put it in quotes' : undefined) })
  .min(16)
  .max(256)
  .regex(/^[\x21-\x7e]*$/, {
    error: 'must be of ASCII letters, digits and signs, without blanks: it travels in a header',
  })

/** The shortest way to write a number of milliseconds: `5s`, `24h`. Days are written from two days on. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s'
  if (ms % DAY === 0 && ms > DAY) return `${ms / DAY}d`
  if (ms % HOUR === 0) return `${ms / HOUR}h`
  if (ms % MINUTE === 0) return `${ms / MINUTE}m`
  return ms % SECOND === 0 ? `${ms / SECOND}s` : `${ms}ms`
}

/** The shortest way to write a number of bytes: `32MiB`. */
export function sizeText(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const scale = UNIT_BYTES[unit] as number
    if (bytes !== 0 && bytes % scale === 0) return `${bytes / scale}${unit}`
  }
  return `${bytes}B`
}

function reject(context: z.core.$RefinementCtx, what: string, text: string, hint: string | undefined): never {
  context.addIssue({ code: 'custom', message: `must be ${what}, found ${found(text)}`, params: { hint } })
  return z.NEVER
}

// `parseAddress` drops a zone; here that would silently listen or ask somewhere else than it says.
const hasZone = (text: string): boolean => text.includes('%')

function addressHint(text: string): string | undefined {
  if (hasZone(text)) return 'An address with a zone (%eth0) cannot be used here; take one that is not link-local.'
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)+\.?(:\d+)?$/i.test(text) && /[a-z]/i.test(text)) {
    return 'Names cannot be looked up here: write the address.'
  }
  return undefined
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

function zoneHint(zone: string): string | undefined {
  const near = nearest(zone, ['local', 'UTC', ...Intl.supportedValuesOf('timeZone')])
  return near === undefined ? undefined : `Did you mean ${near}?`
}
