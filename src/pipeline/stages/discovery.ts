// Tells devices that ask in plain how they may ask encrypted (DDR, RFC 9462): exactly what is served. Knows what is
// announced, not how it is served.
import { type Address, addressBytes } from '../../base/address.ts'
import { type Name, wireFromName } from '../../base/name.ts'
import { RCODE, TYPE } from '../../base/question.ts'
import type { OwnRecord, Reply } from '../../base/reply.ts'
import type { Stage } from '../stage.ts'

/** What there is to announce. */
export interface Designated {
  /** The name that the certificate is for. */
  readonly name: Name
  /** Ports of DNS over TLS and over HTTPS. */
  readonly tls: readonly number[]
  readonly https: readonly number[]
  /** Where the name can be reached, so that nobody has to look it up first. */
  readonly addresses: readonly Address[]
}

/** Where devices ask without knowing a name (RFC 9462 §4). */
const UNNAMED = '_dns.resolver.arpa'
/** Seconds: soon enough for a port that was changed. */
const TTL = 300

/** Keys of SVCB parameters (RFC 9460 §14.3.2, RFC 9461 §5). */
const KEY = { alpn: 1, port: 3, ipv4hint: 4, ipv6hint: 6, dohpath: 7 } as const
/** RFC 9461 §4.1: a port that is usual for its protocol is not written. */
const USUAL = { tls: 853, https: 443 } as const

/** Answers the two names of discovery: without a name, and by our own (RFC 9462 §4, §5). */
export function discovery(designated: Designated): Stage {
  const zones = new Set<Name>([UNNAMED, `_dns.${designated.name}`])
  const data = announcements(designated)
  return function discovery(query, next) {
    if (!zones.has(query.name)) return next(query)
    const { name } = query
    const answers = query.type === TYPE.SVCB ? data.map((one): OwnRecord => svcb(name, one)) : []
    return reply(answers, { kind: 'SOA', name, ttl: TTL, minimum: TTL })
  }
}

const svcb = (name: Name, data: Uint8Array): OwnRecord => ({ kind: 'RAW', name, ttl: TTL, type: TYPE.SVCB, data })

const reply = (answers: readonly OwnRecord[], soa: OwnRecord): Reply => ({
  rcode: RCODE.NOERROR,
  body: { kind: 'own', answers, authority: answers.length > 0 ? [] : [soa], authoritative: true },
  outcome: { kind: 'special' },
  reusable: TTL,
})

/** The data of each record, the preferred one first: TLS costs less than HTTPS. */
function announcements({ name, tls, https, addresses }: Designated): readonly Uint8Array[] {
  const target = wireFromName(name) as Uint8Array
  const hints = (key: number, size: number): readonly Parameter[] => {
    const own = addresses.map((address) => addressBytes(address) as Uint8Array).filter(({ length }) => length === size)
    return own.length === 0 ? [] : [[key, Buffer.concat(own)]]
  }
  const both = [...hints(KEY.ipv4hint, 4), ...hints(KEY.ipv6hint, 16)]
  const port = (port: number, usual: number): readonly Parameter[] =>
    port === usual ? [] : [[KEY.port, Uint8Array.of(port >> 8, port)]]
  // RFC 9460 §2.2: parameters stand in the order of their keys.
  const all: Parameter[][] = [
    ...tls.map((at) => [[KEY.alpn, strings('dot')] as const, ...port(at, USUAL.tls), ...both]),
    ...https.map((at) => [
      [KEY.alpn, strings('h2', 'http/1.1')] as const,
      ...port(at, USUAL.https),
      ...both,
      [KEY.dohpath, Buffer.from('/dns-query{?dns}')] as const,
    ]),
  ]
  return all.map((parameters, i) => Buffer.concat([pair(i + 1), target, ...parameters.map(parameter)]))
}

type Parameter = readonly [key: number, value: Uint8Array]

const pair = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)

const parameter = ([key, value]: Parameter): Uint8Array => Buffer.concat([pair(key), pair(value.length), value])

const strings = (...texts: readonly string[]): Uint8Array =>
  Buffer.concat(texts.map((text) => Buffer.concat([Uint8Array.of(text.length), Buffer.from(text)])))
